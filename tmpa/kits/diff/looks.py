"""How the pieces of two versions look, side by side: pictures of what differs, with the differing pixels marked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.brand import Brand
from tmpa.kits.diff.pixels import mark
from tmpa.kits.document import render_picture
from tmpa.kits.manifest import BannerPiece, DocumentPiece, Piece, SocialPiece
from tmpa.kits.outputs import piece_files
from tmpa.kits.pictures import Camera, NoPicture
from tmpa.kits.samples import PAGE_URL, sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource

WIDTHS: Mapping[str, int] = {"mail": 640, "page": 1120, "snippet": 480, "document": 800}


@dataclass(frozen=True, slots=True)
class Look:
    """One piece in one locale (and size) that looks different now.

    `before` and `after` are PNGs, `marked` is `after` in grey with the differing pixels coloured; None where there is
    nothing to show. `texts` are the two texts of a post. `share` is the part of the pixels that differ. `note` says
    why there is no picture.
    """

    piece: str
    title: str
    locale: str
    size: str = ""
    before: bytes | None = field(default=None, repr=False)
    after: bytes | None = field(default=None, repr=False)
    marked: bytes | None = field(default=None, repr=False)
    texts: tuple[str, str] | None = None
    share: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class _View:
    """A rendered piece before any picture is taken: `data` by size; `failure` says why it can't be rendered."""

    piece: Piece
    data: Mapping[str, bytes]
    failure: str = ""


def looks(
    old: KitSource, new: KitSource, locales: Sequence[str], brand: Brand, camera: Camera | None
) -> Iterator[Look]:
    """What looks different, by locale and piece. Without a camera mails, pages and snippets get a note instead."""
    names = dict.fromkeys(piece.name for source in (new, old) for piece in source.manifest.pieces)
    for locale in locales:
        for name in names:
            before, after = _view(old, name, locale, brand), _view(new, name, locale, brand)
            if before is not None or after is not None:
                yield from _compared(before, after, name, locale, camera)


def _view(source: KitSource, name: str, locale: str, brand: Brand) -> _View | None:
    """None where the kit has no such piece or locale."""
    if locale not in source.manifest.locales or all(piece.name != name for piece in source.manifest.pieces):
        return None
    piece = source.manifest.piece(name)
    try:
        slots = validate_slots(source, sample_values(source, locale), locale)
        if isinstance(piece, DocumentPiece):
            png = render_picture(
                source, name, locale, brand, slots, page_url=PAGE_URL, width=WIDTHS["document"]
            )
            return _View(piece, {"": png})
        files = dict(piece_files(source, piece, locale, brand, slots))
    except Refused as refusal:
        return _View(piece, {}, str(refusal))
    if isinstance(piece, BannerPiece):
        return _View(piece, {size: files[f"{name}-{size}.png"] for size in piece.sizes})
    suffix = ".txt" if isinstance(piece, SocialPiece) else ".html"
    return _View(piece, {"": files[name + suffix]})


def _compared(
    before: _View | None, after: _View | None, name: str, locale: str, camera: Camera | None
) -> Iterator[Look]:
    shown = after or before
    assert shown is not None  # the caller asks only for what one of them has
    title = shown.piece.title
    failures = [view.failure for view in (before, after) if view is not None and view.failure]
    if failures:
        yield Look(name, title, locale, note=" ".join(failures))
        return
    sizes = dict.fromkeys((*(after.data if after else ()), *(before.data if before else ())))
    for size in sizes:
        was = before.data.get(size) if before else None
        now = after.data.get(size) if after else None
        if was == now:
            continue
        if isinstance(shown.piece, SocialPiece):
            yield Look(name, title, locale, texts=((was or b"").decode(), (now or b"").decode()))
            continue
        if isinstance(shown.piece, BannerPiece | DocumentPiece):
            yield _pictures(Look(name, title, locale, size, was, now))
        elif camera is None:
            note = _("There is no picture: Chromium was not found.")
            yield Look(name, title, locale, size, note=note)
        else:
            window = WIDTHS[shown.piece.kind], getattr(shown.piece, "height", 800)
            try:
                old, new = (html and camera.take(html.decode(), *window) for html in (was, now))
            except NoPicture as problem:
                yield Look(name, title, locale, size, note=str(problem))
            else:
                yield _pictures(Look(name, title, locale, size, old, new))


def _pictures(look: Look) -> Look:
    if look.before is None or look.after is None:
        return look
    marked, share = mark(look.before, look.after)
    return Look(look.piece, look.title, look.locale, look.size, look.before, look.after, marked, None, share)
