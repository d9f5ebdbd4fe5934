"""A newer version of a kit for campaigns made from an older one: the offer, what it would mean, and the move itself.

``offers(session, campaigns) -> dict[campaign id, KitVersion]``; with ``session, store, settings`` first:
``review(…, campaign, target) -> Review``, ``as_moved(…, campaign, target) -> Campaign``,
``move(…, campaign, target, seen)``, ``move_back(…, campaign)``

A published version never changes and a campaign is pinned to one (invariant 1): moving is what a person does who has
seen the review, only before the launch, and only from the state that the review showed.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from tmpa.campaigns import pictures, service, typed
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.campaigns.words import in_words, reader_words
from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.ids import parse
from tmpa.kernel.objects import ObjectStore
from tmpa.kits.diff import Change, compare
from tmpa.kits.manifest import Manifest, Slot
from tmpa.kits.models import KitVersion
from tmpa.kits.service import load_source, rank
from tmpa.kits.source import KitSource
from tmpa.settings import Settings

MOVABLE = service.EDITABLE
LAUNCHED = ("launching", "running", "paused", "done")
Outcome = Literal["unfit", "missing", "gone", "kept", "new", "text"]
ORDER: tuple[Outcome, ...] = ("unfit", "missing", "gone", "new", "text", "kept")
_TEXTS = {"text", "richtext"}


@dataclass(frozen=True, slots=True)
class SlotReview:
    """What becomes of one slot in one locale ("" where it serves every one).

    unfit: the partner's value stays, but the new version refuses it (`sentence` says why). missing: it must be filled
    in. gone: the slot is no longer there, `value` is the partner's. kept: the value stays. new: there was no such slot.
    text: the partner left the vendor's words, and those changed from `before` to `after`. `text` is the value in words.
    """

    name: str
    label: str
    locale: str
    outcome: Outcome
    value: Any = None
    text: str = ""
    sentence: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """The three-way view of one move. `seen` is the state that it shows; `move` wants it back."""

    target: KitVersion
    seen: str
    slots: tuple[SlotReview, ...]
    changes: tuple[Change, ...]
    locales: tuple[str, ...]
    lost_locales: tuple[str, ...]
    new_locales: tuple[str, ...]
    new_pieces: tuple[str, ...]
    lost_pieces: tuple[str, ...]

    @property
    def to_mend(self) -> int:
        """Slots that must be mended or filled before the campaign can be launched."""
        return sum(slot.outcome in ("unfit", "missing") for slot in self.slots)


def offer(session: Session, campaign: Campaign) -> KitVersion | None:
    """The version that is offered to a campaign: its kit's newest that the partner may use, when that is newer, or
    when the campaign's own can't be used any more."""
    return offers(session, [campaign]).get(campaign.id)


def offers(session: Session, campaigns: Iterable[Campaign]) -> dict[uuid.UUID, KitVersion]:
    """`offer` for each of several campaigns that has one."""
    newest: dict[tuple[uuid.UUID, uuid.UUID], KitVersion | None] = {}
    found: dict[uuid.UUID, KitVersion] = {}
    for campaign in campaigns:
        mine = campaign.kit_version
        key = (mine.kit_id, campaign.partner_id)
        if key not in newest:
            newest[key] = service.newest_version(session, *key)
        target = newest[key]
        if target is None or target.id == mine.id:
            continue
        if rank(target.version) > rank(mine.version) or service.kit_problems(
            session, mine, campaign.partner_id
        ):
            found[campaign.id] = target
    return found


def older_campaigns(session: Session, kit_id: uuid.UUID, version: str) -> list[Campaign]:
    """The campaigns in scope that wait or run on a version of the kit lower than `version`, to tell its vendor."""
    rows = session.scalars(
        select(Campaign)
        .join(KitVersion, KitVersion.id == Campaign.kit_version_id)
        .options(joinedload(Campaign.kit_version))
        .where(KitVersion.kit_id == kit_id, Campaign.state.in_((*MOVABLE, *LAUNCHED[:3])))
    )
    return [row for row in rows if rank(row.kit_version.version) < rank(version)]


def state_seen(campaign: Campaign, target: KitVersion) -> str:
    """A digest of all that a review depends on (hex)."""
    state = [
        str(campaign.kit_version_id),
        str(target.id),
        campaign.state,
        campaign.slots,
        campaign.locales,
        campaign.before_move,
    ]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def review(
    session: Session, store: ObjectStore, settings: Settings, campaign: Campaign, target: KitVersion
) -> Review:
    """What moving a campaign to `target` would mean for every slot, piece and language."""
    old, new = load_source(store, campaign.kit_version), load_source(store, target)
    slots, locales = carried(campaign, target, old.manifest, new.manifest)
    slots = _with_pictures(session, store, settings, new, campaign, slots)
    found = [
        *_slots_of(old, new, campaign, slots, locales),
        *_lost(old, new, campaign, locales),
    ]
    was, now = ({piece.name: piece.title for piece in each.manifest.pieces} for each in (old, new))
    words_old, words_new = reader_words(old), reader_words(new)
    return Review(
        target,
        state_seen(campaign, target),
        tuple(sorted(found, key=lambda each: ORDER.index(each.outcome))),
        tuple(compare(old, new)),
        tuple(locales),
        tuple(tag for tag in campaign.locales if tag not in new.manifest.locales),
        tuple(tag for tag in new.manifest.locales if tag not in old.manifest.locales),
        tuple(words_new(title) for name, title in now.items() if name not in was),
        tuple(words_old(title) for name, title in was.items() if name not in now),
    )


def carried(
    campaign: Campaign, target: KitVersion, old: Manifest, new: Manifest
) -> tuple[typed.Values, list[str]]:
    """The slot values and locales that a campaign would have on `target`.

    Values stay where the slot does. Where a slot comes back (moving back, or a later version), so does its value.
    """
    kept: Mapping[str, Any] = campaign.before_move.get("kept", {}).get(target.public_id, {})
    earlier: Mapping[str, Any] = kept.get("slots", {})
    values: typed.Values = {}
    for slot in new.slots:
        is_there = _same(_slot(old, slot.name), slot)
        for where in [typed.EVERY] if slot.kind in typed.SHARED_KINDS else new.locales:
            comes_from = campaign.slots if is_there and _spoke(old, where) else earlier
            value = comes_from.get(where, {}).get(slot.name)
            if value is not None:
                values.setdefault(where, {})[slot.name] = value
    wanted = {*campaign.locales, *(tag for tag in kept.get("locales", ()) if tag not in old.locales)}
    locales = [tag for tag in new.locales if tag in wanted]
    return values, locales or [new.source_locale]


def as_moved(
    session: Session, store: ObjectStore, settings: Settings, campaign: Campaign, target: KitVersion
) -> Campaign:
    """The campaign as it would be on `target`, for previews only: it belongs to no session."""
    old, new = load_source(store, campaign.kit_version), load_source(store, target)
    slots, locales = carried(campaign, target, old.manifest, new.manifest)
    slots = _with_pictures(session, store, settings, new, campaign, slots)
    return Campaign(
        vendor_id=campaign.vendor_id,
        partner_id=campaign.partner_id,
        kit_version=target,
        brand=campaign.brand,
        slug=campaign.slug,
        slots=slots,
        locales=locales,
    )


def _with_pictures(
    session: Session,
    store: ObjectStore,
    settings: Settings,
    source: KitSource,
    campaign: Campaign,
    slots: typed.Values,
) -> typed.Values:
    """`slots` with each picture cut as the new version's slot wants it, or with why it can't be."""
    shared = slots.get(typed.EVERY, {})
    if not any(slot.kind == "image" and slot.name in shared for slot in source.manifest.slots):
        return slots
    before = campaign.slots.get(typed.EVERY, {})
    settled = pictures.settle(session, store, settings, source, campaign.partner_id, before, shared)
    return {**slots, typed.EVERY: settled}


def _spoke(manifest: Manifest, where: str) -> bool:
    return where == typed.EVERY or where in manifest.locales


def _slot(manifest: Manifest, name: str) -> Slot | None:
    return next((slot for slot in manifest.slots if slot.name == name), None)


def _same(old: Slot | None, new: Slot | None) -> bool:
    """Whether a value of the one can stand in the other: plain text may become rich text, not the other way round."""
    if old is None or new is None:
        return False
    return old.kind == new.kind or (old.kind, new.kind) == ("text", "richtext")


def _slots_of(
    old: KitSource, new: KitSource, campaign: Campaign, slots: typed.Values, locales: list[str]
) -> Iterable[SlotReview]:
    """Every slot of the new version."""
    words = reader_words(new)
    errors = {locale: typed.checked(new, slots, locale)[1] for locale in locales}
    for slot in new.manifest.slots:
        is_shared = slot.kind in typed.SHARED_KINDS
        was = _slot(old.manifest, slot.name)
        for locale in locales[:1] if is_shared else locales:
            where = typed.EVERY if is_shared else locale
            value = slots.get(where, {}).get(slot.name)
            sentence = errors[locale].get(slot.name, "")
            speaks = _spoke(old.manifest, locale)
            before = typed.default_of(old, was, locale) if was and _same(was, slot) and speaks else ""
            after = typed.default_of(new, slot, locale)
            outcome: Outcome | None
            if sentence:
                outcome = "unfit" if value is not None else "missing"
            elif value is not None:
                outcome = "kept"
            elif not _same(was, slot) or not speaks:
                outcome = "new"
            else:
                outcome = "text" if before != after else None
            if outcome:
                shown = "" if is_shared else locale
                text = in_words(new if outcome == "kept" else old, slot.name, value)
                yield SlotReview(
                    slot.name, words(slot.label), shown, outcome, value, text, sentence, before, after
                )


def _lost(old: KitSource, new: KitSource, campaign: Campaign, locales: list[str]) -> Iterable[SlotReview]:
    """What the partner typed for which the new version has no place."""
    words = reader_words(old)
    for slot in old.manifest.slots:
        has_place = _same(slot, _slot(new.manifest, slot.name))
        for where, values in campaign.slots.items():
            stays = has_place and (where == typed.EVERY or where in new.manifest.locales)
            if slot.name in values and not stays:
                shown = "" if where == typed.EVERY else where
                value = values[slot.name]
                text = in_words(old, slot.name, value)
                yield SlotReview(slot.name, words(slot.label), shown, "gone", value, text)


def move(
    session: Session,
    store: ObjectStore,
    settings: Settings,
    campaign: Campaign,
    target: KitVersion,
    seen: str,
) -> None:
    """Move a draft or planned campaign to another version of its kit, as its review showed.

    Raises Refused: code "launched" once it has begun, "stale" when the campaign isn't what the review showed any more,
    "kit" when the version can't be used; NotFound for a version of another kit. Nothing is changed then.
    """
    _hold(session, campaign)
    if target.kit_id != campaign.kit_version.kit_id:
        raise NotFound
    if seen != state_seen(campaign, target):
        message = _("The campaign has changed since this page was made. Look at what the move means now.")
        raise Refused(message, code="stale")
    _switch(session, store, settings, campaign, target, "campaign.moved")


def previous(session: Session, campaign: Campaign) -> KitVersion | None:
    """The version to which a draft can move back: the one it moved from last, if that can still be used."""
    last = campaign.before_move.get("last", "")
    if not last or campaign.state not in MOVABLE:
        return None
    version = session.get(KitVersion, parse(KitVersion.__prefix__, last))
    if version is None or service.kit_problems(session, version, campaign.partner_id):
        return None
    return version


def move_back(session: Session, store: ObjectStore, settings: Settings, campaign: Campaign) -> KitVersion:
    """Undo the last move: the version before it, with the values that only that one has a place for.

    What was typed since stays where there is a slot for it. Raises Refused (codes "launched", "kit").
    """
    _hold(session, campaign)
    version = previous(session, campaign)
    if version is None:
        raise Refused(_("There is no version to which this campaign could move back."), code="kit")
    _switch(session, store, settings, campaign, version, "campaign.moved_back")
    campaign.before_move = {**campaign.before_move, "last": ""}
    return version


def _hold(session: Session, campaign: Campaign) -> None:
    """Of a launch and a move at the same moment one comes second, and sees what the first has done."""
    session.flush()
    session.refresh(campaign, with_for_update=True)
    if campaign.state not in MOVABLE:
        message = _(
            "This campaign has been launched. It stays on its version; start a new one from the newer version."
        )
        raise Refused(message, code="launched")


def _switch(
    session: Session,
    store: ObjectStore,
    settings: Settings,
    campaign: Campaign,
    target: KitVersion,
    action: str,
) -> None:
    for problem in service.kit_problems(session, target, campaign.partner_id):
        raise Refused(problem, code="kit")
    left = campaign.kit_version
    old, new = load_source(store, left), load_source(store, target)
    slots, locales = carried(campaign, target, old.manifest, new.manifest)
    slots = _with_pictures(session, store, settings, new, campaign, slots)
    now = {"slots": campaign.slots, "locales": campaign.locales}
    kept = {**campaign.before_move.get("kept", {}), left.public_id: now}
    campaign.before_move = {"last": left.public_id, "kept": kept}
    campaign.kit_version_id, campaign.kit_version = target.id, target
    campaign.slots, campaign.locales = slots, locales
    for row in (*campaign.steps, *_pieces(session, campaign)):
        session.delete(row)
    session.flush()
    session.expire(campaign, ["steps"])
    service.plan_steps(session, campaign, target.manifest)
    session.expire(campaign, ["steps"])
    campaign.launch_problem = ""
    campaign.slot_errors = service.slot_errors(campaign, new)
    campaign.saved_at = utcnow()
    audit.record(session, action, campaign, before=left.version, after=target.version)


def _pieces(session: Session, campaign: Campaign) -> list[CampaignPiece]:
    """What a launch that gave up had finished from the other version."""
    return list(session.scalars(select(CampaignPiece).where(CampaignPiece.campaign_id == campaign.id)))
