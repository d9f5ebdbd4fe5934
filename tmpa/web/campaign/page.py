"""What the campaign page shows, put together from the rooms it looks into."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel import dates
from babel.numbers import format_currency
from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.audiences import service as audiences
from tmpa.audiences.models import ContactImport, ContactList
from tmpa.campaigns import typed
from tmpa.campaigns.brands import brand_problems
from tmpa.campaigns.models import Campaign
from tmpa.campaigns.service import Problem, readiness
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import services
from tmpa.kernel.i18n import babel_locale, current_locale, direction, format_datetime, language_name, ngettext
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.money import Money
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.localisation.coverage import also_reads
from tmpa.kits.manifest import Slot
from tmpa.kits.slots import length_of
from tmpa.kits.source import KitSource
from tmpa.sending import launch
from tmpa.web.campaign.picture_field import PictureField, is_usable, picture_field

CURRENCIES = (
    "EUR", "USD", "GBP", "CHF", "JPY", "AED", "AUD", "BHD", "CAD", "CNY", "CZK", "DKK", "EGP", "HKD", "INR", "JOD",
    "KRW", "KWD", "MAD", "NOK", "NZD", "PLN", "QAR", "SAR", "SEK", "SGD", "TND", "TRY", "ZAR",
)  # fmt: skip
ONLY: dict[str, Any] = {
    "not_clicked": _l("to those who have not clicked"),
    "not_opened": _l("to those who have not opened"),
    "not_submitted": _l("to those who have not answered"),
}


@dataclass(frozen=True, slots=True)
class SlotField:
    """One slot as a form field."""

    slot: Slot
    name: str
    label: str
    help: str
    value: Any
    error: str
    locale: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    picture: PictureField | None = None

    @property
    def direction(self) -> str:
        return direction(self.locale or None)

    @property
    def length(self) -> int:
        """How many characters of the text count, as the server counts them."""
        return length_of(self.slot, str(self.value))


@dataclass(frozen=True, slots=True)
class Panel:
    """The slots of one language."""

    locale: str
    title: str
    fields: list[SlotField]

    @property
    def problems(self) -> int:
        return sum(bool(each.error) for each in self.fields)


@dataclass(frozen=True, slots=True)
class ListChoice:
    """A contact list that the campaign may go to."""

    list: ContactList
    people: int
    chosen: bool
    importing: ContactImport | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One mail of the journey with the moment it is due."""

    title: str
    at: datetime | None
    day: int
    only: str


@dataclass(slots=True)
class Check:
    """Whether the campaign can go, and exactly what would happen."""

    problems: list[tuple[str, str]] = field(default_factory=list)
    sentence: str = ""
    confirm: str = ""
    forecast: launch.Forecast | None = None
    languages: list[tuple[str, int]] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        return not self.problems

    @property
    def step(self) -> int:
        """The step to look at next, counted from 0: pieces, people, time, check."""
        if self.is_ready:
            return 3
        places = {href for _message, href in self.problems}
        return 1 if places == {"#people"} else 2 if places == {"#time"} else 0


def shared_fields(
    session: Session, source: KitSource, campaign: Campaign, errors: dict[str, str]
) -> list[SlotField]:
    """The slots that serve every language."""
    return [
        _with_picture(session, campaign, _field(source, slot, typed.EVERY, campaign, errors))
        for slot in source.manifest.slots
        if slot.kind in typed.SHARED_KINDS
    ]


def _with_picture(session: Session, campaign: Campaign, item: SlotField) -> SlotField:
    if item.slot.kind != "image":
        return item
    return replace(item, picture=picture_field(session, campaign, item.slot, item.value))


def panels(source: KitSource, campaign: Campaign, errors: dict[str, str]) -> list[Panel]:
    """The texts, one panel for each chosen language."""
    return [
        Panel(
            locale,
            language_name(locale),
            [
                _field(source, slot, locale, campaign, errors)
                for slot in source.manifest.slots
                if slot.kind not in typed.SHARED_KINDS
            ],
        )
        for locale in campaign.locales
    ]


def _field(
    source: KitSource, slot: Slot, locale: str, campaign: Campaign, errors: dict[str, str]
) -> SlotField:
    name = typed.field_name(slot, locale)
    words = load_catalogue(source, reader_locale(source)).gettext
    kept = campaign.slots.get(locale, {}).get(slot.name)
    if kept is None:
        kept = typed.default_of(
            source, slot, source.manifest.source_locale if locale == typed.EVERY else locale
        )
    if slot.kind == "money":
        kept = _amount(kept, source.manifest.mdf.currency)
    own = campaign.slot_errors.get(locale if locale != typed.EVERY else campaign.locales[0], {})
    control = f"{name}-file" if slot.kind == "image" else name
    sentence = errors.get(control) or own.get(slot.name, "")
    if slot.kind == "image" and is_usable(kept):
        sentence = errors.get(control, "")  # the other sentences stand beside the descriptions
    choices = tuple((choice.value, words(choice.label)) for choice in slot.choices)
    shown = "" if locale == typed.EVERY else locale
    explained = words(slot.help) if slot.help else ""
    return SlotField(slot, name, words(slot.label), explained, kept, sentence, shown, choices)


def reader_locale(source: KitSource) -> str:
    """The kit's locale that is nearest to the reader's language."""
    mine = current_locale().split("-")[0]
    return next(
        (tag for tag in source.manifest.locales if tag.split("-")[0] == mine), source.manifest.source_locale
    )


def _amount(kept: Any, currency: str) -> dict[str, str]:
    if not isinstance(kept, dict):
        return {"amount": "", "currency": currency}
    if "amount_minor" not in kept:
        return {"amount": kept.get("typed", ""), "currency": kept.get("currency") or currency}
    money = Money(kept["amount_minor"], kept["currency"])
    text = format_currency(money.decimal(), money.currency, "#,##0.00", locale=babel_locale(current_locale()))
    return {"amount": text, "currency": money.currency}


def list_choices(session: Session, campaign: Campaign) -> list[ListChoice]:
    """Every list of the partner, those of the campaign marked, with an import still under way."""
    chosen = {each.id for each in audiences.campaign_lists(session, campaign)}
    running = {
        each.list_id: each
        for each in session.scalars(
            select(ContactImport).where(ContactImport.state.in_(("waiting", "running")))
        )
    }
    return [
        ListChoice(summary.list, summary.people, summary.list.id in chosen, running.get(summary.list.id))
        for summary in audiences.lists(session)
    ]


def stages(source: KitSource, campaign: Campaign) -> list[Stage]:
    """The mails of the journey, with their moments as they would be if launched as planned."""
    words = load_catalogue(source, reader_locale(source)).gettext
    start = campaign.launched_at or campaign.launch_at
    return [
        Stage(
            words(source.manifest.piece(step.piece).title),
            step.due_at or ((start or utcnow()) + timedelta(days=step.day) if start or step.day else None),
            step.day,
            str(ONLY.get(step.only, "")),
        )
        for step in campaign.steps
    ]


def check(session: Session, campaign: Campaign, source: KitSource) -> Check:
    """What is missing, or the sentence that says what launching will do."""
    found = readiness(session, campaign)
    found += [
        Problem(message, "brand", "logo") for message in brand_problems(services().store, source, campaign)
    ]
    result = Check(problems=[(problem.message, target(campaign, problem)) for problem in found])
    forecast = result.forecast = launch.forecast(session, campaign)
    if len(campaign.locales) > 1:
        counts = ((tag, forecast.by_locale.get(tag, 0)) for tag in campaign.locales)
        result.languages = [(language_name(tag), count) for tag, count in counts]
    sends = forecast.to_send
    if not audiences.campaign_lists(session, campaign):
        result.problems.append((_("Choose at least one list of people."), "#people"))
    elif sends == 0:
        result.problems.append((_("Nobody on the chosen lists can be written to."), "#people"))
    if campaign.launch_at is not None and campaign.launch_at <= utcnow():
        result.problems.append((_("The planned time has passed. Choose a later one."), "#time"))
    result.sentence = forecast.sentence()
    result.confirm = "\n".join(filter(None, (result.sentence, when_sentence(campaign))))
    return result


def target(campaign: Campaign, problem: Problem) -> str:
    """Where a problem is mended."""
    if problem.part == "brand":
        page = url_for("campaigns.show", campaign=campaign.public_id)
        brand, anchor = campaign.brand, problem.field or None
        if brand is None or brand.is_default:
            return url_for("partners.brand", next=page, _anchor=anchor)
        return url_for("partners.one_brand", brand=brand.public_id, next=page, _anchor=anchor)
    if problem.part == "kit":
        return url_for("campaigns.index")
    return f"#{problem.field or problem.part}"


def when_sentence(campaign: Campaign) -> str:
    """When the first mail leaves and what follows."""
    if campaign.launch_at is None:
        first = _("The first mail leaves now.")
    else:
        first = _(
            "The first mail leaves on %(moment)s.", moment=in_zone(campaign.launch_at, campaign.launch_zone)
        )
    later = len(campaign.steps) - 1
    if later < 1:
        return first
    more = ngettext(
        "%(num)s more mail follows on its day.", "%(num)s more mails follow on their days.", later
    )
    return f"{first} {more}"


def in_zone(moment: datetime, zone: str) -> str:
    """A moment in the zone in which it was chosen, with the zone's name."""
    try:
        local = moment.astimezone(ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        return format_datetime(moment)
    text = dates.format_datetime(local, "medium", tzinfo=local.tzinfo, locale=babel_locale(current_locale()))
    return f"{text} ({zone_label(zone or 'UTC')})"


@dataclass(frozen=True, slots=True)
class When:
    """The fields of the time step as they are shown."""

    later: bool
    day: str
    hour: str
    zone: str


def when_fields(campaign: Campaign, form: Mapping[str, str], own_zone: str) -> When:
    """The planned time, or what was typed; a new plan starts tomorrow at nine in the reader's zone."""
    if "when" in form:
        return When(
            form["when"] == "later", form.get("day", ""), form.get("hour", ""), form.get("zone", own_zone)
        )
    zone = campaign.launch_zone or own_zone
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone, place = "UTC", ZoneInfo("UTC")
    if campaign.launch_at is None:
        return When(False, (utcnow().astimezone(place) + timedelta(days=1)).date().isoformat(), "09:00", zone)
    local = campaign.launch_at.astimezone(place)
    return When(True, local.date().isoformat(), local.strftime("%H:%M"), zone)


def sender_line(campaign: Campaign) -> str:
    """Who writes, as an inbox shows it."""
    brand = campaign.brand
    return f"{brand.sender_name} <{brand.sender_email}>" if brand and brand.sender_email else ""


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """The time zones that people choose from."""
    regions = (
        "Africa",
        "America",
        "Antarctica",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
    return (
        "UTC",
        *sorted(name for name in available_timezones() if name.startswith(tuple(f"{r}/" for r in regions))),
    )


def zone_label(zone: str) -> str:
    """A zone's name without underscores."""
    return zone.replace("_", " ")


def locale_choices(source: KitSource, campaign: Campaign) -> Iterable[tuple[str, str, bool]]:
    """Tag, name and whether the campaign uses it, for each language of the kit. One that reads another's texts where
    it has none of its own says so."""
    return [(tag, _reads(source, tag), tag in campaign.locales) for tag in source.manifest.locales]


def _reads(source: KitSource, tag: str) -> str:
    other = also_reads(source, tag)
    if other is None:
        return language_name(tag)
    return _("%(language)s (uses %(other)s)", language=language_name(tag), other=language_name(other))
