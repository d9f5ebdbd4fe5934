"""What pages ask about kits."""

import uuid
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from tmpa.kits.models import Kit, KitDraft, KitVersion


def kits(session: Session) -> list[Kit]:
    """Every kit in scope with its versions, newest first; kits by title."""
    return list(session.scalars(select(Kit).options(selectinload(Kit.versions)).order_by(Kit.title)))


def latest(kit: Kit) -> KitVersion:
    """The newest version that is still published, else the newest."""
    return next((version for version in kit.versions if version.state == "published"), kit.versions[0])


def offered(session: Session, today: date, locale: str | None = None) -> list[KitVersion]:
    """What a partner may start a campaign from: of each kit in scope the newest published version that is valid
    on `today` (and speaks `locale`, when given), newest first."""
    versions = session.scalars(
        select(KitVersion)
        .options(joinedload(KitVersion.kit))
        .where(
            KitVersion.state == "published",
            KitVersion.valid_from.is_(None) | (KitVersion.valid_from <= today),
            KitVersion.valid_until.is_(None) | (KitVersion.valid_until >= today),
        )
        .order_by(KitVersion.created_at.desc())
    )
    newest: dict[uuid.UUID, KitVersion] = {}
    for version in versions:
        if locale is None or locale in version.manifest["locales"]:
            newest.setdefault(version.kit_id, version)
    return list(newest.values())


def drafts(session: Session) -> list[KitDraft]:
    """The vendor's drafts, last changed first."""
    return list(session.scalars(select(KitDraft).order_by(KitDraft.updated_at.desc())))


def draft_of(session: Session, name: str) -> KitDraft | None:
    """The vendor's draft of the kit of that name."""
    return session.scalars(select(KitDraft).where(KitDraft.name == name)).one_or_none()


def kit_named(session: Session, name: str) -> Kit | None:
    """The kit of that name in scope, with its versions."""
    return session.scalars(
        select(Kit).options(selectinload(Kit.versions)).where(Kit.name == name)
    ).one_or_none()
