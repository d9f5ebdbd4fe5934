"""Rules over templates as they are written: they parse, name what exists, and leave no word untranslatable."""

import re
from collections.abc import Iterator

from jinja2 import Environment, TemplateSyntaxError, nodes

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.catalogue import JINJA_SUFFIXES
from tmpa.kits.findings import Finding, error
from tmpa.kits.parsing import parse_template
from tmpa.kits.source import KitSource

_HIDDEN_PARTS = re.compile(
    r"<!--.*?-->|<(style|mj-style|script)\b.*?</\1>|&[#a-zA-Z0-9]+;|<!doctype[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
_SPOKEN = re.compile(r"\b(alt|title|aria-label|placeholder)=\"([^\"]*)\"", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]*>", re.DOTALL)
_LETTERS = re.compile(r"[^\W\d_]")


def check_names(source: KitSource) -> Iterator[Finding]:
    """Templates parse, and name only slots that exist, also in branches that no sample takes."""
    known = {slot.name for slot in source.manifest.slots}
    for path in sorted(source.files):
        if not path.endswith(JINJA_SUFFIXES):
            continue
        try:
            tree = parse_template(source.text(path))
        except TemplateSyntaxError as problem:
            message = _("The template has a mistake: %(problem)s", problem=str(problem.message))
            yield error("template", path, problem.lineno, message, _("Correct the line."))
            continue
        for node in tree.find_all(nodes.Getattr):
            if isinstance(node.node, nodes.Name) and node.node.name == "slot" and node.attr not in known:
                message = _("There is no %(name)s.", name=f"slot.{node.attr}")
                yield error("unknown-name", path, node.lineno, message, _("Declare the slot in kit.toml."))
        for call in tree.find_all(nodes.Call):
            if (
                isinstance(call.node, nodes.Name)
                and call.node.name in {"_", "ngettext"}
                and not (
                    call.args
                    and isinstance(call.args[0], nodes.Const)
                    and isinstance(call.args[0].value, str)
                )
            ):
                message = _(
                    "%(name)s() is called without a text in quotes, so the text can't be translated.",
                    name=call.node.name,
                )
                yield error("untranslatable", path, call.lineno, message, _("Write the text itself."))


def check_words(source: KitSource) -> Iterator[Finding]:
    """Words that stand in a template outside `_()` would reach people untranslated."""
    lexer = Environment()  # noqa: S701 - splits only, nothing is rendered
    for path in sorted(source.files):
        if not path.endswith(JINJA_SUFFIXES):
            continue
        try:
            tokens = list(lexer.lex(source.text(path)))
        except TemplateSyntaxError:
            continue  # the rule "template" names it with its line
        text = "".join(
            value if kind == "data" else re.sub(r"[^\n]", "", value) for _line, kind, value in tokens
        )

        def blank(match: "re.Match[str]") -> str:
            return re.sub(r"[^\n]", " ", match[0])

        def spoken(match: "re.Match[str]") -> str:
            kept = " ".join(value for _key, value in _SPOKEN.findall(match[0]))
            return kept + "\n" * (match[0].count("\n") - kept.count("\n"))

        bare = _TAGS.sub(spoken, _HIDDEN_PARTS.sub(blank, text))
        for number, line in enumerate(bare.split("\n"), 1):
            if _LETTERS.search(line):
                message = _("“%(words)s” stands outside _().", words=line.strip()[:60])
                yield error("untranslatable", path, number, message, _('Write {{ _("…") }}.'))
                break
