"""MJML to HTML without the traps of the compiler: its panics, its crashes on deep nesting, its silence.

mrml panics on a multi-byte character two bytes before a stray `>` and dies by SIGSEGV on deep nesting; unknown
elements pass silently. So: stray angle brackets are escaped, nesting is capped and balanced, elements are checked.
"""

import re
from dataclasses import dataclass

from mjml import mjml2html

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.mjml_tables import PARENTS, UNSUPPORTED_ELEMENTS

MAX_CHARACTERS = 300_000
MAX_DEPTH = 80  # mrml survives about 300; real mails stay under 30
TOKEN = re.compile(
    r"<!--(?P<comment>.*?)-->|<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9:-]*)"
    r"(?P<attributes>(?:[^\"'<>]|\"[^\"<]*\"|'[^'<]*')*?)(?P<void>/?)>",
    re.DOTALL,
)
STYLE = re.compile(r"(<mj-style\b[^>]*>)(.*?)(</mj-style>)", re.DOTALL)
VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905 - easier to read
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FOREIGN = re.compile(r"<!\[CDATA\[|<\?[A-Za-z]|<!DOCTYPE", re.IGNORECASE)


@dataclass(eq=False)  # not frozen: whoever re-raises it sets its traceback
class MjmlMistake(Exception):
    """What is wrong with an MJML text. `offset` counts characters, `rule` is the name of its rule."""

    message: str
    mend: str
    offset: int
    rule: str = "mjml"


def _escape_stray(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


def guard(text: str) -> str:
    """The text with stray angle brackets escaped and plain comments removed. Raises MjmlMistake."""
    if len(text) > MAX_CHARACTERS:
        raise MjmlMistake(_("The mail is far too long."), _("Shorten it."), 0)
    if foreign := _FOREIGN.search(_COMMENT.sub(lambda match: " " * len(match[0]), text)):
        message = _("“%(what)s” is not supported in MJML.", what=foreign[0])
        raise MjmlMistake(message, _("Remove it."), foreign.start(), "mjml-unsupported")
    styles = [(match.start(2), match.end(2)) for match in STYLE.finditer(text)]
    out: list[str] = []
    stack: list[tuple[str, int]] = []
    end = style = 0
    while True:
        token = TOKEN.search(text, end)
        while style < len(styles) and styles[style][1] <= end:
            style += 1
        if token and style < len(styles) and styles[style][0] <= token.start() < styles[style][1]:
            token = TOKEN.search(text, styles[style][1])
        stop = token.start() if token else len(text)
        out.append(_between(text, end, stop, styles[style] if style < len(styles) else None))
        if token is None:
            break
        end = token.end()
        if token["name"] is None:
            comment = token["comment"]
            if comment.lstrip().startswith(("[if", "<![")) or comment.rstrip().endswith("<![endif]"):
                out.append(token[0])
            continue
        _track(token, stack)
        attributes = token["attributes"].replace(">", "&gt;")
        out.append(f"<{token['close']}{token['name']}{attributes}{token['void']}>")
    if stack:
        name, at = stack[-1]
        raise MjmlMistake(_("<%(name)s> is never closed.", name=name), _("Close it."), at)
    return "".join(out)


def _between(text: str, start: int, stop: int, style: tuple[int, int] | None) -> str:
    """Text between two tags; CSS keeps its `>`, with two spaces before so that no multi-byte character is near."""
    if style and style[0] >= start and style[1] <= stop:
        css = text[style[0] : style[1]].replace("<", "").replace(">", "  > ")
        return _escape_stray(text[start : style[0]]) + css + _escape_stray(text[style[1] : stop])
    return _escape_stray(text[start:stop])


def _track(token: "re.Match[str]", stack: list[tuple[str, int]]) -> None:
    name = token["name"]
    if name.startswith("mj") and name not in PARENTS:
        if name in UNSUPPORTED_ELEMENTS:
            message = _("<%(name)s> is not supported.", name=name)
            raise MjmlMistake(message, _("Remove it."), token.start(), "mjml-unsupported")
        message = _("MJML has no element <%(name)s>.", name=name)
        raise MjmlMistake(message, _("Correct the name."), token.start())
    if name == "mj-style" and re.search(r"\binline\s*=", token["attributes"]):
        message = _("mj-style with inline is not supported.")
        raise MjmlMistake(
            message, _("Use attributes or a plain mj-style."), token.start(), "mjml-unsupported"
        )
    inside_attributes = bool(stack) and stack[-1][0] == "mj-attributes"
    if token["close"]:
        if not stack or stack[-1][0] != name:
            message = _("</%(name)s> closes nothing.", name=name)
            if stack:
                message = _("</%(name)s> comes before </%(open)s>.", name=name, open=stack[-1][0])
            raise MjmlMistake(message, _("Close the elements in order."), token.start())
        stack.pop()
    elif not token["void"] and name.lower() not in VOID and not (inside_attributes and token["void"]):
        stack.append((name, token.start()))
        if len(stack) > MAX_DEPTH:
            message = _("The elements are nested more than %(limit)s deep.", limit=MAX_DEPTH)
            raise MjmlMistake(message, _("Flatten the layout."), token.start())


def compile_mjml(text: str) -> str:
    """The HTML of an MJML text. Raises MjmlMistake for everything that the compiler can't take."""
    guarded = guard(text)
    if not guarded.lstrip().startswith("<mjml"):
        raise MjmlMistake(_("The mail doesn't begin with <mjml>."), _("Wrap it in <mjml>."), 0)
    try:
        html: str = mjml2html(guarded, disable_comments=False, fonts={})
    except BaseException as problem:
        if isinstance(problem, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        # a Rust panic derives from BaseException; whatever it is, it is about this text
        at = re.search(r"position (\d+)", str(problem))
        message = _("The MJML compiler refuses the mail: %(problem)s.", problem=str(problem)[:200])
        raise MjmlMistake(message, _("Correct the MJML near there."), int(at[1]) if at else 0) from None
    return html
