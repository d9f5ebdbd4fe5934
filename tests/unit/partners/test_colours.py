"""Contrast as WCAG gives it, and the mended colour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmpa.partners.colours import BLACK, READABLE, WHITE, contrast, mended, parse_colour

COLOURS = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


def test_contrast_of_black_and_white_is_21() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)  # the greyest grey that passes


@given(COLOURS)
def test_a_mended_colour_reads_and_a_readable_one_stays(colour: str) -> None:
    better = mended(colour)
    assert contrast(better, WHITE) >= READABLE
    if contrast(colour, WHITE) >= READABLE:
        assert better == colour


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("#0B6E4F", "#0b6e4f"),
        ("0b6e4f", "#0b6e4f"),
        (" #abc ", "#aabbcc"),
        ("red", None),
        ("#12345", None),
        ("", None),
    ],
)
def test_colours_as_people_type_them(typed: str, kept: str | None) -> None:
    assert parse_colour(typed) == kept
