"""Where the keys of a TOML text stand: the parser of the standard library doesn't say."""

import re

# what pydantic puts into the place of a piece's error
_TAGS = {"mail", "page", "social", "document", "banner", "snippet"}
_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_-]+)\s*=")


def key_lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Line (from 1) of every key and table header of a TOML text, by its place such as ("slots", 0, "name")."""
    lines: dict[tuple[str | int, ...], int] = {}
    counts: dict[tuple[str | int, ...], int] = {}
    place: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            *parents, last = header[2].split(".")
            place = ()
            for name in parents:
                place = (*place, name)
                if place in counts:
                    place = (*place, counts[place] - 1)
            place = (*place, last)
            if header[1] == "[[":
                counts[place] = counts.get(place, 0) + 1
                lines.setdefault(place, number)
                place = (*place, counts[place] - 1)
            lines.setdefault(place, number)
        elif key := _KEY.match(line):
            lines.setdefault((*place, key[1]), number)
    return lines


def line_of(lines: dict[tuple[str | int, ...], int], place: tuple[str | int, ...]) -> int:
    """The line of a key, or of the nearest table around it; 0 when the text has neither."""
    place = tuple(part for part in place if part not in _TAGS)
    while place:
        if place in lines:
            return lines[place]
        place = place[:-1]
    return 0
