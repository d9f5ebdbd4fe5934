"""Taking the campaign page's form: every part that can be kept is kept, each refusal comes back with its field."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage, MultiDict

from tmpa.audiences import service as audiences
from tmpa.audiences.models import ContactList
from tmpa.campaigns import pictures, service, typed
from tmpa.campaigns.models import Campaign
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import services
from tmpa.kernel.i18n import current_locale
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.ids import parse
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.scope import load
from tmpa.kits.slots import length_of
from tmpa.kits.source import KitSource
from tmpa.partners.models import BrandProfile
from tmpa.partners.pictures import add_picture
from tmpa.web.campaign.picture_field import picture_control


def take(
    session: Session, source: KitSource, campaign: Campaign, form: "MultiDict[str, str]"
) -> dict[str, str]:
    """Save what the form brought; a sentence for each field that was refused, slots included.

    Parts that the form doesn't have stay as they were. Raises Refused for a campaign that was launched or moved to
    another version of its kit meanwhile.
    """
    service.hold(session, campaign, source)
    errors: dict[str, str] = {}

    def keep(name: str, step: Callable[..., None], *values: object) -> None:
        try:
            step(session, source, campaign, *values)
        except Refused as refusal:
            errors[refusal.field or name] = str(refusal)

    if "name" in form:
        keep("name", _name, form["name"])
    if "locales-shown" in form:
        keep("locales", _locales, form.getlist("locales"))
    if "brand" in form:
        keep("brand", _brand, form["brand"])
    brought = typed.read(source.manifest, source.manifest.locales, form, current_locale())
    if typed.EVERY in brought:
        brought[typed.EVERY] = pictures.settle(
            session,
            services().store,
            services().settings,
            source,
            campaign.partner_id,
            campaign.slots.get(typed.EVERY, {}),
            brought[typed.EVERY],
        )
    keep("slots", _slots, brought)
    if "lists-shown" in form:
        keep("lists", _lists, form.getlist("lists"), form.getlist("lists-shown"))
    if "when" in form:
        keep("time", _time, form)
    return {**slot_errors(source, campaign), **errors}


def slot_errors(source: KitSource, campaign: Campaign) -> dict[str, str]:
    """The campaign's slot errors by form field."""
    result: dict[str, str] = {}
    for locale, errors in campaign.slot_errors.items():
        for slot in source.manifest.slots:
            if slot.name in errors:
                suffix = "-amount" if slot.kind == "money" else ""
                if slot.kind == "image":
                    suffix = picture_control(campaign.slots.get(typed.EVERY, {}).get(slot.name), locale)
                result[typed.field_name(slot, locale) + suffix] = errors[slot.name]
    return result


def _name(session: Session, source: KitSource, campaign: Campaign, name: str) -> None:
    service.save(session, campaign, name=name, source=source)


def _locales(session: Session, source: KitSource, campaign: Campaign, locales: list[str]) -> None:
    service.save(session, campaign, locales=locales, source=source)


def _slots(session: Session, source: KitSource, campaign: Campaign, brought: typed.Values) -> None:
    service.save(session, campaign, slots=brought, source=source)


def _brand(session: Session, source: KitSource, campaign: Campaign, reference: str) -> None:
    service.save(session, campaign, brand=load(session, BrandProfile, reference), source=source)


def _lists(
    session: Session, _source: KitSource, campaign: Campaign, names: list[str], shown: list[str]
) -> None:
    # A list that the page didn't show yet (its import began in another request) stays chosen.
    kept = {each.id for each in audiences.campaign_lists(session, campaign)} - {
        _list_id(name) for name in shown
    }
    wanted = kept | {_list_id(name) for name in names}
    chosen = [row.list for row in audiences.lists(session) if row.list.id in wanted]
    if len(chosen) != len(wanted):
        raise NotFound
    audiences.set_campaign_lists(session, campaign, chosen)


def _list_id(name: str) -> object:
    try:
        return parse(ContactList.__prefix__, name)
    except ValueError:
        raise NotFound from None


def _time(session: Session, _source: KitSource, campaign: Campaign, form: Mapping[str, str]) -> None:
    if form["when"] != "later":
        service.set_time(session, campaign, None)
        return
    zone = form.get("zone", "UTC")
    try:
        day, hour = (
            date.fromisoformat(form.get("day", "")),
            time.fromisoformat(form.get("hour", "") or "09:00"),
        )
        local = datetime.combine(day, hour.replace(tzinfo=None), ZoneInfo(zone))
    except (ValueError, ZoneInfoNotFoundError):
        raise Refused(_("Choose a day, such as 2026-11-30, and a time of day."), "day") from None
    try:
        service.set_time(session, campaign, local.astimezone(UTC), zone)
    except Refused as refusal:
        raise Refused(refusal.message, "day") from None


def take_with_images(
    session: Session,
    store: ObjectStore,
    source: KitSource,
    campaign: Campaign,
    form: "MultiDict[str, str]",
    files: Mapping[str, FileStorage],
) -> tuple[dict[str, str], dict[str, str]]:
    """Keep the pictures that came with a form and choose them, then `take` it.

    A sentence for each field refused, and those among them for files that are no usable picture.
    """
    service.check_editable(campaign)
    filled, refused = form.copy(), {}
    for slot in source.manifest.slots:
        name = typed.field_name(slot, typed.EVERY)
        upload = files.get(f"{name}-file") if slot.kind == "image" else None
        data = upload.read() if upload is not None else b""
        if upload is None or not data:
            continue
        upload.close()  # large ones lie in a file until then
        try:
            picture = add_picture(session, store, campaign.partner_id, data, upload.filename or "")
        except Refused as refusal:
            refused[f"{name}-file"] = str(refusal)
        else:
            filled[f"{name}-picture"] = picture.public_id
    return {**take(session, source, campaign, filled), **refused}, refused


def lengths(source: KitSource, form: "MultiDict[str, str]") -> dict[str, int]:
    """How many characters count of each text that a form brought, by field."""
    return {
        name: length_of(slot, form[name])
        for slot in source.manifest.slots
        if slot.kind not in typed.SHARED_KINDS
        for name in (typed.field_name(slot, locale) for locale in source.manifest.locales)
        if name in form
    }
