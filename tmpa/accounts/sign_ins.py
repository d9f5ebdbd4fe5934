"""Signed-in browsers: server-side rows that rotate, expire and can be revoked; the cookie holds a secret."""

import secrets
import uuid
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from tmpa.accounts.models import Membership, SignIn, User
from tmpa.kernel.clock import utcnow
from tmpa.kernel.scope import Scope
from tmpa.kernel.signing import fingerprint

TOUCH_AFTER = timedelta(minutes=5)  # a sign-in's last use is written no more often than this

Programmes = Callable[[Session, uuid.UUID], tuple[uuid.UUID, ...]]
"""Finds the vendors in whose programmes a partner is active; the partners room above provides it."""


def begin(session: Session, user: User, hours: int) -> str:
    """Sign `user` in; returns the cookie's secret, of which only a digest is kept."""
    secret = secrets.token_urlsafe(32)
    now = utcnow()
    session.add(
        SignIn(
            user_id=user.id,
            organization_id=_organization_for(session, user),
            secret_hash=fingerprint(secret.encode()),
            last_used_at=now,
            expires_at=now + timedelta(hours=hours),
        )
    )
    return secret


def _organization_for(session: Session, user: User) -> uuid.UUID | None:
    mine = session.scalars(
        select(Membership.organization_id)
        .where(Membership.user_id == user.id)
        .order_by(Membership.created_at)
    ).all()
    if user.last_organization_id in mine:
        return user.last_organization_id
    return mine[0] if mine else None


def find(session: Session, secret: str) -> tuple[SignIn, User] | None:
    """The living sign-in of a cookie and its person."""
    row = session.execute(
        select(SignIn, User)
        .join(User, User.id == SignIn.user_id)
        .where(SignIn.secret_hash == fingerprint(secret.encode()), SignIn.expires_at > utcnow())
    ).one_or_none()
    return (row[0], row[1]) if row else None


def touch(session: Session, sign_in_id: uuid.UUID, hours: int) -> None:
    """Note a use: the sign-in lives `hours` from now."""
    now = utcnow()
    session.execute(  # not by loading it: it may have been signed out in this moment
        update(SignIn)
        .where(SignIn.id == sign_in_id)
        .values(last_used_at=now, expires_at=now + timedelta(hours=hours))
    )


def needs_touch(sign_in: SignIn) -> bool:
    """Whether the last noted use is long enough ago to be worth a write."""
    return utcnow() - sign_in.last_used_at > TOUCH_AFTER


def memberships(session: Session, user_id: uuid.UUID) -> list[Membership]:
    """A person's memberships with their organizations."""
    found = session.scalars(
        select(Membership)
        .where(Membership.user_id == user_id)
        .options(joinedload(Membership.organization))
        .order_by(Membership.created_at)
    )
    return list(found)


def scope_of(session: Session, sign_in: SignIn, mine: list[Membership], programmes: Programmes) -> Scope:
    """What the signed-in person may see while acting for the chosen organization.

    Somebody who was removed from the one they had chosen acts for the next of theirs.
    """
    chosen = [m for m in mine if m.organization_id == sign_in.organization_id]
    chosen = chosen or [m for m in mine if m.organization_id == mine[0].organization_id]
    if not chosen:
        return Scope("nobody", user_id=sign_in.user_id)
    organization = chosen[0].organization
    side = "partner" if organization.kind in ("partner", "distributor") else organization.kind
    return Scope(
        side,  # type: ignore[arg-type]  # a constraint on organizations.kind holds it to these words
        organization_id=organization.id,
        user_id=sign_in.user_id,
        vendor_ids=programmes(session, organization.id) if side == "partner" else (),
        roles=frozenset(m.role for m in chosen),
    )


def end(session: Session, secret: str) -> None:
    """Sign one browser out."""
    session.execute(delete(SignIn).where(SignIn.secret_hash == fingerprint(secret.encode())))


def end_all(session: Session, user_id: uuid.UUID) -> None:
    """Sign a person out everywhere, as after a new password."""
    session.execute(delete(SignIn).where(SignIn.user_id == user_id))
