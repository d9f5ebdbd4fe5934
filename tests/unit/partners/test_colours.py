"""Contrast as WCAG gives it, nearness as people see it, and colours that always meet a kit's rules."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tmpa.partners.colours import (
    BLACK,
    READABLE,
    WHITE,
    contrast,
    distance,
    is_dark,
    mended,
    nearest,
    oklab,
    parse_colour,
    snapped,
)

COLOURS = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


def test_contrast_of_black_and_white_is_21() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)  # the greyest grey that passes


def test_oklab_gives_the_published_figures() -> None:
    assert oklab(WHITE) == pytest.approx((1, 0, 0), abs=1e-4)
    assert oklab("#ff0000") == pytest.approx((0.6280, 0.2249, 0.1258), abs=1e-3)
    assert oklab("#0000ff") == pytest.approx((0.4520, -0.0324, -0.3115), abs=1e-3)
    assert distance(BLACK, WHITE) == pytest.approx(1, abs=1e-3)


def test_the_nearest_is_the_one_that_looks_alike() -> None:
    assert nearest("#0000aa", ["#aa0000", "#1f4e79", "#00AA00"]) == "#1f4e79"
    assert nearest("#f5c518", ["#0b6e4f", "#9a4a08", "#4a3aa7"]) == "#9a4a08"


@settings(max_examples=60)
@given(COLOURS, st.sampled_from([1.0, 3.0, 4.5, 7.0, 12.0, 21.0]))
def test_a_mended_colour_reads_and_a_readable_one_stays(colour: str, minimum: float) -> None:
    better = mended(colour, minimum)
    assert parse_colour(better) == better
    assert contrast(better, WHITE) >= minimum
    assert max(contrast(better, WHITE), contrast(better, BLACK)) >= max(minimum, READABLE)
    if contrast(colour, WHITE) >= minimum:
        assert better == colour


def test_a_mended_colour_keeps_its_hue() -> None:
    # yellow becomes a dark gold, not a grey and not a green
    lightness, a, b = oklab(mended("#f5c518"))
    assert lightness < oklab("#f5c518")[0] and b > 0.08 and abs(a) < 0.03


@settings(max_examples=60)
@given(COLOURS, st.lists(COLOURS, max_size=6), st.sampled_from([1.0, 3.0, 4.5, 7.0]))
def test_a_snapped_colour_always_meets_the_rules(colour: str, allowed: list[str], minimum: float) -> None:
    result = snapped(colour, allowed, minimum)
    assert contrast(result, WHITE) >= minimum
    if any(contrast(other, WHITE) >= minimum for other in allowed):
        assert result in allowed
    if result in allowed or not allowed:
        assert snapped(result, allowed, minimum) == result


def test_grounds_are_dark_or_light() -> None:
    assert is_dark("#0a1430") and not is_dark("#f3f7f2") and not is_dark("#ffc766")


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
