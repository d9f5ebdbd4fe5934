"""Finished pieces as files, with a sample recipient and an example address for the campaign's page."""

from collections.abc import Iterator

from tmpa.kits.banner import render_banner
from tmpa.kits.brand import Brand
from tmpa.kits.document import render_document
from tmpa.kits.manifest import BannerPiece, DocumentPiece, MailPiece, PagePiece, Piece, SnippetPiece
from tmpa.kits.render import recipient_values, render_mail, render_page, render_post, render_snippet
from tmpa.kits.samples import PAGE_URL
from tmpa.kits.slots import SlotValues
from tmpa.kits.source import KitSource


def piece_files(
    source: KitSource, piece: Piece, locale: str, brand: Brand, slots: SlotValues
) -> Iterator[tuple[str, bytes]]:
    """Names and contents: .html and .txt (the subject, then the plain-text part) of a mail, .html of a page or
    snippet, .txt of a post, .pdf of a document, a .png in each size of a banner and its @2x.

    Raises CompileFailed.
    """
    name = piece.name
    match piece:
        case MailPiece():
            mail = render_mail(source, name, locale, brand, slots, page_url=PAGE_URL)
            recipient = recipient_values(locale, "Alex", "Example")
            values = {
                **recipient,
                "unsubscribe": PAGE_URL,
                **{f"link.{link.number}": link.url for link in mail.links},
            }
            yield f"{name}.html", mail.preview(recipient).encode()
            yield f"{name}.txt", (mail.subject.fill(values) + "\n\n" + mail.text.fill(values) + "\n").encode()
        case PagePiece():
            page = render_page(
                source, name, locale, brand, slots, page_url=PAGE_URL, form_action="#", form_token=""
            )
            yield f"{name}.html", page.html.encode()
        case SnippetPiece():
            snippet = render_snippet(source, name, locale, brand, slots, page_url=PAGE_URL)
            yield f"{name}.html", snippet.html.encode()
        case DocumentPiece():
            yield f"{name}.pdf", render_document(source, name, locale, brand, slots, page_url=PAGE_URL).pdf
        case BannerPiece():
            for banner in render_banner(source, name, locale, brand, slots, page_url=PAGE_URL):
                yield f"{name}-{banner.size}.png", banner.png
                yield f"{name}-{banner.size}@2x.png", banner.png_2x
        case _:
            post = render_post(source, name, locale, brand, slots, page_url=PAGE_URL)
            yield f"{name}.txt", post.text.encode()
