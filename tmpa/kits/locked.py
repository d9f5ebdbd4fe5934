"""Proof that a finished piece is the vendor's constants with nothing but admissible values between.

What is proved of mails, pages, posts and snippets, from the finished bytes and the kit alone: there is a shape (which
optional values are filled, which choices made) for which the kit compiles to constant stretches that stand in the
piece byte by byte and in order, and what lies between two of them could not close its place: text without markup, an
attribute's value without quotes, an address, a colour, rich text of the allowed tags. Besides, what is the platform's
to fill is what it has to be: the kit's own pictures (by their content), the vendor's privacy page, the way to
unsubscribe. Nothing is trusted of how the piece was made. What is not proved: that a value is true, or well chosen.

For documents and banners see `tmpa.kits.locked_typst`: a PDF or a picture can't be compared stretch by stretch.
"""

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape as html_escape
from pathlib import PurePosixPath
from typing import Any

from tmpa.kernel.signing import fingerprint
from tmpa.kits.compile import ENGINE, CompiledPiece, CompiledText, data_url
from tmpa.kits.context import Shape
from tmpa.kits.holes import Context, Hole
from tmpa.kits.render import RenderedMail
from tmpa.kits.slots import clean_richtext
from tmpa.kits.source import KitSource

MAX_BLOCKS = 2_000  # tries to read rich text between two constants; one or two is what happens
_RUN: dict[Context, re.Pattern[str]] = {
    "text": re.compile(r"[^<>]*"),
    "attribute": re.compile(r"[^<>\"\n]*"),
    "url": re.compile(r"[^<>\"'\s]*"),
    "mailto": re.compile(r"[^<>\"'\s]*"),
    "tel": re.compile(r"[^<>\"']*"),
    "plain": re.compile(r".*", re.DOTALL),
}
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_BEACON = re.compile(r"<(img|script) [^<>]*>(</script>)?")
# What stands for a recipient's values when a mail's stretches are looked at: no other hole could give these.
STAND_INS = {
    "unsubscribe": "https://unsubscribe.invalid/",
    "pixel": "https://pixel.invalid/",
    "link": "https://link.invalid/",
}
_ONE_LINE = re.compile(r"[^\n]*")
Exact = Callable[[Hole], re.Pattern[str] | None]
Runs = Callable[[Hole], re.Pattern[str]]


def _any_run(hole: Hole) -> re.Pattern[str]:
    return _RUN[hole.context]


@dataclass(frozen=True, slots=True)
class Region:
    """A constant stretch: the text of the piece that it belongs to ("html", "subject"), its number there, its digest.

    The digest is SHA-256 of the stretch's UTF-8 bytes, in hex.
    """

    text: str
    number: int
    digest: str

    @property
    def name(self) -> str:
        """Such as "html/3": the fourth constant stretch of the HTML."""
        return f"{self.text}/{self.number}"


def regions_of(compiled: CompiledPiece) -> tuple[Region, ...]:
    """Every locked region of a piece, text by text in alphabetical order, each in the order of the piece."""
    return tuple(
        Region(text, number, hashlib.sha256(part.encode()).hexdigest())
        for text in sorted(compiled.texts)
        for number, part in enumerate(compiled.texts[text].parts)
    )


def record_of(compiled: CompiledPiece) -> dict[str, Any]:
    """What is kept beside a finished piece, as JSON: its shape, the digest of the whole and of each region."""
    shape = compiled.shape
    return {
        "format": 1,
        "engine": ENGINE,
        "kind": compiled.kind,
        "piece": compiled.name,
        "locale": compiled.locale,
        "digest": compiled.locked_digest,
        "shape": {
            "filled": sorted(shape.filled),
            "choices": [list(pair) for pair in shape.choices],
            "brand": sorted(shape.brand),
            "alts": sorted(shape.alts),
            "country": shape.country,
        },
        "regions": {region.name: region.digest for region in regions_of(compiled)},
    }


def shape_in(record: Mapping[str, Any]) -> Shape:
    """The shape that a record names. It needn't be trusted: whatever it says, the kit gives the constants."""
    shape = record["shape"]
    return Shape(
        filled=frozenset(shape["filled"]),
        choices=tuple((name, value) for name, value in shape["choices"]),
        brand=frozenset(shape["brand"]),
        alts=frozenset(shape["alts"]),
        country=shape["country"],
    )


def changed_region(record: Mapping[str, Any], compiled: CompiledPiece) -> str:
    """The first region whose digest a record has differently from the kit; empty when none differs."""
    recorded: Mapping[str, str] = record["regions"]
    ours = {region.name: region.digest for region in regions_of(compiled)}
    for name in [*ours, *(name for name in recorded if name not in ours)]:
        if recorded.get(name) != ours.get(name):
            return name
    return "" if record["digest"] == compiled.locked_digest else "holes"


def verify_locked(rendered: str, compiled: CompiledPiece, part: str = "html") -> bool:
    """Whether `rendered` is exactly the constant stretches of `compiled` with admissible values between.

    Works on the bytes alone, knowing nothing of how they were made. `part` names the text of the piece.
    """
    return first_difference(rendered, compiled, part) is None


def first_difference(
    rendered: str,
    compiled: CompiledPiece,
    part: str = "html",
    exact: Exact = lambda _hole: None,
    runs: Runs = _any_run,
) -> str | None:
    """The name of the first region that is not found where it has to be ("html/3"); None when all are.

    `exact` may narrow what a hole admits to one pattern, `runs` to a run of characters.
    """
    number = _unmatched(rendered, compiled.texts[part], exact, runs)
    return None if number is None else f"{part}/{number}"


def verify_finished(data: bytes, compiled: CompiledPiece, source: KitSource) -> str | None:
    """The first region in which a finished piece's bytes differ from the kit's; None when the piece holds.

    `data` as the platform keeps it: a mail's JSON, a page's or snippet's HTML, a post's text. Bytes that can't be read
    at all differ in "bytes".
    """
    try:
        texts = dict(_texts(data, compiled))
    except (ValueError, KeyError, TypeError):
        return "bytes"
    exact, runs = _exactly(source), _runs(source)
    if compiled.kind == "mail" and (number := _wrong_link(data, compiled)):
        return f"link/{number}"
    for name, text in texts.items():
        if (found := first_difference(text, compiled, name, exact, runs)) is not None:
            return found
    return None


def _texts(data: bytes, compiled: CompiledPiece) -> Iterator[tuple[str, str]]:
    """The texts of finished bytes by their names in the compiled piece, recipients' values stood in for."""
    if compiled.kind != "mail":
        yield ("text" if compiled.kind == "social" else "html"), data.decode()
        return
    mail = RenderedMail.from_json(json.loads(data))
    for name in ("html", "text", "subject", "preheader"):
        stretches = getattr(mail, name)
        values = {marker.key: _stand_in(marker.kind, marker.name) for marker in stretches.holes}
        yield name, stretches.fill(values)


def _stand_in(kind: str, name: str) -> str:
    return STAND_INS.get(kind, "x") + (name if kind == "link" else "")


def _wrong_link(data: bytes, compiled: CompiledPiece) -> int:
    """The number of the first link that should lead to an address of the kit's own, and doesn't; 0 when all do."""
    leads = {link.number: link.url for link in RenderedMail.from_json(json.loads(data)).links}
    for link in compiled.links:
        if link.target.startswith("https://") and leads.get(link.number) != link.target:
            return link.number
    return 0


def _exactly(source: KitSource) -> Exact:
    """What the platform's own holes must hold."""

    def pattern(hole: Hole) -> re.Pattern[str] | None:
        match hole.kind:
            case "unsubscribe" | "pixel" | "link":
                return re.compile(re.escape(_stand_in(hole.kind, hole.name)) + r"(?![0-9])")
            case "privacy":
                address = source.manifest.vendor.privacy_url
                return re.compile(f"{re.escape(html_escape(address))}|{re.escape(address)}")
            case "asset" if hole.name in source.files:
                name = fingerprint(source.files[hole.name]) + PurePosixPath(hole.name).suffix.lower()
                embedded = re.escape(html_escape(data_url(source, hole.name)))
                return re.compile(rf"https?://[^<>\"'\s]*/{re.escape(name)}|{embedded}")
            case _:
                return None

    return pattern


def _runs(source: KitSource) -> Runs:
    """In plain text every value but a rich one is a single line."""
    rich = {slot.name for slot in source.manifest.slots if slot.kind == "richtext"}

    def run(hole: Hole) -> re.Pattern[str]:
        is_line = hole.context == "plain" and not (hole.kind == "slot" and hole.name in rich)
        return _ONE_LINE if is_line else _RUN[hole.context]

    return run


def _unmatched(rendered: str, text: CompiledText, exact: Exact, runs: Runs) -> int | None:
    """The number of the first constant that doesn't follow; None when all do and nothing is left over.

    `ends` are all the places where the constants so far may end: a value may hold a copy of the constant after it.
    """
    if not rendered.startswith(text.parts[0]):
        return 0
    ends = [len(text.parts[0])]
    for number, (hole, part) in enumerate(zip(text.holes, text.parts[1:], strict=True), 1):
        only = exact(hole)
        if only is not None:
            starts = [match.end() for end in ends if (match := only.match(rendered, end))]
            found = [at for at in starts if rendered.startswith(part, at)]
        elif hole.context == "colour":
            starts = ends + [end + 7 for end in ends if _COLOUR.match(rendered, end)]
            found = sorted(at for at in set(starts) if rendered.startswith(part, at))
        elif hole.context == "block":
            found = _after_blocks(rendered, ends, part, hole.kind)
        else:
            found = _after_runs(rendered, ends, part, runs(hole))
        ends = [at + len(part) for at in found]
        if number == len(text.parts) - 1:
            ends = [end for end in ends if end == len(rendered)]
        if not ends:
            return number
    return None if ends[-1] == len(rendered) else len(text.parts) - 1


def _after_runs(rendered: str, ends: list[int], part: str, run: re.Pattern[str]) -> list[int]:
    """Where `part` begins after a run of allowed characters from one of `ends`, which are in order.

    Of the ends before a place only the nearest counts: the others' runs cover at least as much. So this takes one look
    at each place, and a value full of copies of the constant costs no more than any other.
    """
    found = []
    limits: dict[int, int] = {}
    at = rendered.find(part, ends[0])
    while at >= 0:
        nearest = ends[bisect_right(ends, at) - 1]
        if nearest not in limits:
            match = run.match(rendered, nearest)
            limits[nearest] = match.end() if match else nearest
        if at <= limits[nearest]:
            found.append(at)
        elif nearest == ends[-1]:
            break  # no run reaches further
        at = rendered.find(part, at + 1) if at < len(rendered) else -1
    return found


def _after_blocks(rendered: str, ends: list[int], part: str, kind: str) -> list[int]:
    found: set[int] = set()
    tries = 0
    for end in ends:
        at = rendered.find(part, end)
        while at >= 0 and tries < MAX_BLOCKS:
            tries += 1
            if _admissible(rendered[end:at], kind):
                found.add(at)
            at = rendered.find(part, at + 1) if at < len(rendered) else -1
    return sorted(found)


def _admissible(block: str, kind: str) -> bool:
    """Rich text must be a fixed point of the cleaner; a beacon is one of the platform's two tags or nothing."""
    if kind == "beacon":
        return not block or bool(_BEACON.fullmatch(block))
    return not block or clean_richtext(block) == block
