"""Reading kit.toml: its errors become findings that name the line of the key."""

import re
import tomllib
from typing import Any

from babel import Locale, UnknownLocaleError
from pydantic import ValidationError

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.findings import Finding, KitRefused, error
from tmpa.kits.manifest import FILE, KINDS, Manifest, PagePiece
from tmpa.kits.toml_lines import key_lines, line_of
from tmpa.partners.colours import reads


def _sentence(kind: str, context: dict[str, Any], given: str) -> str:
    """The plain sentence for one of pydantic's error kinds."""
    match kind:
        case "missing":
            return _("This key is missing.")
        case "extra_forbidden":
            return _("Kit format 1 has no such key.")
        case "string_pattern_mismatch":
            return _("“%(given)s” has the wrong form.", given=given)
        case "string_too_long" | "too_long":
            return _("This is longer than %(limit)s allows.", limit=context.get("max_length", "?"))
        case "string_too_short" | "too_short":
            return _("This must not be empty.")
        case "union_tag_invalid" | "literal_error":
            expected = context.get("expected") or context.get("expected_tags") or ""
            return _("“%(given)s” is not one of %(expected)s.", given=given, expected=expected)
        case "union_tag_not_found":
            return _("The key kind is missing: %(kinds)s.", kinds=", ".join(KINDS))
        case "greater_than_equal" | "less_than_equal":
            return _("%(given)s is outside the allowed range.", given=given)
        case _:
            return _("“%(given)s” is of the wrong type (%(kind)s).", given=given, kind=kind)


def _label(raw: Any, place: tuple[str | int, ...]) -> str:
    """The place of an error as its author knows it: slots.headline.kind rather than slots.0.kind."""
    words: list[str] = []
    for part in place:
        if part in KINDS and not (isinstance(raw, dict) and part in raw):
            continue  # what the schema puts there to say which kind of piece it means
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            raw = None
        named = raw if isinstance(part, int) and isinstance(raw, dict) else {}
        names = (named.get(key) for key in ("name", "step", "value", "term", "country"))
        words.append(next((name for name in names if isinstance(name, str) and name), str(part)))
    return ".".join(words)


def parse_manifest(data: bytes) -> Manifest:
    """The manifest of a kit.toml. Raises KitRefused with one finding per error."""
    mend = _("See the table of keys in docs/kit-format.md.")
    try:
        text = data.decode("utf-8")
        raw = tomllib.loads(text)
    except UnicodeDecodeError:
        raise KitRefused(
            [error("manifest", FILE, 0, _("The file is not UTF-8."), _("Save it as UTF-8."))]
        ) from None
    except tomllib.TOMLDecodeError as problem:
        at = re.search(r"line (\d+)", str(problem))
        line = int(at[1]) if at else text.count("\n") + 1
        message = _("This is not valid TOML: %(problem)s.", problem=str(problem))
        raise KitRefused([error("manifest", FILE, line, message, _("Correct the line."))]) from None
    lines = key_lines(text)
    try:
        manifest = Manifest.model_validate(raw)
    except ValidationError as problem:
        findings = []
        for item in problem.errors(include_url=False):
            place = tuple(item["loc"])
            label = _label(raw, place)
            given = "" if isinstance(item.get("input"), dict | list) else str(item.get("input"))[:80]
            sentence = _sentence(item["type"], item.get("ctx") or {}, given)
            findings.append(error("manifest", FILE, line_of(lines, place), f"{label}: {sentence}", mend))
        raise KitRefused(findings) from None
    if crossed := _cross_check(manifest, lines):
        raise KitRefused(crossed)
    return manifest


def _known(tag: str) -> bool:
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


def _cross_check(manifest: Manifest, lines: dict[tuple[str | int, ...], int]) -> list[Finding]:
    """Rules over more than one key."""
    findings: list[Finding] = []

    def add(place: tuple[str | int, ...], message: str, mend: str) -> None:
        findings.append(error("manifest", FILE, line_of(lines, place), message, mend))

    for tag in manifest.locales:
        if not _known(tag):
            add(
                ("locales",), _("“%(tag)s” is not a locale.", tag=tag), _("Use tags such as en, de or pt-BR.")
            )
    if len(set(manifest.locales)) != len(manifest.locales):
        add(("locales",), _("A locale is listed twice."), _("List each locale once."))
    if manifest.source_locale not in manifest.locales:
        add(("source_locale",), _("The source locale is not among the locales."), _("Add it to locales."))
    if manifest.valid_from and manifest.valid_until and manifest.valid_from > manifest.valid_until:
        add(
            ("valid_until",), _("The kit would end before it begins."), _("Put valid_until after valid_from.")
        )
    for table, names in (
        ("slots", [slot.name for slot in manifest.slots]),
        ("pieces", [piece.name for piece in manifest.pieces]),
        ("journey", [step.step for step in manifest.journey]),
    ):
        for number, name in enumerate(names):
            if name in names[:number]:
                add(
                    (table, number),
                    _("The name “%(name)s” is used twice.", name=name),
                    _("Rename one of them."),
                )
    rules = manifest.brand
    if rules.colours and not any(reads(colour, rules.min_contrast) for colour in rules.colours):
        message = _(
            "None of these colours reaches a contrast of %(ratio)s with white.", ratio=rules.min_contrast
        )
        add(("brand", "colours"), message, _("Add a darker colour, or lower min_contrast."))
    _check_slots(manifest, add)
    for number, piece in enumerate(manifest.pieces):
        if not piece.template.endswith(KINDS[piece.kind]):
            message = _(
                "The template of a %(kind)s ends in %(suffix)s.", kind=piece.kind, suffix=KINDS[piece.kind]
            )
            add(("pieces", number, "template"), message, _("Rename the file."))
        if isinstance(piece, PagePiece):
            _check_fields(number, piece, add)
    mails = {piece.name for piece in manifest.pieces if piece.kind == "mail"}
    for number, step in enumerate(manifest.journey):
        if step.piece not in mails:
            message = _("The journey sends “%(name)s”, which is no mail of this kit.", name=step.piece)
            add(("journey", number, "piece"), message, _("Name a piece of the kind mail."))
    return findings


def _check_slots(manifest: Manifest, add: Any) -> None:
    for number, slot in enumerate(manifest.slots):
        place = ("slots", number)
        if (slot.kind == "choice") != bool(slot.choices):
            add(
                place,
                _("Choices belong to slots of the kind choice, and only to them."),
                _("Correct the slot."),
            )
        if slot.kind == "choice":
            values = [choice.value for choice in slot.choices]
            if slot.default and slot.default not in values:
                add(
                    (*place, "default"),
                    _("The default is not one of the choices."),
                    _("Use a value of choices."),
                )
            if len(set(values)) != len(values):
                add((*place, "choices"), _("A choice is listed twice."), _("List each value once."))
        for tag in (
            slot.max_lengths.keys() - manifest.locales - {tag.split("-")[0] for tag in manifest.locales}
        ):
            message = _("The kit has no locale “%(tag)s”.", tag=tag)
            add((*place, "max_lengths"), message, _("Name one of the kit's locales."))
        if slot.default and slot.kind in {"image", "date", "money", "link"}:
            add((*place, "default"), _("A slot of this kind has no default."), _("Remove the default."))


def _check_fields(number: int, piece: PagePiece, add: Any) -> None:
    names = [field.name for field in piece.fields]
    for index, field in enumerate(piece.fields):
        place = ("pieces", number, "fields", index)
        if field.name in names[:index]:
            add(place, _("The name “%(name)s” is used twice.", name=field.name), _("Rename one of them."))
        if (field.kind == "choice") != bool(field.choices):
            add(
                place,
                _("Choices belong to fields of the kind choice, and only to them."),
                _("Correct the field."),
            )
    if piece.fields and not any(field.kind == "email" for field in piece.fields):
        add(("pieces", number), _("The form asks for no mail address."), _("Add a field of the kind email."))
