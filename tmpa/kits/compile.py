"""Compiling a piece: its template becomes constant stretches and typed holes, once per locale and shape.

What a partner fills in is spliced after this, with the escaping of its place, so nothing of it can reach a constant
stretch: the locked regions are byte-identical for every partner by construction.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial

from markupsafe import Markup

from tmpa.kernel.i18n import direction
from tmpa.kernel.i18n import gettext as _
from tmpa.kits import sandbox
from tmpa.kits.brand import OPTIONAL, Brand
from tmpa.kits.catalogue import Catalogue, load_catalogue
from tmpa.kits.findings import CompileFailed, error
from tmpa.kits.formblock import form_html
from tmpa.kits.holes import RECIPIENT_NAMES, Hole
from tmpa.kits.manifest import FILE, MailPiece, PagePiece, Piece, SocialPiece, key_lines, line_of
from tmpa.kits.mjml_guard import MjmlMistake, compile_mjml
from tmpa.kits.plain import html_to_text
from tmpa.kits.sandbox import LineMap, Rendering, Space, TemplateHole, TemplateMistake, sentinel_pattern
from tmpa.kits.scanner import HoleMisplaced, Scanner, Spot
from tmpa.kits.slots import SlotValues
from tmpa.kits.source import KitSource, content_type
from tmpa.kits.words import words

ENGINE = "1"  # part of every nonce and digest; raise it when the same kit would compile to something else
_TEXT_TOKEN = re.compile(r"zt([0-9]+)tz")
_FLAVOURS: dict[str, sandbox.Flavour] = {"richtext": "richtext", "image": "address", "link": "address"}
_BRAND_FLAVOURS: dict[str, sandbox.Flavour] = {
    "website": "address", "logo_url": "address", "primary": "colour", "on_primary": "colour",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a brand and its slot values changes the layout: which are filled, and the choices."""

    filled: frozenset[str]
    choices: tuple[tuple[str, str], ...]
    brand: frozenset[str]
    alts: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """A stable name of the shape."""
        sets = (sorted(self.filled), list(self.choices), sorted(self.brand), sorted(self.alts))
        return hashlib.sha256(repr(sets).encode()).hexdigest()


def shape_of(brand: Brand, slots: SlotValues) -> Shape:
    """The shape of one brand with its values."""
    alts = frozenset(name for name, text in slots.alts.items() if text)
    return Shape(slots.filled, tuple(sorted(slots.choices.items())), brand.filled, alts)


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
    text (social)."""

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


class _Form:
    """`{{ form }}`: printed once, as HTML with two holes."""

    def __init__(self, make: Callable[[str, str], str]) -> None:
        self._make = make

    def __html__(self) -> Markup:
        action = TemplateHole("form", "action", flavour="address")
        token = TemplateHole("form", "token")
        return Markup(self._make(action.printed(), token.printed()))  # noqa: S704 - built and escaped by us

    def __str__(self) -> str:
        return self.__html__()


def _gettext(book: Catalogue, text: object, /, **values: object) -> str:
    if not isinstance(text, str):
        raise TemplateMistake(_("_() wants a text in quotes."), _("Write the source text itself."))
    translated = book.gettext(text)
    if not values:
        return translated
    try:
        return translated % {name: sandbox.printable(value) for name, value in values.items()}
    except (KeyError, TypeError, ValueError):
        message = _("The placeholders of “%(entry)s” don't fit.", entry=translated[:60])
        mend = _("Use %%(name)s and give a value for each; write %%%% for a percent sign.")
        raise TemplateMistake(message, mend, "placeholder") from None


def _asset(source: KitSource, mail: bool, path: object) -> TemplateHole:
    if not isinstance(path, str) or not path.startswith("images/") or path not in source.files:
        message = _("The kit has no picture %(path)s.", path=str(path)[:100])
        raise TemplateMistake(message, _("Correct the path."), "links")
    if mail and path.endswith(".svg"):
        raise TemplateMistake(_("Mail clients don't show SVG."), _("Use a PNG."), "mail-images")
    return TemplateHole("asset", path, flavour="address")


def _inline(source: KitSource, path: object) -> Markup:
    if not isinstance(path, str) or not path.endswith(".svg") or path not in source.files:
        message = _("The kit has no SVG %(path)s.", path=str(path)[:100])
        raise TemplateMistake(message, _("Correct the path."), "links")
    text = re.sub(r"^\s*<\?xml[^>]*\?>\s*", "", source.text(path))
    return Markup(text)  # noqa: S704 - checked when the kit was read: no script, no handler, no outside reference


def _context(source: KitSource, piece: Piece, book: Catalogue, shape: Shape) -> dict[str, object]:
    """What a template sees."""
    manifest = source.manifest
    choices = dict(shape.choices)
    slots: dict[str, object] = {}
    for slot in manifest.slots:
        if slot.kind == "choice":
            slots[slot.name] = choices.get(slot.name) or slot.default or slot.choices[0].value
            continue
        alt = None
        if slot.kind == "image":
            alt = TemplateHole("slot", f"{slot.name}.alt", slot.name in shape.alts)
        flavour = _FLAVOURS.get(slot.kind, "text")
        slots[slot.name] = TemplateHole(
            "slot", slot.name, slot.name in shape.filled, flavour=flavour, alt=alt
        )
    brand = {
        name: TemplateHole(
            "brand", name, name not in OPTIONAL or name in shape.brand, flavour=_BRAND_FLAVOURS.get(name, "text")
        )
        for name in ("name", "legal_name", "address", "website", "phone", "email", "primary", "on_primary",
                     "logo_url", "logo_alt", "disclaimer")
    }  # fmt: skip
    way = direction(book.locale)
    links = {
        "page": TemplateHole("page", "", flavour="address"),
        "privacy": TemplateHole("privacy", "", flavour="address"),
    }
    vendor = manifest.vendor
    context: dict[str, object] = {
        "_": lambda text, /, **values: _gettext(book, text, **values),  # a partial would show its arguments
        "locale": book.locale,
        "direction": way,
        "start": "right" if way == "rtl" else "left",
        "end": "left" if way == "rtl" else "right",
        "kit": Space(
            "kit",
            {
                "name": manifest.name,
                "title": book.gettext(manifest.title),
                "summary": book.gettext(manifest.summary),
                "version": manifest.version,
                "accent": manifest.accent,
                "vendor": vendor.name,
                "vendor_legal_name": vendor.legal_name,
                "vendor_address": vendor.address,
            },
        ),
        "slot": Space("slot", slots),
        "brand": Space("brand", brand),
        "asset": lambda path: _asset(source, isinstance(piece, MailPiece), path),
    }
    if isinstance(piece, MailPiece):
        recipient = {name: TemplateHole("recipient", name, testable=False) for name in RECIPIENT_NAMES}
        context["recipient"] = Space("recipient", recipient)
        links["unsubscribe"] = TemplateHole("unsubscribe", "", flavour="address")
    if isinstance(piece, PagePiece):
        context["page"] = Space("page", {"url": TemplateHole("page", "", flavour="address")})
        context["form"] = _Form(partial(form_html, piece, book))
        context["inline"] = lambda path: _inline(source, path)
    context["link"] = Space("link", links)
    return context


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
        raise CompileFailed([error("mjml", file, line, problem.message, problem.mend)]) from None
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
        return CompiledText((text,), ())
    compiled = _plain_text(sandbox.render_text(source, text, context, nonce, where))
    for hole in compiled.holes:
        if hole.kind not in {"slot", "brand", "recipient"}:
            message = _("%(hole)s can't stand in a subject or title.", hole=hole.key)
            raise CompileFailed([error("hole", *where, message, _("Use a slot or a brand value."))])
    return compiled


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


@lru_cache(maxsize=2048)
def compile_piece(source: KitSource, piece: str, locale: str, shape: Shape) -> CompiledPiece:
    """Compile a mail, page or social piece for one locale and shape; the same input gives the same bytes.

    Raises CompileFailed with findings, KeyError for a piece that the kit doesn't have.
    """
    chosen = source.manifest.piece(piece)
    book = load_catalogue(source, locale)
    seed = f"{ENGINE}|{source.content_hash}|{piece}|{locale}|{shape.key}"
    nonce = hashlib.sha256(seed.encode()).hexdigest()[:12]
    context = _context(source, chosen, book, shape)
    links: tuple[LinkTarget, ...] = ()
    if isinstance(chosen, MailPiece):
        texts, links = _mail(source, chosen, book, context, nonce)
    elif isinstance(chosen, PagePiece):
        texts = _page(source, chosen, book, context, nonce)
    elif isinstance(chosen, SocialPiece):
        rendering = sandbox.render_file(source, chosen.template, context, nonce, autoescape=False)
        texts = {"text": _plain_text(rendering)}
    else:
        raise KeyError(piece)
    return CompiledPiece(chosen.kind, piece, locale, shape, texts, links, _digest(chosen, locale, texts))


def data_url(source: KitSource, path: str) -> str:
    """A kit picture as a data address, for previews that need no server."""
    return f"data:{content_type(path)};base64,{b64encode(source.files[path]).decode()}"
