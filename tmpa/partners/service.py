"""A vendor's programme: inviting partners, their tier and territory, suspending them."""

import uuid
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from tmpa.accounts import service as accounts
from tmpa.accounts.addresses import check_address
from tmpa.accounts.models import Invitation, Membership, Organization
from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import lifted, session_scope
from tmpa.kernel.signing import Signer
from tmpa.partners.models import Partnership
from tmpa.settings import Settings

PARTNER_KINDS = ("partner", "distributor")

# what may become of a partnership, and the word the audit trail has for it
TRANSITIONS = {
    ("invited", "active"): "partnership.joined",
    ("invited", "ended"): "partnership.ended",
    ("active", "suspended"): "partnership.suspended",
    ("suspended", "active"): "partnership.resumed",
    ("suspended", "ended"): "partnership.ended",
}


def invite_partner(
    session: Session,
    signer: Signer,
    settings: Settings,
    vendor: Organization,
    name: str,
    email: str,
    tier: str = "",
    territory: str = "",
    locale: str = "en",
) -> Partnership:
    """Take a company into the vendor's programme and invite its first person by mail.

    A company whose administrator has that address already joins with what it has. Raises Refused for an empty
    name, a bad address, or a partner that is in the programme already.
    """
    email = check_address(email)
    if not name.strip():
        raise Refused(_l("Give the partner’s company a name."), "name")
    # A vendor can't see companies that it has no business with: looking one up, and making one, wants all rows.
    with lifted(session):
        partner = _company_of(session, email)
        if partner is not None and _find(session, vendor.id, partner.id):
            raise Refused(_l("This partner is in your programme already."), "email", "duplicate")
        if partner is None:
            partner = accounts.create_organization(session, "partner", name, locale=locale)
    partnership = Partnership(
        vendor_id=vendor.id, partner_id=partner.id, tier=tier.strip()[:40], territory=territory.strip()[:80]
    )
    session.add(partnership)
    session.flush()
    audit.record(session, "partnership.invited", partnership, partner=partner.name, email=email)
    accounts.invite(session, signer, settings, partner.id, email, Role.PARTNER_ADMIN, locale)
    return partnership


def _company_of(session: Session, email: str) -> Organization | None:
    user = accounts.user_by_email(session, email)
    if user is None:
        return None
    return session.scalars(
        select(Organization)
        .join(Membership, Membership.organization_id == Organization.id)
        .where(
            Membership.user_id == user.id,
            Membership.role == Role.PARTNER_ADMIN,
            Organization.kind.in_(PARTNER_KINDS),
        )
        .order_by(Organization.created_at)
        .limit(1)
    ).one_or_none()


def _find(session: Session, vendor_id: uuid.UUID, partner_id: uuid.UUID) -> Partnership | None:
    return session.scalars(
        select(Partnership).where(Partnership.vendor_id == vendor_id, Partnership.partner_id == partner_id)
    ).one_or_none()


def invite_again(
    session: Session, signer: Signer, settings: Settings, partnership: Partnership, email: str
) -> None:
    """A fresh invitation mail to a partner that has not joined yet. Raises Refused."""
    if partnership.status != "invited":
        raise Refused(_l("This partner has joined already."))
    partner = partnership.partner
    accounts.invite(session, signer, settings, partner.id, email, Role.PARTNER_ADMIN, partner.locale)


def invited_address(session: Session, partnership: Partnership) -> str:
    """Where the last invitation of a partner went; empty when there was none."""
    # invitations belong to the invited organization: the vendor that caused this one may know its address
    with lifted(session):
        found = session.scalars(
            select(Invitation.email)
            .where(Invitation.organization_id == partnership.partner_id)
            .order_by(Invitation.created_at.desc())
            .limit(1)
        ).one_or_none()
    return found or ""


def activate(session: Session, partner_id: uuid.UUID) -> int:
    """The invitation was accepted: every programme that waited for this partner has it now. Number of programmes."""
    waiting = session.scalars(
        select(Partnership).where(Partnership.partner_id == partner_id, Partnership.status == "invited")
    ).all()
    for partnership in waiting:
        partnership.joined_at = utcnow()
        _move(session, partnership, "active")
    return len(waiting)


def partnerships(session: Session, search: str = "") -> list[Partnership]:
    """The partnerships in scope with both organizations, by partner's name."""
    query = (
        select(Partnership)
        .join(Organization, Organization.id == Partnership.partner_id)
        .options(joinedload(Partnership.partner), joinedload(Partnership.vendor))
        .order_by(Organization.name)
    )
    if search.strip():
        pattern = search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        query = query.where(Organization.name.ilike(f"%{pattern}%", escape="\\"))
    return list(session.scalars(query))


def partnership_with(session: Session, vendor_id: uuid.UUID, partner_id: uuid.UUID) -> Partnership:
    """The partner's place in the vendor's programme. Raises NotFound."""
    found = _find(session, vendor_id, partner_id)
    if found is None:
        raise NotFound
    return found


def change(
    session: Session,
    partnership: Partnership,
    tier: str,
    territory: str,
    certifications: Iterable[str] | None = None,
) -> None:
    """Set tier, territory and certifications (None leaves those); free words, as programmes name them."""
    held = partnership.certifications if certifications is None else _names(certifications)
    before = {
        "tier": partnership.tier,
        "territory": partnership.territory,
        "certifications": partnership.certifications,
    }
    after = {
        "tier": " ".join(tier.split())[:40],
        "territory": " ".join(territory.split())[:80],
        "certifications": held,
    }
    if before != after:
        partnership.tier, partnership.territory = str(after["tier"]), str(after["territory"])
        partnership.certifications = held
        audit.record(session, "partnership.changed", partnership, before=before, after=after)


def _names(given: Iterable[str]) -> list[str]:
    """Names without empty ones and doubles, as they were typed first."""
    found: dict[str, str] = {}
    for name in given:
        cleaned = " ".join(name.split())[:80]
        if cleaned:
            found.setdefault(cleaned.casefold(), cleaned)
    return list(found.values())[:40]


def set_status(session: Session, partnership: Partnership, status: str, reason: str = "") -> None:
    """Suspend, resume or end a partnership. Raises Refused for a step that isn't offered or has no reason."""
    if status in {"suspended", "ended"} and not reason.strip():
        raise Refused(_l("Say why; the partner will see it."), "reason")
    _move(session, partnership, status, reason.strip())


def _move(session: Session, partnership: Partnership, status: str, reason: str = "") -> None:
    action = TRANSITIONS.get((partnership.status, status))
    if action is None:
        raise Refused(_l("This can't be done in the partnership’s present state. Load the page again."))
    audit.record(session, action, partnership, reason=reason, before=partnership.status, after=status)
    partnership.status = status


def may_run_campaigns(session: Session, vendor_id: uuid.UUID, partner_id: uuid.UUID) -> bool:
    """Whether the partner is active in the vendor's programme."""
    found = _find(session, vendor_id, partner_id)
    return found is not None and found.status == "active"


def known_words(session: Session) -> tuple[list[str], list[str]]:
    """Tiers and territories used so far in the scope's programme, to choose from when typing."""
    scope = session_scope(session)
    rows = session.execute(
        select(Partnership.tier, Partnership.territory).where(Partnership.vendor_id == scope.organization_id)
    ).all()
    return sorted({row.tier for row in rows if row.tier}), sorted(
        {row.territory for row in rows if row.territory}
    )


def programmes_of(session: Session, partner_id: uuid.UUID) -> tuple[uuid.UUID, ...]:
    """The vendors in whose programmes a partner is active. Wants the system's scope."""
    found = session.scalars(
        select(Partnership.vendor_id).where(
            Partnership.partner_id == partner_id, Partnership.status == "active"
        )
    )
    return tuple(found)
