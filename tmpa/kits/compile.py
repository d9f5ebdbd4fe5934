"""Compiling a piece: its template becomes constant stretches and typed holes, once per locale and shape.

What a partner fills in is spliced after this, with the escaping of its place, so nothing of it can reach a constant
stretch: the locked regions are byte-identical for every partner by construction.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from tmpa.kernel.i18n import gettext as _
from tmpa.kits import sandbox
from tmpa.kits.catalogue import Catalogue, load_catalogue
from tmpa.kits.context import Shape, relevant_shape, shape_of, template_context
from tmpa.kits.findings import CompileFailed, error
from tmpa.kits.holes import Hole
from tmpa.kits.manifest import FILE, MailPiece, PagePiece, Piece, SnippetPiece, SocialPiece
from tmpa.kits.mjml_guard import MjmlMistake, compile_mjml
from tmpa.kits.plain import html_to_text
from tmpa.kits.sandbox import LineMap, Rendering
from tmpa.kits.scanner import HoleMisplaced, Scanner, Spot
from tmpa.kits.source import KitSource, content_type
from tmpa.kits.template_values import TemplateHole, sentinel_pattern
from tmpa.kits.toml_lines import key_lines, line_of
from tmpa.kits.words import words

__all__ = ["CompiledPiece", "CompiledText", "LinkTarget", "Shape", "compile_piece", "data_url", "shape_of"]

ENGINE = "1"  # part of every nonce and digest; raise it when the same kit would compile to something else
_ANCHOR = re.compile(
    r"<a(?=[\s>])(?P<rest>(?:(?!\btarget\s*=)[^>])*>)", re.IGNORECASE
)  # without a target of its own
_NEWLINES = re.compile(r"\s*[\r\n\x0b\x0c\x85\u2028\u2029]+\s*")
_TEXT_TOKEN = re.compile(r"zt([0-9]+)tz")


@dataclass(frozen=True, slots=True)
class CompiledText:
    """Constant stretches with typed holes between: `len(parts) == len(holes) + 1`."""

    parts: tuple[str, ...]
    holes: tuple[Hole, ...]

    def digest_into(self, digest: "hashlib._Hash") -> None:
        """Feed the constants and the holes' marks, each with its length, so that no two texts give the same feed."""
        for part, hole in zip(self.parts, (*self.holes, None), strict=True):
            for item in (part, hole.mark() if hole else ""):
                data = item.encode()
                digest.update(len(data).to_bytes(8, "big") + data)


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """A numbered link of a mail. `target` is a constant address, or "page", "slot:<name>", "brand:website"."""

    number: int
    target: str
    label: str


@dataclass(frozen=True, slots=True)
class CompiledPiece:
    """A piece ready to be filled. `texts`: subject, preheader, html, text (mail); html, title, description (page);
    html (snippet); text (social)."""

    kind: str
    name: str
    locale: str
    shape: Shape
    texts: Mapping[str, CompiledText]
    links: tuple[LinkTarget, ...] = ()
    locked_digest: str = field(default="")


def _digest(piece: Piece, locale: str, texts: Mapping[str, CompiledText]) -> str:
    digest = hashlib.sha256(f"tmpa-locked-{ENGINE}|{piece.kind}|{piece.name}|{locale}|".encode())
    for name in sorted(texts):
        digest.update(f"{name}|{len(texts[name].parts)}|".encode())
        texts[name].digest_into(digest)
    return digest.hexdigest()


def _hole(spot_hole: TemplateHole, context: str) -> Hole:
    return Hole(spot_hole.kind, spot_hole.name, context)  # type: ignore[arg-type]  # contexts come from the scanner


def _plain_text(rendering: Rendering) -> CompiledText:
    """Stretches of a text without markup."""
    parts, holes, end = [], [], 0
    for match in sentinel_pattern(rendering.nonce).finditer(rendering.text):
        parts.append(rendering.text[end : match.start()])
        holes.append(_hole(rendering.prints[int(match[1])], "plain"))
        end = match.end()
    return CompiledText((*parts, rendering.text[end:]), tuple(holes))


def _split(html: str, cuts: list[tuple[int, int, Hole]]) -> CompiledText:
    parts, end = [], 0
    for start, stop, _hole_here in cuts:
        parts.append(html[end:start])
        end = stop
    return CompiledText((*parts, html[end:]), tuple(hole for _start, _stop, hole in cuts))


def _target(spot: Spot) -> str:
    if spot.hole is None:
        return spot.url.replace("&amp;", "&")
    if spot.hole.kind == "page":
        return "page"
    return f"{spot.hole.kind}:{spot.hole.name}"


def _is_tracked(spot: Spot) -> bool:
    return (
        spot.anchor
        and spot.context == "url"
        and (spot.hole is None or spot.hole.kind in {"slot", "brand", "page"})
    )


def _check_lost(html: str, rendering: Rendering, spots: list[Spot]) -> None:
    """Every sentinel in the output must be a spot: none may survive as text."""
    inside = {spot.start for spot in spots if spot.hole is not None}
    for match in sentinel_pattern(rendering.nonce).finditer(html):
        if match.start() not in inside and not any(spot.start <= match.start() < spot.end for spot in spots):
            hole = rendering.prints[int(match[1])]
            message = _("%(hole)s stands in a place that is not understood.", hole=hole.label)
            raise HoleMisplaced(int(match[1]), message, _("Move it into an element's text."))


def _scan(
    html: str, rendering: Rendering, *, track_links: bool, lines: Callable[[], LineMap], path: str
) -> list[Spot]:
    try:
        spots = Scanner(html, rendering, track_links=track_links).scan()
        _check_lost(html, rendering, spots)
    except HoleMisplaced as problem:
        file, line = lines().at_sentinel(rendering.nonce, problem.index)
        raise CompileFailed([error("hole", file or path, line, problem.message, problem.mend)]) from None
    return spots


def _mail(
    source: KitSource, piece: MailPiece, book: Catalogue, context: dict[str, object], nonce: str
) -> tuple[dict[str, CompiledText], tuple[LinkTarget, ...]]:
    rendering = sandbox.render_file(source, piece.template, context, nonce, autoescape=True)

    def lines() -> LineMap:
        return LineMap(source, piece.template, context, nonce)

    preheader = _manifest_text(source, piece, "preheader", book, context, nonce)
    try:
        html = compile_mjml(rendering.text)
    except MjmlMistake as problem:
        file, line = lines().at(problem.offset)
        raise CompileFailed([error(problem.rule, file, line, problem.message, problem.mend)]) from None
    spots = _scan(html, rendering, track_links=True, lines=lines, path=piece.template)
    cuts: list[tuple[int, int, Hole]] = []
    targets: list[str] = []
    for spot in spots:
        if _is_tracked(spot):
            targets.append(_target(spot))
            cuts.append((spot.start, spot.end, Hole("link", str(len(targets)), "url")))
        elif spot.hole is not None:
            cuts.append((spot.start, spot.end, _hole(spot.hole, spot.context)))
    text, labels = _mail_text(html, cuts, book.locale)
    links = tuple(
        LinkTarget(number, target, labels.get(number, "")) for number, target in enumerate(targets, 1)
    )
    texts = {
        "subject": _manifest_text(source, piece, "subject", book, context, nonce),
        "preheader": preheader,
        "html": _frame_mail(_split(html, cuts), preheader, "<mj-preview" in rendering.text),
        "text": text,
    }
    return texts, links


def _frame_mail(html: CompiledText, preheader: CompiledText, has_own: bool) -> CompiledText:
    """Put the preheader after `<body …>` (unless the template has its own) and the open pixel before `</body>`."""
    parts, holes = list(html.parts), list(html.holes)
    if "</body>" in parts[-1]:
        before, after = parts[-1].rsplit("</body>", 1)
        tag = '" width="1" height="1" alt="" style="display:block;border:0;width:1px;height:1px;" /></body>'
        parts[-1:] = [f'{before}<img src="', f"{tag}{after}"]
        holes.append(Hole("pixel", "", "url"))
    if has_own or preheader.parts == ("",):
        return CompiledText(tuple(parts), tuple(holes))
    for number, part in enumerate(parts):
        at = part.find("<body")
        close = part.find(">", at) if at >= 0 else -1
        later = number
        while at >= 0 and close < 0 and later + 1 < len(parts):  # the body tag itself may hold a colour hole
            later += 1
            close = parts[later].find(">")
        if at < 0 or close < 0:
            continue
        opening = (
            '<div style="display:none;font-size:1px;line-height:1px;max-height:0px;max-width:0px;opacity:0;'
            'overflow:hidden;">'
        )
        inner = [_escape_text(text) for text in preheader.parts]
        inner[0] = parts[later][: close + 1] + opening + inner[0]
        inner[-1] = inner[-1] + "</div>" + parts[later][close + 1 :]
        shown = [Hole(hole.kind, hole.name, "text") for hole in preheader.holes]
        return CompiledText(
            (*parts[:later], *inner, *parts[later + 1 :]), (*holes[:later], *shown, *holes[later:])
        )
    return CompiledText(tuple(parts), tuple(holes))


def _escape_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mail_text(
    html: str, cuts: list[tuple[int, int, Hole]], locale: str
) -> tuple[CompiledText, dict[int, str]]:
    """The plain-text part with its holes, and the label of each numbered link."""
    pieces, end = [], 0
    for number, (start, stop, _hole_here) in enumerate(cuts):
        pieces.append(f"{html[end:start]}zt{number}tz")
        end = stop
    text, found = html_to_text("".join(pieces) + html[end:], words(locale).label_url)
    parts, holes, end = [], [], 0
    for match in _TEXT_TOKEN.finditer(text):
        hole = cuts[int(match[1])][2]
        parts.append(text[end : match.start()])
        holes.append(Hole(hole.kind, hole.name, "plain"))
        end = match.end()
    labels: dict[int, str] = {}
    for address, label in found.items():
        token = _TEXT_TOKEN.fullmatch(address)
        if token and cuts[int(token[1])][2].kind == "link":
            labels[int(cuts[int(token[1])][2].name)] = _TEXT_TOKEN.sub("…", label)
    return CompiledText((*parts, text[end:]), tuple(holes)), labels


def _manifest_text(
    source: KitSource, piece: Piece, key: str, book: Catalogue, context: dict[str, object], nonce: str
) -> CompiledText:
    original = getattr(piece, key)
    text = book.gettext(original)
    if text != original:
        where = (book.path, book.lines.get(original, 0))
    else:
        place = ("pieces", source.manifest.pieces.index(piece), key)
        where = (FILE, line_of(key_lines(source.text(FILE)), place))
    if "{" not in text:
        return CompiledText((_NEWLINES.sub(" ", text),), ())
    compiled = _one_line(_plain_text(sandbox.render_text(source, text, context, nonce, where)))
    for hole in compiled.holes:
        if hole.kind not in {"slot", "brand", "recipient"}:
            message = _("%(hole)s can't stand in a subject or title.", hole=hole.key)
            raise CompileFailed([error("hole", *where, message, _("Use a slot or a brand value."))])
    return compiled


def _one_line(text: CompiledText) -> CompiledText:
    """A subject or title is one line, whatever a catalogue says: a line end in a header begins another header."""
    return CompiledText(tuple(_NEWLINES.sub(" ", part) for part in text.parts), text.holes)


def _post(text: CompiledText) -> CompiledText:
    """A post without empty lines at its ends and without several in a row, where an optional value isn't there."""
    parts = [re.sub(r"\n{3,}", "\n\n", part) for part in text.parts]
    parts[0] = parts[0].lstrip()
    parts[-1] = parts[-1].rstrip() + "\n"
    return CompiledText(tuple(parts), text.holes)


def _page(
    source: KitSource, piece: PagePiece, book: Catalogue, context: dict[str, object], nonce: str
) -> dict[str, CompiledText]:
    rendering = sandbox.render_file(source, piece.template, context, nonce, autoescape=True)
    html = rendering.text

    def lines() -> LineMap:
        return LineMap(source, piece.template, context, nonce)

    spots = _scan(html, rendering, track_links=False, lines=lines, path=piece.template)
    cuts = [(spot.start, spot.end, _hole(spot.hole, spot.context)) for spot in spots if spot.hole is not None]
    body = html.lower().rfind("</body>")
    if body >= 0:
        cuts = [*[cut for cut in cuts if cut[0] < body], (body, body, Hole("beacon", "", "block")),
                *[cut for cut in cuts if cut[0] >= body]]  # fmt: skip
    return {
        "html": _split(html, cuts),
        "title": _manifest_text(source, piece, "page_title", book, context, nonce),
        "description": _manifest_text(source, piece, "description", book, context, nonce),
    }


def compile_piece(source: KitSource, piece: str, locale: str, shape: Shape) -> CompiledPiece:
    """Compile a mail, page, post or snippet for one locale and shape; the same input gives the same bytes.

    Raises CompileFailed with findings, KeyError for a piece that the kit doesn't have.
    """
    return compile_cached(source, piece, locale, relevant_shape(source.manifest, shape))


@lru_cache(maxsize=2048)
def compile_cached(source: KitSource, piece: str, locale: str, shape: Shape) -> CompiledPiece:
    chosen = source.manifest.piece(piece)
    book = load_catalogue(source, locale)
    seed = f"{ENGINE}|{source.content_hash}|{piece}|{locale}|{shape.key}"
    nonce = hashlib.sha256(seed.encode()).hexdigest()[:12]
    context = template_context(source, chosen, book, shape)
    links: tuple[LinkTarget, ...] = ()
    if isinstance(chosen, MailPiece):
        texts, links = _mail(source, chosen, book, context, nonce)
    elif isinstance(chosen, PagePiece):
        texts = _page(source, chosen, book, context, nonce)
    elif isinstance(chosen, SnippetPiece):
        texts = _snippet(source, chosen, context, nonce)
    elif isinstance(chosen, SocialPiece):
        rendering = sandbox.render_file(source, chosen.template, context, nonce, autoescape=False)
        texts = {"text": _post(_plain_text(rendering))}
    else:
        raise KeyError(piece)
    return CompiledPiece(chosen.kind, piece, locale, shape, texts, links, _digest(chosen, locale, texts))


def _snippet(
    source: KitSource, piece: SnippetPiece, context: dict[str, object], nonce: str
) -> dict[str, CompiledText]:
    """A snippet's document: as a page without form and beacon, its links lead out of the frame."""
    rendering = sandbox.render_file(source, piece.template, context, nonce, autoescape=True)
    rendering = replace(
        rendering, text=_ANCHOR.sub(r'<a target="_blank" rel="noopener"\g<rest>', rendering.text)
    )

    def lines() -> LineMap:
        return LineMap(source, piece.template, context, nonce)

    spots = _scan(rendering.text, rendering, track_links=False, lines=lines, path=piece.template)
    cuts = [(spot.start, spot.end, _hole(spot.hole, spot.context)) for spot in spots if spot.hole is not None]
    return {"html": _split(rendering.text, cuts)}


def data_url(source: KitSource, path: str) -> str:
    """A kit picture as a data address, for previews that need no server."""
    return f"data:{content_type(path)};base64,{b64encode(source.files[path]).decode()}"
