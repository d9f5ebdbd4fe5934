"""The tables of keys in docs/kit-format.md, made from the manifest's models and the meanings of their keys.

python -m tmpa.kits.key_tables FILE   writes each between its two markers
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from tmpa.kits.manifest import COLOUR, HTTPS, NAME, PIECE, SEMVER, SIZE, WORD
from tmpa.kits.schema import kit_schema
from tmpa.kits.schema_keys import KEYS

_BEGIN = "<!-- keys of {} -->"
_END = "<!-- end of {} -->"
_MARKED = re.compile(r"<!-- keys of (\w+) -->.*?<!-- end of \1 -->", re.DOTALL)
_FORMS = {
    NAME: "3 to 60 of `a-z 0-9 -`, no dash at an end",
    WORD: "`a-z 0-9 _`, begins with a letter, up to 40",
    PIECE: "`a-z 0-9 -`, begins with a letter, up to 40",
    SEMVER: "`MAJOR.MINOR.PATCH`, then `-…` for a preview",
    COLOUR: "`#rrggbb`",
    SIZE: "`WIDTHxHEIGHT`, 10 to 9999 each",
    HTTPS: "an `https://` address",
    r"^[A-Z]{3}$": "three capitals",
    r"^([A-Z]{2}|\*)$": "two capitals, or `*`",
    r"^[A-Za-z0-9_-]{1,60}$": "`A-Z a-z 0-9 _ -`, up to 60",
    r"^[1-9]\d{0,3}:[1-9]\d{0,3}$": "`WIDTH:HEIGHT`, 1 to 9999 each",
}


def table(model: str) -> str:
    """The keys of one table of kit.toml as Markdown; ⓣ marks what is translated."""
    schema = kit_schema()
    part = schema if model == "Manifest" else schema["$defs"][model]
    lines = ["| key | value | when left out | meaning |", "|---|---|---|---|"]
    for name, given in part["properties"].items():
        key = KEYS[model][name]
        mark = " ⓣ" if key.translated else ""
        unit = f" Unit: {key.unit}." if key.unit else ""
        example = (
            f" Example: `{_toml(key.example)}`." if "$ref" not in given and not _is_tables(given) else ""
        )
        cells = (
            f"`{name}`{mark}",
            _value(given),
            _default(name, given, part),
            f"{key.meaning}{unit}{example}",
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def renewed(document: str) -> str:
    """The document with its tables as they should be."""

    def fresh(match: "re.Match[str]") -> str:
        model = match[1]
        return f"{_BEGIN.format(model)}\n{table(model)}\n{_END.format(model)}"

    return _MARKED.sub(fresh, document)


def _is_tables(schema: dict[str, Any]) -> bool:
    items = schema.get("items", {})
    return "$ref" in items or "oneOf" in items


def _value(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return "a table"
    if _is_tables(schema):
        return f"tables, up to {schema['maxItems']}"
    if "const" in schema:
        return f"`{_toml(schema['const'])}`"
    if "enum" in schema:
        return " ".join(f"`{item}`" for item in schema["enum"])
    match schema["type"]:
        case "array":
            most = f", up to {schema['maxItems']}" if "maxItems" in schema else ""
            return f"list{most}: {_value(schema['items'])}"
        case "object":
            return f"table of names with: {_value(schema['additionalProperties'])}"
        case "boolean":
            return "`true` or `false`"
        case "integer" | "number":
            kind = "whole number" if schema["type"] == "integer" else "number"
            return f"{kind}, {schema['minimum']:,} to {schema['maximum']:,}"
        case _:
            return _text(schema)


def _text(schema: dict[str, Any]) -> str:
    if schema.get("format") == "date":
        return "a date, unquoted"
    pattern = schema.get("pattern", "")
    if pattern in _FORMS:
        return _FORMS[pattern]
    if pattern:
        return f"a path that ends in `{pattern.replace(chr(92), '').rstrip('$')}`"
    return f"text, up to {schema['maxLength']:,}" if "maxLength" in schema else "text"


def _default(name: str, schema: dict[str, Any], part: dict[str, Any]) -> str:
    if name in part.get("required", ()):
        return "**needed**"
    if "$ref" in schema or schema.get("default") in (None, "", [], {}):
        return "–"
    return f"`{_toml(schema['default'])}`"


def _toml(value: object) -> str:
    """A value as kit.toml writes it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return value
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Bring the file that the first argument names up to date."""
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
