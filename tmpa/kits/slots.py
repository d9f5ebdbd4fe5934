"""Slot values: what a partner types, held to the kit's rules and made ready to print."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from html import escape as html_escape
from types import MappingProxyType
from typing import Any

import nh3
from babel.dates import format_date

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import babel_locale, format_money, use_locale
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.lookalikes import plainly
from tmpa.kernel.money import MAX_MINOR, check_currency
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.manifest import Slot
from tmpa.kits.plain import html_to_text
from tmpa.kits.source import KitSource
from tmpa.kits.values import check_length, check_link, clean_lines, clean_text, count_characters, is_blank

RICH_TAGS = {"p", "strong", "em", "ul", "ol", "li", "a", "br"}
MAX_RAW = 40_000  # characters; anything longer is not typed by a person
_TAG = re.compile(r"</?[a-zA-Z]")
_BLOCK = re.compile(r"<(p|ul|ol)\b")
_IMAGE = re.compile(r"(https?://|/|data:image/(png|jpeg);base64,)[^\s\"'<>\\`]+")


@dataclass(frozen=True, slots=True)
class SlotValues:
    """Checked values of one locale. `texts` are ready to print (HTML for rich text, an address for images and links).

    `choices` are the chosen values of choice slots, `alts` the alternative texts of images. `errors` are the sentences
    of values left out (`partial=True`).
    """

    locale: str
    texts: Mapping[str, str]
    choices: Mapping[str, str]
    alts: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def filled(self) -> frozenset[str]:
        """Names of the slots that have a value (choices apart)."""
        return frozenset(name for name, text in self.texts.items() if text)


class SlotsRefused(Refused):
    """Values that the kit's rules refuse; `.errors` maps slot name to sentence."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        name, sentence = next(iter(self.errors.items()))
        super().__init__(sentence, name, "slots")


def clean_richtext(value: str) -> str:
    """HTML of the allowed tags only; plain text becomes paragraphs. Links are https or gone."""
    value = clean_lines(value)
    if not _TAG.search(value):
        paragraphs = [part for part in re.split(r"\n\s*\n", value) if part.strip()]
        value = "".join(
            f"<p>{html_escape(part, quote=False).replace(chr(10), '<br>')}</p>" for part in paragraphs
        )
    cleaned: str = nh3.clean(
        value,
        tags=RICH_TAGS,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href"}},
        url_schemes={"https"},
        link_rel=None,
    )
    return cleaned if _BLOCK.search(cleaned) or not cleaned.strip() else f"<p>{cleaned}</p>"


def validate_slots(
    source: KitSource,
    raw: Mapping[str, object],
    locale: str,
    *,
    partial: bool = False,
    image_prefixes: tuple[str, ...] | None = None,
) -> SlotValues:
    """Check the values of one locale; empty ones fall back to the slot's translated default.

    `image_prefixes`: when given, image addresses must begin with one of them (the platform's own store).
    Raises SlotsRefused with a sentence per slot. With `partial`, values at fault are left out and named in `.errors`,
    and a required slot may be empty: a live preview shows what there is.
    """
    texts: dict[str, str] = {}
    choices: dict[str, str] = {}
    alts: dict[str, str] = {}
    errors: dict[str, str] = {}
    gettext = load_catalogue(source, locale).gettext
    for name in raw:
        if all(slot.name != name for slot in source.manifest.slots):
            errors[str(name)[:60]] = _("This kit has no slot of that name.")
    for slot in source.manifest.slots:
        value = raw.get(slot.name)
        if (
            value is None
            or value == ""
            or value == {}
            or (isinstance(value, str) and is_blank(value[:MAX_RAW]))
        ):
            value = (
                gettext(slot.default) if slot.kind in {"text", "richtext"} and slot.default else slot.default
            )
        default = _fallback(slot)
        try:
            texts[slot.name] = ""
            if value == "" or value is None:
                if slot.required and slot.kind != "choice":
                    raise Refused(_("Please fill this in."), slot.name)
            elif slot.kind == "choice":
                choices[slot.name] = _choice(slot, value)
            elif slot.kind == "image":
                texts[slot.name], alts[slot.name] = _image(slot, value, locale, image_prefixes)
            else:
                texts[slot.name] = _text(source, slot, value, locale)
        except Refused as refusal:
            errors[slot.name] = str(refusal)
        if slot.kind == "choice":
            texts.pop(slot.name)
            choices.setdefault(slot.name, default)
    if errors and not partial:
        raise SlotsRefused(errors)
    return SlotValues(
        locale,
        MappingProxyType(texts),
        MappingProxyType(choices),
        MappingProxyType(alts),
        MappingProxyType(errors),
    )


def length_of(slot: Slot, value: str) -> int:
    """How many characters of a text or rich text count against its slot's limit, as people count them."""
    if len(value) > MAX_RAW:
        return len(value)
    return count_characters(clean_text(value) if slot.kind == "text" else _rich_plain(clean_richtext(value)))


def _rich_plain(rich: str) -> str:
    """What of a rich text counts: its words and line ends, not its tags and addresses."""
    return html_to_text(rich, "%(label)s")[0].replace("\n\n", "\n")


def _fallback(slot: Slot) -> str:
    """A choice always has a value: the default, else the first."""
    return slot.default or (slot.choices[0].value if slot.choices else "")


def _string(slot: Slot, value: object) -> str:
    if not isinstance(value, str):
        raise Refused(_("Write a text here."), slot.name)
    if len(value) > MAX_RAW:
        raise Refused(
            _("This is far too long; nothing may be longer than %(limit)s characters.", limit=MAX_RAW),
            slot.name,
        )
    return value


def _choice(slot: Slot, value: object) -> str:
    text = _string(slot, value)
    if all(choice.value != text for choice in slot.choices):
        raise Refused(_("Choose one of the listed values."), slot.name)
    return text


def _text(source: KitSource, slot: Slot, value: object, locale: str) -> str:
    match slot.kind:
        case "text":
            text = clean_text(_string(slot, value))
            check_length(text, slot.limit(locale), slot.name)
            _forbidden(source, slot, text)
            return text
        case "richtext":
            rich = clean_richtext(_string(slot, value))
            plain = _rich_plain(rich)
            check_length(plain, slot.limit(locale), slot.name)
            _forbidden(source, slot, plain)
            return _checked_links(rich, slot) if plain else ""
        case "link":
            return check_link(_string(slot, value), slot.name, slot.domains)
        case "date":
            return _date(slot, value, locale)
        case "money":
            return _money(slot, value, locale)
        case _:
            raise AssertionError(slot.kind)


def _checked_links(rich: str, slot: Slot) -> str:
    def checked(match: "re.Match[str]") -> str:
        address = match[1].replace("&amp;", "&")
        return f'href="{html_escape(check_link(address, slot.name, slot.domains))}"'

    return re.sub(r'href="([^"]*)"', checked, rich)


def _forbidden(source: KitSource, slot: Slot, text: str) -> None:
    read = plainly(text)
    for word in source.manifest.brand.forbidden_words:
        if re.search(rf"(?<!\w){re.escape(plainly(word))}(?!\w)", read):
            raise Refused(_("The vendor doesn't allow the word “%(word)s”.", word=word), slot.name)


def _date(slot: Slot, value: object, locale: str) -> str:
    try:
        day = date.fromisoformat(_string(slot, value).strip())
    except ValueError:
        raise Refused(_("Write a date as year-month-day, such as 2026-11-30."), slot.name) from None
    if not 2000 <= day.year <= 2100:
        raise Refused(_("The year must lie between 2000 and 2100."), slot.name)
    return str(format_date(day, "long", locale=babel_locale(locale)))


def _money(slot: Slot, value: object, locale: str) -> str:
    problem = _("Write an amount and a currency.")
    if not isinstance(value, Mapping):
        raise Refused(problem, slot.name)
    amount: Any = value.get("amount_minor")
    currency: Any = value.get("currency")
    if not isinstance(amount, int) or isinstance(amount, bool) or not isinstance(currency, str):
        raise Refused(problem, slot.name)
    if not 0 <= amount <= MAX_MINOR:
        raise Refused(_("The amount is outside the allowed range."), slot.name)
    code = check_currency(currency)
    with use_locale(locale):
        return format_money(amount, code)


def crop_of(slot: Slot) -> str:
    """The cut that an image slot wants, as kept with a picture: ratio and width of its place, such as "16:9@600"."""
    return f"{slot.ratio or 'any'}@{slot.min_width or 0}"


def _image(slot: Slot, value: object, locale: str, prefixes: tuple[str, ...] | None) -> tuple[str, str]:
    """Address and alternative text. A picture of the partner's own (`picture`) must have been cut for this slot."""
    given = {"url": value, "decorative": True} if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        raise Refused(_("Choose a picture."), slot.name)
    address, alts = given.get("url", ""), given.get("alt", "")
    alt = alts.get(locale, "") if isinstance(alts, Mapping) else alts
    if not isinstance(address, str) or not isinstance(alt, str) or not _IMAGE.fullmatch(address):
        raise Refused(_("Choose a picture."), slot.name)
    if prefixes is not None and not address.startswith(prefixes):
        raise Refused(_("Upload the picture here; pictures of other sites can't be used."), slot.name)
    if "picture" in given and given.get("crop") != crop_of(slot):
        raise Refused(
            _("The kit now shows this picture in another shape. Choose its middle again."), slot.name
        )
    if given.get("decorative") is True:
        return address, ""
    alt = clean_text(alt)
    if is_blank(alt):
        raise Refused(
            _("Say what the picture shows, for people who can't see it, or mark it as decoration."), slot.name
        )
    check_length(alt, slot.limit(locale), slot.name)
    return address, alt
