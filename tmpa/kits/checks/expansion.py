"""Text expansion: every text of the kit 40 % longer and accented, as a translation may be: does it all fit?"""

import re
from collections.abc import Iterator

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import direction
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.banner import banner_findings
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.catalogue import catalogue_path
from tmpa.kits.checks.finished import Finished
from tmpa.kits.checks.looks import declarations, pixels, walk
from tmpa.kits.checks.mails import check_subject, subject_line
from tmpa.kits.document import render_document
from tmpa.kits.findings import Finding, KitRefused, warning
from tmpa.kits.localisation.po import Entry, PoFile, write
from tmpa.kits.localisation.usage import kit_texts
from tmpa.kits.manifest import FILE, BannerPiece, DocumentPiece, MailPiece, PagePiece, Piece, SocialPiece
from tmpa.kits.render import recipient_values, render_mail, render_page, render_post, render_snippet
from tmpa.kits.samples import PAGE_URL, sample_values
from tmpa.kits.slots import SlotValues, validate_slots
from tmpa.kits.source import KitSource
from tmpa.kits.toml_lines import key_lines, line_of
from tmpa.kits.values import count_characters

GROWTH = 0.4  # English becomes up to 35 % longer in German and French, short texts more
PHONE_PIXELS = 320  # WCAG 2.2, 1.4.10: content reflows at this width
_KEPT = re.compile(r"(%\([A-Za-z_]\w*\)s|%%|\{\{.*?\}\}|<[^>]*>|&#?\w+;)")
_ACCENTS = str.maketrans("AaEeIiOoUuCcNnSsYyZz", "ÅåÉéÎîÖöÛûÇçÑñŠšÝýŽž")
_WIDE = re.compile(r"[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]")


def lengthen(text: str) -> str:
    """`text` 40 % longer and accented; placeholders, holes, tags and entities stay as they are."""
    out: list[str] = []
    debt = 0.0
    for number, part in enumerate(_KEPT.split(text)):
        if number % 2:
            out.append(part)
            continue
        for char in part:
            accented = char.translate(_ACCENTS)
            out.append(accented)
            debt += GROWTH
            if debt >= 1 and char.isalpha():
                out.append(accented)
                debt -= 1
    return "".join(out)


def pseudo_source(source: KitSource) -> tuple[KitSource, str]:
    """The kit with one more or less translated locale whose catalogue is the lengthened source, and that locale."""
    manifest = source.manifest
    way = direction(manifest.source_locale)
    tag = next(
        (
            tag
            for tag in (*manifest.locales, "de", "en")
            if tag != manifest.source_locale
            and direction(tag) == way
            and tag.split("-")[0] not in {"ja", "zh", "ko"}
        ),
        "fr",
    )
    entries = tuple(
        Entry(text.source, (lengthen(text.source),) if not text.plural else
              (lengthen(text.source), lengthen(text.plural)), text.plural)
        for text in kit_texts(source).values()
    )  # fmt: skip
    header = (f"Language: {tag}", "Plural-Forms: nplurals=2; plural=(n != 1);")
    files = {**source.files, catalogue_path(tag): write(PoFile(header, (), entries))}
    kept = manifest.model_copy(update={"locales": list(dict.fromkeys((manifest.source_locale, tag)))})
    return KitSource(files, kept, f"{source.content_hash}-longer"), tag


def check_expansion(source: KitSource) -> Iterator[Finding]:
    """Slots leave room, and every piece fits, with texts 40 % longer."""
    yield from _slots(source)
    longer, locale = pseudo_source(source)
    own = source.manifest.source_locale
    values = validate_slots(source, sample_values(source, own), own, partial=True)
    for piece in longer.manifest.pieces:
        try:
            yield from _piece(longer, piece, locale, values)
        except KitRefused:
            continue  # the piece doesn't compile at all: its own rules name why


def _finding(piece: Piece, line: int, message: str, file: str = "") -> Finding:
    mend = _("Leave room: translations are up to 40 percent longer than English.")
    return warning("text-expansion", file or piece.template, line, message, mend)


def _slots(source: KitSource) -> Iterator[Finding]:
    lines = key_lines(source.text(FILE))
    for number, slot in enumerate(source.manifest.slots):
        if slot.kind != "text" or not slot.default or slot.max_lengths:
            continue
        wanted = round(count_characters(slot.default) * (1 + GROWTH))
        limit = slot.limit(source.manifest.source_locale)
        if len(source.manifest.locales) > 1 and wanted > limit:
            message = _(
                "The default of %(name)s leaves no room for longer languages: %(wanted)s characters of %(limit)s.",
                name=slot.name,
                wanted=wanted,
                limit=limit,
            )
            place = line_of(lines, ("slots", number, "default"))
            yield warning("text-expansion", FILE, place, message, _("Raise max_length or give max_lengths."))


def _piece(source: KitSource, piece: Piece, locale: str, slots: SlotValues) -> Iterator[Finding]:
    brand, name = SAMPLE_BRAND, piece.name
    where = {"page_url": PAGE_URL}
    if isinstance(piece, MailPiece):
        mail = render_mail(source, name, locale, brand, slots, asset_url=lambda path: f"kit:{path}", **where)
        recipient = recipient_values(locale, "Alexandra", "Example")
        for found in check_subject(source, piece, mail.subject.fill(recipient)):
            if found.severity == "warning":
                line = subject_line(source, piece)
                yield _finding(piece, line, _("The subject of %(piece)s gets too long.", piece=name), FILE)
        yield from _widths(piece, Finished(source, "mail", piece.template, locale, mail.preview(recipient)))
    elif isinstance(piece, PagePiece):
        page = render_page(
            source, name, locale, brand, slots, form_action=PAGE_URL, form_token="token",  # noqa: S106 - no secret
            asset_url=lambda path: f"kit:{path}", **where,
        )  # fmt: skip
        yield from _widths(piece, Finished(source, "page", piece.template, locale, page.html))
    elif isinstance(piece, SocialPiece):
        try:
            render_post(source, name, locale, brand, slots, **where)
        except Refused as refusal:
            if isinstance(refusal, KitRefused):
                raise
            yield _finding(piece, 0, _("The post %(piece)s gets too long for its network.", piece=name))
    elif isinstance(piece, BannerPiece):
        for found in banner_findings(source, name, locale, brand, slots, **where):
            yield _finding(piece, found.line, _("Longer texts don't fit: %(problem)s", problem=found.message))
    elif isinstance(piece, DocumentPiece):
        if render_document(source, name, locale, brand, slots, **where).pages != 1:
            yield _finding(piece, 0, _("The document %(piece)s grows to a second page.", piece=name))
    else:
        snippet = render_snippet(
            source, name, locale, brand, slots, asset_url=lambda path: f"kit:{path}", **where
        )
        yield from _widths(piece, Finished(source, "snippet", piece.template, locale, snippet.html))


def width_of(text: str, size: float, bold: bool) -> float:
    """Roughly how wide a text is set, in pixels: an average letter is half as wide as it is high, a CJK one as wide."""
    wide = len(_WIDE.findall(text))
    return (wide + (len(text) - wide) * (0.56 if bold else 0.52)) * size


def _widths(piece: Piece, finished: Finished) -> Iterator[Finding]:
    """Text that may not break and is wider than a phone, and words wider than the box (such as a button) they get."""
    for element, look in walk(finished.root):
        own = re.sub(r"\s+", " ", element.text or "").strip()
        if not own:
            continue
        if look.nowrap and width_of(own, look.size, look.bold) > PHONE_PIXELS:
            message = _("“%(words)s” may not break and gets wider than a phone.", words=own[:40])
            file, line = finished.at("nowrap")
            yield _finding(piece, line, message, file)
        width = pixels(dict(declarations(element.get("style") or "")).get("width", ""), look.size)
        longest = max(own.split(" "), key=len)
        if width and width > 1 and width_of(longest, look.size, look.bold) > width:
            message = _("“%(words)s” is wider than its box of %(width)s pixels.", words=longest[:40],
                        width=round(width))  # fmt: skip
            file, line = finished.at(f'width="{round(width)}px"', f"width:{round(width)}px", 'width="')
            yield _finding(piece, line, message, file)
