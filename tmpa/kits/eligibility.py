"""Who may use a kit: its territories, tiers and certifications against a partner's place in the programme.

The rule holds on the server (`tmpa.campaigns.service`); pages show the same sentence, so that nobody wonders.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from babel.lists import format_list
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from tmpa.kernel.i18n import babel_locale, current_locale, ngettext
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.models import KitVersion
from tmpa.partners.models import Partnership

Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a kit reaches: active partners who may use it, those who are still invited, and the others with why not."""

    partners: tuple[Partnership, ...]
    invited: tuple[Partnership, ...]
    others: tuple[tuple[Partnership, str], ...]


def conditions(manifest: Words) -> list[str]:
    """Who may use the kit, a sentence for each condition; none when every partner may."""
    return [sentence for _is_met, sentence in _conditions(manifest, None)]


def obstacle(manifest: Words, place: Partnership | None) -> str:
    """Why a partner may not use the kit, in sentences; empty when it may. No place, no condition met."""
    return " ".join(sentence for is_met, sentence in _conditions(manifest, place) if not is_met)


def _conditions(manifest: Words, place: Partnership | None) -> Iterable[tuple[bool, str]]:
    """One of the tiers, one of the territories, every certification; an empty list asks for nothing."""
    tiers, territories = manifest.get("tiers") or [], manifest.get("territories") or []
    certifications = manifest.get("certifications") or []
    if tiers:
        is_met = place is not None and _folded([place.tier]) <= _folded(tiers)
        yield is_met, _("For %(tiers)s partners.", tiers=_listed(tiers, "or"))
    if territories:
        is_met = place is not None and _folded([place.territory]) <= _folded(territories)
        yield is_met, _("For partners in %(territories)s.", territories=_listed(territories, "or"))
    if certifications:
        is_met = place is not None and _folded(certifications) <= _folded(place.certifications)
        yield (
            is_met,
            ngettext(
                "For partners with the certification %(names)s.",
                "For partners with the certifications %(names)s.",
                len(certifications),
                names=_listed(certifications, "standard"),
            ),
        )


def _folded(names: Iterable[str]) -> set[str]:
    return {" ".join(name.split()).casefold() for name in names}


def _listed(names: Iterable[str], style: Any) -> str:
    return str(format_list(list(names), style, locale=babel_locale(current_locale())))


def place_of(session: Session, vendor_id: uuid.UUID, partner_id: uuid.UUID) -> Partnership | None:
    """The partner's place in the vendor's programme."""
    return session.scalars(
        select(Partnership).where(Partnership.vendor_id == vendor_id, Partnership.partner_id == partner_id)
    ).one_or_none()


def obstacle_of(session: Session, version: KitVersion, partner_id: uuid.UUID) -> str:
    """Why a partner may not use a kit version; empty when it may."""
    if not conditions(version.manifest):
        return ""
    return obstacle(version.manifest, place_of(session, version.vendor_id, partner_id))


def places(session: Session, partner_id: uuid.UUID) -> dict[uuid.UUID, Partnership]:
    """A partner's place in every programme, by vendor: for pages with many kits."""
    rows = session.scalars(select(Partnership).where(Partnership.partner_id == partner_id))
    return {row.vendor_id: row for row in rows}


def reach(session: Session, vendor_id: uuid.UUID, manifest: Words) -> Reach:
    """Whom a kit of the vendor reaches with these conditions, by partner's name. Suspended partners are left out."""
    rows = session.scalars(
        select(Partnership)
        .options(joinedload(Partnership.partner))
        .where(Partnership.vendor_id == vendor_id, Partnership.status.in_(("active", "invited")))
    ).all()
    active: list[Partnership] = []
    invited: list[Partnership] = []
    others: list[tuple[Partnership, str]] = []
    for row in sorted(rows, key=lambda row: row.partner.name.casefold()):
        reason = obstacle(manifest, row)
        if reason:
            others.append((row, reason))
        else:
            (active if row.status == "active" else invited).append(row)
    return Reach(tuple(active), tuple(invited), tuple(others))
