"""The checks at publishing: a list of named rules over a kit. `run` does them here, `check*` in a child process."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError, nodes

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.banner import banner_findings
from tmpa.kits.brand import Brand
from tmpa.kits.catalogue import JINJA_SUFFIXES
from tmpa.kits.checks_html import Finished, check_finished
from tmpa.kits.compile import compile_piece, shape_of
from tmpa.kits.document import render_document
from tmpa.kits.findings import Finding, KitRefused, error, warning
from tmpa.kits.glyphs import glyph_findings
from tmpa.kits.localisation.checks import check_catalogues
from tmpa.kits.localisation.glossary import check_terms
from tmpa.kits.locked import verify_locked
from tmpa.kits.manifest import FILE, BannerPiece, MailPiece, PagePiece, Piece, SnippetPiece, SocialPiece
from tmpa.kits.render import recipient_values, render_mail, render_page, render_post, render_snippet
from tmpa.kits.samples import CHECK_BRANDS, PAGE_URL, sample_values
from tmpa.kits.slots import SlotValues, validate_slots
from tmpa.kits.source import KitSource
from tmpa.kits.toml_lines import key_lines, line_of
from tmpa.kits.values import count_characters

_REPLY = re.compile(r"^\s*(re|fw|fwd|aw|wg|tr|rif|rv|回复|转发|رد)\s*(\[\d+\])?\s*[::]", re.IGNORECASE)
_HIDDEN_PARTS = re.compile(
    r"<!--.*?-->|<(style|mj-style|script)\b.*?</\1>|&[#a-zA-Z0-9]+;|<!doctype[^>]*>",
    re.DOTALL | re.IGNORECASE,
)
_SPOKEN = re.compile(r"\b(alt|title|aria-label|placeholder)=\"([^\"]*)\"", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]*>", re.DOTALL)
_LETTERS = re.compile(r"[^\W\d_]")
MAX_IMAGE_BYTES = 1_000_000
WARN_IMAGE_BYTES = 300_000
MAX_SUBJECT = 90

Rule = Callable[[KitSource], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class _Variant:
    """One brand with values, as the checks render every piece."""

    brand: Brand
    slots: SlotValues


def _variants(source: KitSource, locale: str) -> list[_Variant]:
    """Three brands, everything filled and nothing optional filled, and each choice once."""
    full = sample_values(source, locale)
    bare = sample_values(source, locale, full=False)
    long_brand, rtl_brand, bare_brand = CHECK_BRANDS
    found = [
        _Variant(long_brand, validate_slots(source, full, locale)),
        _Variant(rtl_brand, validate_slots(source, full, locale)),
        _Variant(bare_brand, validate_slots(source, bare, locale)),
    ]
    for slot in source.manifest.slots:
        for choice in slot.choices:
            if choice.value != (slot.default or slot.choices[0].value):
                values = validate_slots(source, {**full, slot.name: choice.value}, locale)
                found.append(_Variant(rtl_brand, values))
    return found


def check_slots(source: KitSource) -> Iterator[Finding]:
    """Defaults fit their own limits, in every locale; every declared slot is used."""
    lines = key_lines(source.text(FILE))
    for locale in source.manifest.locales:
        errors = validate_slots(source, sample_values(source, locale), locale, partial=True).errors
        for name, sentence in errors.items():
            place = ("slots", [slot.name for slot in source.manifest.slots].index(name))
            message = _("%(name)s in %(locale)s: %(problem)s", name=name, locale=locale, problem=sentence)
            mend = _("Change the default or the limit.")
            yield error("slot-default", FILE, line_of(lines, (*place, "default")), message, mend)
    everything = "\n".join(
        source.text(path) for path in source.files if path.endswith((*JINJA_SUFFIXES, ".typ", ".toml"))
    )
    for number, slot in enumerate(source.manifest.slots):
        if not re.search(rf"\bslot\.{slot.name}\b|\bslot\[\"{slot.name}\"\]", everything):
            message = _("No piece uses the slot “%(name)s”.", name=slot.name)
            mend = _("Use it or remove it: people would fill it for nothing.")
            yield warning("slot-unused", FILE, line_of(lines, ("slots", number, "name")), message, mend)


def check_names(source: KitSource) -> Iterator[Finding]:
    """Templates parse, and name only slots that exist, also in branches that no sample takes."""
    known = {slot.name for slot in source.manifest.slots}
    parser = Environment()  # noqa: S701 - parses only, nothing is rendered
    for path in sorted(source.files):
        if not path.endswith(JINJA_SUFFIXES):
            continue
        try:
            tree = parser.parse(source.text(path))
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
                and call.node.name == "_"
                and not (
                    call.args
                    and isinstance(call.args[0], nodes.Const)
                    and isinstance(call.args[0].value, str)
                )
            ):
                message = _("_() is called without a text in quotes, so the text can't be translated.")
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


def check_images(source: KitSource) -> Iterator[Finding]:
    """Weight of pictures; pictures that nothing uses."""
    everything = "\n".join(
        source.text(path) for path in source.files if path.endswith((*JINJA_SUFFIXES, ".typ"))
    )
    for path, data in sorted(source.files.items()):
        if not path.startswith("images/"):
            continue
        message = _("The picture has %(size)s kB.", size=len(data) // 1000)
        if len(data) > MAX_IMAGE_BYTES:
            yield error("image-weight", path, 0, message, _("Make it smaller than %(n)s kB.", n=1000))
        elif len(data) > WARN_IMAGE_BYTES:
            yield warning("image-weight", path, 0, message, _("Make it smaller than %(n)s kB.", n=300))
        if path.rsplit("/", 1)[-1] not in everything:
            yield warning("image-unused", path, 0, _("No piece uses this picture."), _("Remove it."))


def check_pieces(source: KitSource) -> Iterator[Finding]:
    """Every piece × locale × sample brand compiles, keeps its locked regions and passes the rules of its kind."""
    for piece in source.manifest.pieces:
        for locale in source.manifest.locales:
            found: list[Finding] = []
            try:
                for variant in _variants(source, locale):
                    found += _check_variant(source, piece, locale, variant)
            except KitRefused as refusal:
                found += refusal.findings
            except Refused as refusal:
                message = f"{piece.name}, {locale}: {refusal}"
                found.append(error("piece", piece.template, 0, message, _("Shorten the kit's own text.")))
            yield from found
            if any(
                finding.rule in {"template", "mjml", "hole", "unknown-name", "typst"} for finding in found
            ):
                break  # the other locales would say the same again


def _check_variant(source: KitSource, piece: Piece, locale: str, variant: _Variant) -> Iterator[Finding]:
    brand, slots, name = variant.brand, variant.slots, piece.name
    if isinstance(piece, MailPiece):
        compiled = compile_piece(source, name, locale, shape_of(brand, slots))
        yield from _check_mail_holes(piece, {hole.key for hole in compiled.texts["html"].holes})
        mail = render_mail(
            source, name, locale, brand, slots, page_url=PAGE_URL, asset_url=lambda path: f"kit:{path}"
        )
        recipient = recipient_values(locale, "Alexandra", "Example")
        html = mail.preview(recipient)
        yield from check_finished(Finished("mail", piece.template, locale, html))
        yield from _check_locked(piece, verify_locked(html, compiled))
        yield from _check_subject(piece, mail.subject.fill(recipient))
    elif isinstance(piece, PagePiece):
        compiled = compile_piece(source, name, locale, shape_of(brand, slots))
        page = render_page(
            source, name, locale, brand, slots, page_url=PAGE_URL, form_action=PAGE_URL, form_token="token",  # noqa: S106 - no secret
            asset_url=lambda path: f"kit:{path}",
        )  # fmt: skip
        yield from check_finished(Finished("page", piece.template, locale, page.html))
        yield from _check_locked(piece, verify_locked(page.html, compiled))
        yield from _check_form(piece, [hole.key for hole in compiled.texts["html"].holes])
    elif isinstance(piece, SocialPiece):
        render_post(source, name, locale, brand, slots, page_url=PAGE_URL)
    elif isinstance(piece, SnippetPiece):
        compiled = compile_piece(source, name, locale, shape_of(brand, slots))
        snippet = render_snippet(
            source, name, locale, brand, slots, page_url=PAGE_URL, asset_url=lambda path: f"kit:{path}"
        )
        yield from check_finished(Finished("snippet", piece.template, locale, snippet.html))
        yield from _check_locked(piece, verify_locked(snippet.html, compiled))
    elif isinstance(piece, BannerPiece):
        yield from banner_findings(source, name, locale, brand, slots, page_url=PAGE_URL)
    else:
        made = render_document(source, name, locale, brand, slots, page_url=PAGE_URL)
        yield from glyph_findings(made.pdf, name, piece.template, locale)
        if made.pages != 1:
            message = _("The document has %(pages)s pages in %(locale)s.", pages=made.pages, locale=locale)
            yield warning("document-pages", piece.template, 0, message, _("Fit it on one page."))


def _check_locked(piece: Piece, holds: bool) -> Iterator[Finding]:
    if not holds:
        message = _("A locked region changes with a brand's values.")
        yield error(
            "locked", piece.template, 0, message, _("Please report this: it is a fault of the compiler.")
        )


def _check_mail_holes(piece: MailPiece, keys: set[str]) -> Iterator[Finding]:
    for key, written in (
        ("unsubscribe", "{{ link.unsubscribe }}"),
        ("privacy", "{{ link.privacy }}"),
        ("brand.legal_name", "{{ brand.legal_name }}"),
        ("brand.address", "{{ brand.address }}"),
    ):
        if key not in keys:
            message = _("The mail doesn't show %(what)s, which the law wants in every mail.", what=written)
            yield error("mail-footer", piece.template, 0, message, _("Print it in the footer."))


def _check_subject(piece: MailPiece, subject: str) -> Iterator[Finding]:
    if _REPLY.search(subject):
        message = _("The subject “%(subject)s” pretends to be a reply.", subject=subject[:60])
        yield error("subject", FILE, 0, message, _("Remove the prefix."))
    if count_characters(subject) > MAX_SUBJECT + 60:
        message = _("The subject of %(piece)s is longer than mail programs show.", piece=piece.name)
        yield warning("subject", FILE, 0, message, _("Shorten it to about %(n)s characters.", n=MAX_SUBJECT))


def _check_form(piece: PagePiece, keys: list[str]) -> Iterator[Finding]:
    if keys.count("form.action") != 1 or not piece.fields:
        message = _("The page must show its form once.")
        yield error(
            "page-form", piece.template, 0, message, _("Write {{ form }} once and give the piece fields.")
        )
    if "beacon" not in keys:
        message = _("The page has no </body>.")
        yield error("page-form", piece.template, 0, message, _("Write a whole HTML document."))
    if not any(field.kind == "consent" for field in piece.fields):
        message = _("The form asks for no consent.")
        yield warning("page-consent", FILE, 0, message, _("Add a field of the kind consent."))


RULES: tuple[Rule, ...] = (
    check_names,
    check_words,
    check_catalogues,
    check_terms,
    check_slots,
    check_images,
    check_pieces,
)


def run(source: KitSource) -> list[Finding]:
    """Every finding of every rule, each once, errors first. Runs in this process: for kits that are trusted to end."""
    found: dict[Finding, None] = {}
    for rule in RULES:
        try:
            found.update(dict.fromkeys(rule(source)))
        except KitRefused as refusal:
            found.update(dict.fromkeys(refusal.findings))
    return sorted(
        found, key=lambda finding: (finding.severity != "error", finding.file, finding.line, finding.rule)
    )
