"""Legal texts: every mail, page and snippet shows what the law of each country wants of a brand there."""

from collections.abc import Iterator
from dataclasses import replace

from tmpa.kernel.i18n import country_name
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.checks.finished import Finished, text_of
from tmpa.kits.context import legal_texts
from tmpa.kits.findings import Finding, KitRefused, error
from tmpa.kits.manifest import MailPiece, PagePiece
from tmpa.kits.render import recipient_values, render_mail, render_page
from tmpa.kits.samples import PAGE_URL, sample_values
from tmpa.kits.slots import SlotValues, validate_slots
from tmpa.kits.source import KitSource


def check_legal(source: KitSource) -> Iterator[Finding]:
    """In the source locale, with a brand of each country that has a text; translations are the catalogues' matter."""
    manifest = source.manifest
    if not manifest.legal:
        return
    locale = manifest.source_locale
    book = load_catalogue(source, locale)
    slots = validate_slots(source, sample_values(source, locale), locale, partial=True)
    countries = sorted({entry.country for entry in manifest.legal})
    for piece in manifest.pieces:
        if not isinstance(piece, MailPiece | PagePiece):
            continue
        for country in countries:
            code = "" if country == "*" else country
            try:
                words = _words(source, piece, locale, code, slots)
            except KitRefused:
                break  # the piece doesn't compile at all: its own rules name why
            for text in legal_texts(manifest, book, code):
                if " ".join(text.split()) not in words:
                    place = country_name(code) if code else _("every country")
                    message = _("The legal text of %(country)s is not shown: “%(text)s”.", country=place,
                                text=text[:60])  # fmt: skip
                    mend = _("Print it: {% for text in legal %}{{ text }}{% endfor %}.")
                    yield error("legal-text", piece.template, 0, message, mend)


def _asset(path: str) -> str:
    return f"kit:{path}"


def _words(
    source: KitSource, piece: MailPiece | PagePiece, locale: str, country: str, slots: SlotValues
) -> str:
    brand = replace(SAMPLE_BRAND, country=country)
    if isinstance(piece, MailPiece):
        mail = render_mail(source, piece.name, locale, brand, slots, page_url=PAGE_URL, asset_url=_asset)
        html = mail.preview(recipient_values(locale, "Alexandra", "Example"))
    else:
        html = render_page(
            source, piece.name, locale, brand, slots, page_url=PAGE_URL, form_action=PAGE_URL,
            form_token="token", asset_url=_asset,  # noqa: S106 - no secret
        ).html  # fmt: skip
    return text_of(Finished(source, "mail", piece.template, locale, html).root)
