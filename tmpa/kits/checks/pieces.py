"""Every piece in every locale with the sample brands: it compiles and passes the rules of its kind."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import direction
from tmpa.kernel.i18n import gettext as _
from tmpa.kits import sandbox
from tmpa.kits.banner import banner_findings
from tmpa.kits.brand import Brand
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.checks.clients import check_clients
from tmpa.kits.checks.colours import check_looks
from tmpa.kits.checks.finished import Finished
from tmpa.kits.checks.images import check_weight
from tmpa.kits.checks.links import check_links
from tmpa.kits.checks.mails import check_footer, check_plain_text, check_size, check_spam, check_subject
from tmpa.kits.checks.mirroring import check_mirrored
from tmpa.kits.checks.structure import check_structure
from tmpa.kits.compile import CompiledPiece, compile_piece, shape_of
from tmpa.kits.context import template_context
from tmpa.kits.document import render_document
from tmpa.kits.findings import Finding, KitRefused, error, warning
from tmpa.kits.glyphs import glyph_findings
from tmpa.kits.locked import verify_locked
from tmpa.kits.manifest import (
    FILE,
    BannerPiece,
    DocumentPiece,
    MailPiece,
    PagePiece,
    Piece,
    SnippetPiece,
    SocialPiece,
)
from tmpa.kits.mjml_rules import mistakes
from tmpa.kits.render import (
    RenderedMail,
    recipient_values,
    render_mail,
    render_page,
    render_post,
    render_snippet,
)
from tmpa.kits.samples import CHECK_BRANDS, PAGE_URL, sample_values
from tmpa.kits.slots import SlotValues, validate_slots
from tmpa.kits.source import KitSource
from tmpa.kits.toml_lines import key_lines, line_of
from tmpa.partners.colours import luminance

_BROKEN = {"template", "mjml", "mjml-unsupported", "hole", "unknown-name", "typst"}
_NONCE = "0" * 12
_BRANDS = 3
_MIRRORED = 1  # the variant whose renderings are laid beside each other, left to right and right to left
UNSUBSCRIBE_URL = "https://mail.example/unsubscribe"


@dataclass(frozen=True, slots=True)
class Variant:
    """One brand with values, as the checks render every piece."""

    brand: Brand
    slots: SlotValues


@dataclass(slots=True)
class _Run:
    """One check of one kit: the variants of each locale, and what was found finished so far."""

    source: KitSource
    kept: dict[str, list[Variant]]
    finished: dict[str, Finished] = field(default_factory=dict)

    def variants(self, locale: str) -> list[Variant]:
        """The variants of one locale, made once for all pieces. Raises SlotsRefused."""
        if locale not in self.kept:
            self.kept[locale] = variants_of(self.source, locale)
        return self.kept[locale]

    @property
    def home(self) -> str:
        """The source locale."""
        return self.source.manifest.source_locale


def _brands(source: KitSource) -> tuple[Brand, Brand, Brand]:
    """The sample brands; where a kit allows a few colours only, in the lightest, the darkest and one between."""
    long_brand, rtl_brand, bare_brand = CHECK_BRANDS
    allowed = sorted(source.manifest.brand.colours, key=luminance, reverse=True)
    if not allowed:
        return long_brand, rtl_brand, bare_brand
    return (
        replace(long_brand, primary=allowed[0]),
        replace(rtl_brand, primary=allowed[-1]),
        replace(bare_brand, primary=allowed[len(allowed) // 2]),
    )


def variants_of(source: KitSource, locale: str) -> list[Variant]:
    """Three brands, everything filled and nothing optional filled, and each choice once."""
    full = sample_values(source, locale)
    bare = sample_values(source, locale, full=False)
    long_brand, rtl_brand, bare_brand = _brands(source)
    filled = validate_slots(source, full, locale)
    found = [
        Variant(long_brand, filled),
        Variant(rtl_brand, filled),
        Variant(bare_brand, validate_slots(source, bare, locale)),
    ]
    for slot in source.manifest.slots:
        for choice in slot.choices:
            if choice.value != (slot.default or slot.choices[0].value):
                values = validate_slots(source, {**full, slot.name: choice.value}, locale)
                found.append(Variant(rtl_brand, values))
    return found


def check_pieces(source: KitSource) -> Iterator[Finding]:
    """Every piece × locale × sample brand. Typst draws slowly: beyond the source locale it gets the longest brand."""
    kept: dict[str, list[Variant]] = {}
    for piece in source.manifest.pieces:
        yield from _check_piece(_Run(source, kept), piece)


def _check_piece(run: _Run, piece: Piece) -> Iterator[Finding]:
    source = run.source
    if isinstance(piece, MailPiece):
        yield from _check_mjml(run, piece)
    for locale in sorted(source.manifest.locales, key=lambda tag: tag != run.home):
        found: list[Finding] = []
        try:
            for number, variant in enumerate(_worth(run, piece, locale)):
                found += _check_variant(run, piece, locale, variant, number)
        except KitRefused as refusal:
            found += refusal.findings
        except Refused as refusal:
            message = f"{piece.name}, {locale}: {refusal}"
            found.append(error("piece", piece.template, 0, message, _("Shorten the kit's own text.")))
        yield from found
        if any(finding.rule in _BROKEN for finding in found):
            return  # the other locales would say the same again
    home = run.finished.get(run.home)
    for locale, mirrored in run.finished.items():
        if home is not None and direction(run.home) == "ltr" and direction(locale) == "rtl":
            yield from check_mirrored(home, mirrored)


def _worth(run: _Run, piece: Piece, locale: str) -> list[Variant]:
    """The variants that can say something new. Beyond the source locale: the longest brand for Typst, which draws
    slowly; the three brands for HTML, where choices show the same layout; all for posts, which have a limit."""
    variants = run.variants(locale)
    typst = isinstance(piece, DocumentPiece | BannerPiece)
    if locale == run.home and typst and not _asks_choices(run.source, piece):
        return variants[:_BRANDS]
    if locale == run.home or isinstance(piece, SocialPiece):
        return variants
    return variants[: 1 if typst else _BRANDS]


def _asks_choices(source: KitSource, piece: Piece) -> bool:
    """Whether a Typst piece names a choice slot, in its template or in what templates share."""
    others = {other.template for other in source.manifest.pieces} - {piece.template}
    written = "\n".join(
        source.text(path) for path in source.files if path.endswith(".typ") and path not in others
    )
    return any(re.search(rf"\b{slot.name}\b", written) for slot in source.manifest.slots if slot.choices)


def _check_mjml(run: _Run, piece: MailPiece) -> Iterator[Finding]:
    """The template's MJML as each variant and each locale renders it, with file and line of every mistake."""
    source = run.source
    for locale in source.manifest.locales:
        try:
            book = load_catalogue(source, locale)
            variants = run.variants(locale)[: None if locale == run.home else 1]
            for variant in variants:
                shape = shape_of(variant.brand, variant.slots)
                yield from _mjml_mistakes(source, piece, template_context(source, piece, book, shape))
        except Refused:
            return  # what is refused says so by itself: the catalogue, the defaults, the template


def _mjml_mistakes(source: KitSource, piece: MailPiece, context: dict[str, object]) -> Iterator[Finding]:
    rendering = sandbox.render_file(source, piece.template, context, _NONCE, autoescape=True)
    found = mistakes(rendering.text)
    if not found:
        return
    lines = sandbox.LineMap(source, piece.template, context, _NONCE)
    for mistake in found:
        file, line = lines.at(mistake.offset)
        yield error(mistake.rule, file, line, mistake.message, mistake.mend)


def _check_variant(run: _Run, piece: Piece, locale: str, variant: Variant, number: int) -> Iterator[Finding]:
    source, brand, slots, name = run.source, variant.brand, variant.slots, piece.name
    if isinstance(piece, SocialPiece):
        render_post(source, name, locale, brand, slots, page_url=PAGE_URL)
    elif isinstance(piece, BannerPiece):
        yield from banner_findings(source, name, locale, brand, slots, page_url=PAGE_URL)
    elif isinstance(piece, DocumentPiece):
        made = render_document(source, name, locale, brand, slots, page_url=PAGE_URL)
        yield from glyph_findings(made.pdf, name, piece.template, locale)
        if made.pages != 1:
            message = _("The document has %(pages)s pages in %(locale)s.", pages=made.pages, locale=locale)
            yield warning("document-pages", piece.template, 0, message, _("Fit it on one page."))
    else:
        yield from _check_html(run, piece, locale, variant, number)


def _check_html(
    run: _Run, piece: MailPiece | PagePiece | SnippetPiece, locale: str, variant: Variant, number: int
) -> Iterator[Finding]:
    """A mail, page or snippet."""
    source = run.source
    compiled = compile_piece(source, piece.name, locale, shape_of(variant.brand, variant.slots))
    keys = [hole.key for hole in compiled.texts["html"].holes]
    if isinstance(piece, MailPiece):
        mail = _mail(source, piece, locale, variant)
        html = mail.html.fill(_recipient(locale, mail))
    elif isinstance(piece, PagePiece):
        mail = None
        html = render_page(
            source, piece.name, locale, variant.brand, variant.slots, page_url=PAGE_URL, form_action=PAGE_URL,
            form_token="token", asset_url=_asset,  # noqa: S106 - no secret
        ).html  # fmt: skip
        yield from _check_form(source, piece, keys)
    else:
        mail = None
        html = render_snippet(
            source, piece.name, locale, variant.brand, variant.slots, page_url=PAGE_URL, asset_url=_asset
        ).html
    finished = Finished(source, piece.kind, piece.template, locale, html)
    if number == _MIRRORED:
        run.finished[locale] = finished
    yield from check_structure(finished)
    yield from check_links(finished)
    yield from check_looks(finished)
    yield from check_weight(finished)
    if isinstance(piece, MailPiece) and mail is not None:
        yield from _check_mail(run, piece, finished, mail, compiled, number)
    if not verify_locked(html, compiled):
        message = _("A locked region changes with a brand's values.")
        mend = _("Please report this: it is a fault of the compiler.")
        yield error("locked", piece.template, 0, message, mend)


def _asset(path: str) -> str:
    return f"kit:{path}"


def _mail(source: KitSource, piece: MailPiece, locale: str, variant: Variant) -> RenderedMail:
    return render_mail(
        source, piece.name, locale, variant.brand, variant.slots, page_url=PAGE_URL, asset_url=_asset
    )


def _recipient(locale: str, mail: RenderedMail) -> dict[str, str]:
    """What one recipient's mail is filled with, links leading straight to their targets."""
    links = {f"link.{link.number}": link.url for link in mail.links}
    fixed = {"unsubscribe": UNSUBSCRIBE_URL, "pixel": "data:image/gif;base64,R0lGODlhAQABAAAAACw="}
    return {**recipient_values(locale, "Alexandra", "Example"), **fixed, **links}


def _check_mail(
    run: _Run, piece: MailPiece, finished: Finished, mail: RenderedMail, compiled: CompiledPiece, number: int
) -> Iterator[Finding]:
    """What mails have besides HTML: subject, text part, size, and clients that show them."""
    source, locale = run.source, finished.locale
    values = _recipient(locale, mail)
    subject = mail.subject.fill(values)
    yield from check_footer(source, piece, compiled)
    yield from check_subject(source, piece, subject)
    if number not in {1, 2}:  # other brands say the same words
        yield from check_spam(source, piece, finished, subject, mail.preheader.fill(values))
    yield from check_plain_text(piece, mail.text.fill(values), [link.url for link in mail.links])
    yield from check_size(source, piece, compiled, finished.html, locale)
    if number == 0 and (locale == run.home or direction(locale) != direction(run.home)):
        yield from check_clients(source, piece.template, finished.html)


def _check_form(source: KitSource, piece: PagePiece, keys: list[str]) -> Iterator[Finding]:
    lines = key_lines(source.text(FILE))
    place = line_of(lines, ("pieces", source.manifest.pieces.index(piece), "name"))
    if keys.count("form.action") != 1 or not piece.fields:
        message = _("The page must show its form once.")
        mend = _("Write {{ form }} once and give the piece fields.")
        yield error("page-form", piece.template, 0, message, mend)
    if "beacon" not in keys:
        message = _("The page has no </body>.")
        yield error("page-form", piece.template, 0, message, _("Write a whole HTML document."))
    if not any(item.kind == "consent" for item in piece.fields):
        message = _("The form asks for no consent.")
        yield warning("page-consent", FILE, place, message, _("Add a field of the kind consent."))
