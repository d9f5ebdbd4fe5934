"""How alike two texts are: for changed source texts at an update, and for the translation memory."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

LEAST = 0.6
"""Below this a suggestion costs more time than it saves; the usual border of translation tools is 0.7 for words."""

_LONG = 300  # characters; beyond, words are compared: comparing characters grows with the square
_MEASURED = 250_000
_WORDS = re.compile(r"\w+|[^\w\s]|\s+")


def similarity(one: str, other: str, least: float = LEAST) -> float:
    """0 (nothing in common) to 1 (equal); 0 as soon as it is sure to be below `least`."""
    if one == other:
        return 1.0
    short, long = sorted((len(one), len(other)))
    if 2 * short < least * (short + long):
        return 0.0
    a: list[str] | str = one
    b: list[str] | str = other
    if long > _LONG:
        a, b = _WORDS.findall(one), _WORDS.findall(other)
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
        return 0.0
    # texts of thousands of words (and repeated ones) would take seconds: there the bag of words has to do
    ratio = matcher.ratio() if len(a) * len(b) < _MEASURED else matcher.quick_ratio()
    return ratio if ratio >= least else 0.0


def most_similar(text: str, others: Iterable[str], least: float = LEAST) -> tuple[str, float] | None:
    """The text most like `text`, with its score; None when none reaches `least`. The first of equals wins."""
    best: tuple[str, float] | None = None
    for other in others:
        score = similarity(text, other, best[1] if best else least)
        if score >= least and (best is None or score > best[1]):
            best = (other, score)
    return best
