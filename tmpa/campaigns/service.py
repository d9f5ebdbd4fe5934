"""Campaigns from their making to the moment before launch: create, save, duplicate, discard, and what is missing."""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from babel.lists import format_list
from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.accounts.models import Organization, User
from tmpa.campaigns import typed
from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotAllowed, Refused
from tmpa.kernel.i18n import babel_locale, current_locale, format_date, language_name, nearest
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.scope import session_scope
from tmpa.kits.eligibility import obstacle_of
from tmpa.kits.models import KitVersion
from tmpa.kits.source import KitSource
from tmpa.partners import service as partners
from tmpa.partners.brands import LABELS, default_brand, missing, missing_by_law
from tmpa.partners.models import BrandProfile
from tmpa.partners.registration import PREFIX

Part = Literal["brand", "pieces", "people", "time", "kit"]
EDITABLE = ("draft", "scheduled")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True)
class Problem:
    """What still keeps a campaign from being launched: a sentence, the part of the page, and the field's id there."""

    message: str
    part: Part
    field: str = ""


def create(session: Session, kit_version: KitVersion, name: str = "", locale: str = "") -> Campaign:
    """A draft from a kit version for the partner that acts. Raises Refused when the kit can't be used now.

    It begins in the language that the partner reads, if the kit speaks it, and with the partner's default brand.
    """
    scope = session_scope(session)
    if scope.side != "partner" or scope.organization_id is None:
        raise NotAllowed
    for problem in kit_problems(session, kit_version, scope.organization_id):
        raise Refused(problem, code="kit")
    if not partners.may_run_campaigns(session, kit_version.vendor_id, scope.organization_id):
        raise Refused(
            _l("The vendor has paused your place in this programme; ask them to resume it."), code="partner"
        )
    manifest = kit_version.manifest
    brand = default_brand(session, scope.organization_id)
    campaign = Campaign(
        vendor_id=kit_version.vendor_id,
        partner_id=scope.organization_id,
        kit_version_id=kit_version.id,
        brand_id=brand.id if brand else None,
        name=(name.strip() or str(manifest["title"]))[:200],
        slug=_fresh_slug(kit_version.kit.name),
        slots={},
        slot_errors={},
        locales=[_first_locale(session, manifest, locale)],
        saved_at=utcnow(),
    )
    session.add(campaign)
    session.flush()
    plan_steps(session, campaign, manifest)
    audit.record(session, "campaign.created", campaign, kit=kit_version.kit.name, version=kit_version.version)
    return campaign


def _fresh_slug(kit_name: str) -> str:
    # 50 random bits: an address that isn't told is not found by trying
    return f"{kit_name[:60]}-{''.join(secrets.choice(_ALPHABET) for _each in range(10))}"


def _first_locale(session: Session, manifest: Mapping[str, Any], asked: str) -> str:
    scope = session_scope(session)
    user = session.get(User, scope.user_id) if scope.user_id else None
    organization = session.get(Organization, scope.organization_id)
    offered: list[str] = manifest["locales"]
    for wish in (
        asked,
        organization.locale if organization else "",
        user.locale if user else "",
        current_locale(),
    ):
        for tag in offered:
            if wish and (tag == wish or tag.split("-")[0] == wish.split("-")[0]):
                return tag
    return str(manifest["source_locale"])


def plan_steps(session: Session, campaign: Campaign, manifest: Mapping[str, Any]) -> None:
    """Give a campaign without steps those of the kit's journey; without a journey its first mail is the only one."""
    journey = (
        manifest.get("journey")
        or [
            {"step": piece["name"], "piece": piece["name"]}
            for piece in manifest["pieces"]
            if piece["kind"] == "mail"
        ][:1]
    )
    for position, step in enumerate(journey):
        only = step.get("only", "")
        session.add(
            CampaignStep(
                vendor_id=campaign.vendor_id,
                partner_id=campaign.partner_id,
                campaign=campaign,
                name=step["step"],
                piece=step["piece"],
                position=position,
                day=step.get("day", 0),
                only="" if only == "all" else only,
            )
        )
    session.flush()


def check_editable(campaign: Campaign) -> None:
    """Raises Refused once a campaign has been launched: what was sent stays what was shown."""
    if campaign.state not in EDITABLE:
        raise Refused(_l("This campaign has been launched; it can't be changed any more."), code="launched")


def hold(session: Session, campaign: Campaign, source: KitSource | None = None) -> None:
    """Hold a campaign until the transaction ends and read it anew, before anything of it is changed.

    Raises Refused when it has been launched meanwhile, or moved away from the kit version of `source` (code "moved").
    """
    session.flush()
    session.refresh(campaign, with_for_update=True)
    check_editable(campaign)
    if source is not None and source.content_hash != campaign.kit_version.content_hash:
        message = _l("This campaign has moved to another version of its kit. Load the page again.")
        raise Refused(message, code="moved")


def save(
    session: Session,
    campaign: Campaign,
    slots: typed.Values | None = None,
    locales: Iterable[str] | None = None,
    name: str | None = None,
    brand: BrandProfile | None = None,
    source: KitSource | None = None,
) -> dict[str, dict[str, str]]:
    """Keep what is given (`slots` by locale, "*" for every locale); slot errors by locale, which don't stop saving.

    With the kit's `source` the slots are checked; without it only what is missing is found. Raises Refused for a
    launched campaign, an unknown locale, or an empty name.
    """
    check_editable(campaign)
    manifest = campaign.kit_version.manifest
    if name is not None:
        if not name.strip():
            raise Refused(_l("Give the campaign a name; only you see it."), "name")
        campaign.name = name.strip()[:200]
    if locales is not None:
        campaign.locales = _known_locales(manifest, locales)
    if slots is not None:
        campaign.launch_problem = ""
        campaign.slots = typed.merged(campaign.slots, slots, typed.defaults(source) if source else {})
    if brand is not None:
        campaign.brand_id = brand.id
        campaign.brand = brand
    campaign.slot_errors = slot_errors(campaign, source)
    campaign.saved_at = utcnow()
    return campaign.slot_errors


def _known_locales(manifest: Mapping[str, Any], asked: Iterable[str]) -> list[str]:
    wanted = set(asked)
    chosen = [tag for tag in manifest["locales"] if tag in wanted]
    if not chosen:
        raise Refused(_l("Choose at least one language."), "locales")
    return chosen


def slot_errors(campaign: Campaign, source: KitSource | None) -> dict[str, dict[str, str]]:
    """What can't be used or is missing, as locale → slot → sentence; without `source` only what is missing."""
    result: dict[str, dict[str, str]] = {}
    for locale in campaign.locales:
        if source is not None:
            errors = typed.checked(source, campaign.slots, locale)[1]
        else:
            raw = typed.for_locale(campaign.slots, locale)
            required = (
                slot for slot in campaign.kit_version.manifest.get("slots", []) if slot.get("required")
            )
            errors = {
                slot["name"]: _("Please fill this in.")
                for slot in required
                if not raw.get(slot["name"]) and not slot.get("default")
            } | typed.problems(raw)
        if errors:
            result[locale] = errors
    return result


def set_time(session: Session, campaign: Campaign, at: datetime | None, zone: str = "") -> None:
    """Plan the launch for `at` (aware), chosen in the IANA `zone`; None is as soon as it is launched.

    Raises Refused for a moment that has passed.
    """
    check_editable(campaign)
    if at is not None and at <= utcnow():
        raise Refused(_l("This time has passed. Choose a later one, or launch now."), "at")
    campaign.launch_at, campaign.launch_zone = at, zone if at else ""
    campaign.saved_at = utcnow()


def duplicate(session: Session, campaign: Campaign, kit_version: KitVersion | None = None) -> Campaign:
    """A new draft with the same texts, languages and brand, from `kit_version` or the kit's newest usable version.

    Slots that the version doesn't have are left behind. Raises Refused when no version can be used.
    """
    version = kit_version or newest_version(session, campaign.kit_version.kit_id, campaign.partner_id)
    version = version or campaign.kit_version
    fresh = create(session, version, campaign.name)
    names = {slot["name"] for slot in version.manifest.get("slots", [])}
    fresh.locales = [tag for tag in campaign.locales if tag in version.manifest["locales"]] or fresh.locales
    fresh.slots = {
        where: {name: value for name, value in values.items() if name in names}
        for where, values in campaign.slots.items()
    }
    if campaign.brand is not None:
        fresh.brand_id, fresh.brand = campaign.brand_id, campaign.brand
    fresh.slot_errors = slot_errors(fresh, None)
    audit.record(session, "campaign.duplicated", fresh, original=campaign.public_id)
    return fresh


def newest_version(session: Session, kit_id: uuid.UUID, partner_id: uuid.UUID) -> KitVersion | None:
    """The newest version of a kit with which the partner may begin a campaign today."""
    versions = session.scalars(
        select(KitVersion)
        .where(KitVersion.kit_id == kit_id, KitVersion.state == "published")
        .order_by(KitVersion.created_at.desc())
    )
    return next((version for version in versions if not kit_problems(session, version, partner_id)), None)


def discard(session: Session, campaign: Campaign) -> None:
    """Throw a draft away. Raises Refused for anything that was launched or planned."""
    if campaign.state != "draft":
        raise Refused(_l("Only a draft can be thrown away."))
    campaign.state = "cancelled"
    audit.record(session, "campaign.discarded", campaign)


def kit_problems(session: Session, version: KitVersion, partner_id: uuid.UUID | None) -> list[str]:
    """Why a partner can't begin or launch a campaign with a kit version now, if anything stands against it."""
    if problem := _time_problem(version, utcnow().date()):
        return [problem]
    reason = obstacle_of(session, version, partner_id) if partner_id else ""
    return [_("This kit is not for you: %(reason)s", reason=reason)] if reason else []


def _time_problem(version: KitVersion, today: date) -> str:
    if version.state == "withdrawn":
        return _("The vendor has withdrawn this version of the kit. Move to its newest version.")
    if version.state == "expired" or (version.valid_until and version.valid_until < today):
        return _("This version of the kit has expired. Move to its newest version, or choose another kit.")
    if version.valid_from and version.valid_from > today:
        return _("This kit can be used from %(day)s.", day=format_date(version.valid_from))
    return ""


def readiness(session: Session, campaign: Campaign) -> list[Problem]:
    """What is missing before launch, as far as this room knows (people are the audiences room's), in page order."""
    found = [
        Problem(message, "kit")
        for message in kit_problems(session, campaign.kit_version, campaign.partner_id)
    ]
    if not partners.may_run_campaigns(session, campaign.vendor_id, campaign.partner_id):
        found.append(
            Problem(_("The vendor has paused your place in this programme; ask them to resume it."), "kit")
        )
    if campaign.launch_problem:
        found.append(Problem(campaign.launch_problem, "pieces"))
    empty = missing(campaign.brand)
    if len(empty) > 2:
        found.append(
            Problem(_("Set up your brand: every mail shows your name, address and sender."), "brand")
        )
        empty = []
    found += [
        Problem(_("Your brand has no %(field)s yet.", field=_lower(str(LABELS[name]))), "brand", name)
        for name in empty
    ]
    if by_law := missing_by_law(campaign.brand):
        message = _(
            "The law of your country wants more in your brand: %(fields)s.",
            fields=format_list([str(item.label) for item in by_law], locale=babel_locale(current_locale())),
        )
        found.append(Problem(message, "brand", f"{PREFIX}{by_law[0].name}"))
    slots = {slot["name"]: slot for slot in campaign.kit_version.manifest.get("slots", [])}
    for locale, errors in campaign.slot_errors.items():
        for name, sentence in errors.items():
            if name in slots and locale in campaign.locales:
                shared = slots[name]["kind"] in typed.SHARED_KINDS
                anchor = f"slot-{'all' if shared else locale}-{name}"
                label = (
                    slots[name]["label"] if shared else f"{slots[name]['label']} ({language_name(locale)})"
                )
                found.append(Problem(f"{label}: {sentence}", "pieces", anchor))
    return list({problem.field or problem.message: problem for problem in found}.values())


def _lower(label: str) -> str:
    # German nouns keep their capital; the other languages' labels begin small inside a sentence
    return label if nearest([current_locale()]) == "de" else label[:1].lower() + label[1:]
