"""Proof that a finished text is the vendor's constants with nothing but values between them."""

import re

from tmpa.kits.compile import CompiledPiece, CompiledText
from tmpa.kits.holes import Context
from tmpa.kits.slots import clean_richtext

MAX_TRIES = 200_000
_VALUE: dict[Context, re.Pattern[str]] = {
    "text": re.compile(r"[^<>]*"),
    "attribute": re.compile(r"[^<>\"\n]*"),
    "url": re.compile(r"[^<>\"'\s]*"),
    "mailto": re.compile(r"[^<>\"'\s]*"),
    "tel": re.compile(r"[^<>\"']*"),
    "colour": re.compile(r"(#[0-9a-f]{6})?"),
    "plain": re.compile(r".*", re.DOTALL),
}


def verify_locked(rendered: str, compiled: CompiledPiece, part: str = "html") -> bool:
    """Whether `rendered` is exactly the constant stretches of `compiled` with admissible values between.

    Works on the bytes alone, knowing nothing of how they were made. `part` names the text of the piece.
    """
    return _matches(rendered, compiled.texts[part])


def _matches(rendered: str, text: CompiledText) -> bool:
    if not rendered.startswith(text.parts[0]):
        return False
    ends = {len(text.parts[0])}
    tries = 0
    for number, (hole, part) in enumerate(zip(text.holes, text.parts[1:], strict=True)):
        last = number == len(text.holes) - 1
        found: set[int] = set()
        for end in ends:
            if hole.context == "block":
                limit = len(rendered)
            else:
                match = _VALUE[hole.context].match(rendered, end)
                limit = match.end() if match else end
            at = rendered.find(part, end, limit + len(part))
            while at >= 0:
                tries += 1
                if tries > MAX_TRIES:
                    return False
                fits = not last or at + len(part) == len(rendered)
                if fits and (hole.context != "block" or _admissible(rendered[end:at], hole.kind)):
                    found.add(at + len(part))
                at = rendered.find(part, at + 1, limit + len(part))
        ends = found
        if not ends:
            return False
    return len(rendered) in ends


def _admissible(block: str, kind: str) -> bool:
    """Rich text must be a fixed point of the cleaner; a beacon is one of the platform's two tags or nothing."""
    if kind == "beacon":
        return not block or bool(re.fullmatch(r"<(img|script) [^<>]*>(</script>)?", block))
    return not block or clean_richtext(block) == block
