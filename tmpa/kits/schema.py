"""The JSON Schema (2020-12) of kit.toml, made from the manifest's models: editors complete, explain and check with it.

What only the check can say (names that must exist, names used twice) is not in it.
"""

import json
import re
from typing import Any

from tmpa.kits.manifest import KINDS, Manifest
from tmpa.kits.schema_keys import KEYS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILE_NAME = "kit.schema.json"


def kit_schema() -> dict[str, Any]:
    """The schema as plain values. Every key has a description and an example, and `x-unit` where it has a unit."""
    made = Manifest.model_json_schema()
    tables: dict[str, dict[str, Any]] = {"Manifest": made, **made["$defs"]}
    for model, table in tables.items():
        table.pop("title", None)
        for name, schema in table["properties"].items():
            _explain(schema, model, name)
        if kind := _kind(table):
            table["properties"]["template"]["pattern"] = re.escape(KINDS[kind]) + "$"
    made["properties"]["pieces"]["items"].pop("discriminator")
    _choices(made["$defs"]["Slot"])
    _choices(made["$defs"]["FormField"])
    made.pop("description", None)
    return {"$schema": DIALECT, "title": "kit.toml of a tmpa kit, format 1", **made}


def schema_text() -> str:
    """The schema as the file that is shipped as docs/kit.schema.json."""
    return json.dumps(kit_schema(), ensure_ascii=False, indent=2) + "\n"


def _explain(schema: dict[str, Any], model: str, name: str) -> None:
    key = KEYS[model][name]
    schema.pop("title", None)
    _without_null(schema)
    sentences = [key.meaning]
    if key.unit:
        sentences.append(f"Unit: {key.unit}.")
        schema["x-unit"] = key.unit
    if key.translated:
        sentences.append("Translated through the catalogues.")
    schema["description"] = " ".join(sentences)
    schema["examples"] = [key.example]


def _kind(table: dict[str, Any]) -> str:
    """The kind of piece that a table describes; "" for other tables."""
    return str(table["properties"].get("kind", {}).get("const", ""))


def _without_null(schema: dict[str, Any]) -> None:
    """TOML has no null: to leave the key out is the way to say none. Its dates are texts to editors."""
    options = schema.pop("anyOf", None)
    if options is None:
        return
    schema.pop("default")
    schema |= next(option for option in options if option["type"] != "null")
    if schema.get("format") == "date":
        schema["pattern"] = r"^\d{4}-\d{2}-\d{2}$"


def _choices(table: dict[str, Any]) -> None:
    """Choices belong to the kind choice, and only to it."""
    table["if"] = {"properties": {"kind": {"const": "choice"}}, "required": ["kind"]}
    table["then"] = {"required": ["choices"], "properties": {"choices": {"minItems": 1}}}
    table["else"] = {"properties": {"choices": {"maxItems": 0}}}
