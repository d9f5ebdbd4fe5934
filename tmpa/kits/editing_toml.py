"""Changes to single keys of kit.toml that touch only their lines; comments and order stay."""

import re
import tomllib
from copy import deepcopy
from typing import Any, Literal

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.toml_lines import key_lines

Table = Literal["slots", "pieces"]
Value = str | int | bool | None
_SCALAR = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#"'\[{][^#]*?)(?=\s*(?:#|$))""")

MAX_LINES = 100  # of one value: each is tried as its end
# What can be changed in the editor, and of what type it is.
SLOT_KEYS: dict[str, type] = {
    "label": str, "help": str, "required": bool, "max_length": int, "default": str, "example": str,
}  # fmt: skip
_PIECE_TEXTS = (
    "title", "subject", "preheader", "page_title", "description", "button", "thanks_title", "thanks_text", "alt",
)  # fmt: skip
PIECE_KEYS: dict[str, type] = dict.fromkeys(_PIECE_TEXTS, str)


def _written(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    escaped = (
        value.replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("\n", "\\n")
        .replace("\t", "\\t")
        .replace("\r", "")
    )
    return (
        '"'
        + "".join(char if char >= " " and char != "\x7f" else f"\\u{ord(char):04x}" for char in escaped)
        + '"'
    )


def set_key(text: str, table: Table, name: str, key: str, value: Value) -> str:
    """kit.toml with one key of a slot or piece set, added or (None) removed. Raises Refused, KeyError."""
    data = tomllib.loads(text)
    rows: list[dict[str, Any]] = data.get(table, [])
    number = next((at for at, row in enumerate(rows) if row.get("name") == name), None)
    if number is None:
        raise KeyError(name)
    if rows[number].get(key) == value:
        return text
    wanted = deepcopy(data)
    if value is None:
        wanted[table][number].pop(key, None)
    else:
        wanted[table][number][key] = value
    lines = text.splitlines(keepends=True)
    places = key_lines(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    at = places.get((table, number, key))
    if at is not None:
        _replace(lines, at - 1, key, value, newline)
    else:
        last = max(
            (line for place, line in places.items() if place[:2] == (table, number) and len(place) == 3),
            default=0,
        )
        stop = _value_end(lines, last - 1) if last else 0
        if lines[stop - 1 : stop] and not lines[stop - 1].endswith("\n"):
            lines[stop - 1] += newline
        lines[stop:stop] = [f"{key} = {_written(value)}{newline}"] if value is not None else []
    changed = "".join(lines)
    try:
        is_right = tomllib.loads(changed) == wanted
    except tomllib.TOMLDecodeError:
        is_right = False
    if not is_right:
        message = _(
            "kit.toml is written in a way that can't be changed here. Change “%(key)s” in the file.", key=key
        )
        raise Refused(message, code="toml")
    return changed


def _value_end(lines: list[str], at: int) -> int:
    """The line after the value that begins on line `at`."""
    for end in range(at + 1, min(len(lines), at + MAX_LINES) + 1):
        try:
            tomllib.loads("".join(lines[at:end]))
        except tomllib.TOMLDecodeError:
            continue
        return end
    return at + 1


def _replace(lines: list[str], at: int, key: str, value: Value, newline: str) -> None:
    end = _value_end(lines, at)
    if value is None:
        del lines[at:end]
        return
    before, equals, rest = lines[at].partition("=")
    scalar = _SCALAR.match(rest)
    if end == at + 1 and scalar:
        lead = rest[: scalar.start(1)]
        lines[at] = f"{before}{equals}{lead}{_written(value)}{rest[scalar.end(1) :]}"
    else:
        lines[at:end] = [f"{before}{equals} {_written(value)}{newline}"]
