"""Publishing kits: a checked source becomes an immutable version with its files in the object store.

``publish(session, store, source, *, notes="", vendor_id=None, findings=None) -> KitVersion``
``load_source(store, version) -> KitSource`` (kept in the process by content hash)
``publish_draft(session, store, draft, content_hash, notes) -> KitVersion``
``withdraw(session, version, reason, stop=False)``, ``expire(session, version, reason)``

Events: ``kit.published``, ``kit.withdrawn`` and ``kit.expired``, each with ``kit_version`` (public id);
``kit.withdrawn`` also with ``stop``: whether its launched campaigns end.
"""

import uuid
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tmpa.kernel.audit import record
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.jobs import emit
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.scope import session_scope
from tmpa.kits import checking, drafts
from tmpa.kits.findings import Finding, KitRefused, has_errors
from tmpa.kits.models import Kit, KitDraft, KitVersion
from tmpa.kits.source import KitSource, content_type, pack, read_zip

Rank = tuple[int, int, int, tuple[int, tuple[tuple[int, int, str], ...]]]


def file_key(content_hash: str, path: str) -> str:
    """Where a published kit's file lies in the object store."""
    return f"kits/{content_hash}/{path}"


def bundle_key(content_hash: str) -> str:
    """Where the whole kit lies as one zip: one read instead of one for each file."""
    return f"kits/{content_hash}.zip"


def rank(version: str) -> Rank:
    """Order of semantic versions (semver.org, rule 11): 1.0.0-rc.2 comes before 1.0.0."""
    core, _dash, tail = version.partition("-")
    major, minor, patch = map(int, core.split("."))
    parts = (
        tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in tail.split("."))
        if tail
        else ()
    )
    return major, minor, patch, (0 if tail else 1, parts)


def publish(
    session: Session,
    store: ObjectStore,
    source: KitSource,
    *,
    notes: str = "",
    vendor_id: uuid.UUID | None = None,
    findings: Iterable[Finding] | None = None,
) -> KitVersion:
    """Publish a kit for the session's vendor (or `vendor_id`, for the system). Same content, same version.

    `findings` are those of `checking.check`; when None the check runs here, which takes seconds: callers that hold a
    database lock check first. Raises KitRefused with the findings when one is an error, and Refused when the version
    number is taken by other content, is lower than the latest, or the kit is no longer valid.
    """
    owner = vendor_id or session_scope(session).organization_id
    if owner is None:
        raise Refused(_("Say for which vendor the kit is."), "vendor")
    found = list(checking.check(source) if findings is None else findings)
    if has_errors(found):
        raise KitRefused([finding for finding in found if finding.severity == "error"])
    manifest = source.manifest
    kit = session.scalars(select(Kit).where(Kit.vendor_id == owner, Kit.name == manifest.name)).one_or_none()
    versions = (
        [] if kit is None else list(session.scalars(select(KitVersion).where(KitVersion.kit_id == kit.id)))
    )
    for version in versions:
        if version.content_hash == source.content_hash and version.state == "published":
            return version
    check_number(source, versions)
    _store(store, source)
    if kit is None:
        kit = Kit(vendor_id=owner, name=manifest.name, title=manifest.title)
        _add(session, kit)
    kit.title = manifest.title
    fresh = KitVersion(
        vendor_id=owner,
        kit_id=kit.id,
        version=manifest.version,
        content_hash=source.content_hash,
        manifest=manifest.model_dump(mode="json"),
        findings=[finding.to_json() for finding in found],
        notes=notes.strip(),
        valid_from=manifest.valid_from,
        valid_until=manifest.valid_until,
        state="published",
        published_by=session_scope(session).user_id,
    )
    _add(session, fresh)
    record(session, "kit.published", fresh, version=fresh.version, content_hash=fresh.content_hash)
    emit(session, "kit.published", {"kit_version": fresh.public_id})
    return fresh


def _add(session: Session, row: Kit | KitVersion) -> None:
    """Insert the row. The database's constraints decide between two who publish at the same moment."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        message = _(
            "Somebody else is publishing this kit at this moment. Look at its versions, then try again."
        )
        raise Refused(message, "kit", "kit-version-taken") from None


def next_number(versions: Iterable[KitVersion]) -> str:
    """A number for a kit's next version: the highest one's next minor version; "1.0.0" for the first."""
    highest = max((version.version for version in versions), key=rank, default="")
    if not highest:
        return "1.0.0"
    major, minor, _patch, _tail = rank(highest)
    return f"{major}.{minor + 1}.0"


def check_number(source: KitSource, versions: Iterable[KitVersion]) -> None:
    """Raises Refused when a kit's number is taken by other content or too low, or its time is over."""
    versions = list(versions)
    number = source.manifest.version
    until = source.manifest.valid_until
    if until and until < utcnow().date():
        message = _(
            "The kit was valid until %(day)s only. Change valid_until in kit.toml.", day=until.isoformat()
        )
        raise Refused(message, "kit", "kit-over")
    for version in versions:
        if version.content_hash == source.content_hash:
            message = _("This very content was withdrawn or has expired. Change it and raise the version.")
            raise Refused(message, "kit", "kit-withdrawn")
        if version.version == number:
            message = _(
                "Version %(version)s is published with other content. Published versions never change:"
                " raise the version in kit.toml.",
                version=number,
            )
            raise Refused(message, "kit", "kit-version-taken")
    highest = max((version.version for version in versions), key=rank, default=None)
    if highest is not None and rank(number) < rank(highest):
        message = _(
            "Version %(version)s is lower than %(highest)s, which is published. Raise the version in kit.toml.",
            version=number,
            highest=highest,
        )
        raise Refused(message, "kit", "kit-version-low")


def _store(store: ObjectStore, source: KitSource) -> None:
    """Files under their content hash: writing them again changes nothing, so a rolled-back publish leaves no harm."""
    for path, data in source.files.items():
        key = file_key(source.content_hash, path)
        if not store.exists(key):
            store.put(key, data, content_type(path), "immutable")
    store.put(bundle_key(source.content_hash), pack(source), "application/zip", "immutable")


@lru_cache(maxsize=64)
def _load(store: ObjectStore, content_hash: str) -> KitSource:
    source = read_zip(store.get(bundle_key(content_hash)))
    if source.content_hash != content_hash:
        raise ValueError(f"the object store's kit {content_hash} has other content")
    return source


def load_source(store: ObjectStore, version: KitVersion) -> KitSource:
    """The files of a published version, checked against its hash; kept in the process."""
    return _load(cast(Any, store), version.content_hash)


def publish_draft(
    session: Session, store: ObjectStore, draft: KitDraft, content_hash: str, notes: str = ""
) -> KitVersion:
    """Publish exactly the files that were checked and shown (`content_hash`), and drop the draft, in one transaction.

    Raises Refused when the draft has changed since, isn't checked, or `publish` refuses it; KitRefused for errors.
    """
    drafts.lock(session, draft)
    if draft.content_hash != content_hash:
        message = _("The draft has changed since you opened this page. Look at it again.")
        raise Refused(message, code="draft-changed")
    if not draft.is_checked:
        raise Refused(_("The draft is still being checked. Wait for the findings."), code="draft-unchecked")
    source = drafts.draft_source(store, draft)
    if source.content_hash != content_hash:
        raise ValueError(f"the object store's draft {content_hash} has other content")
    findings = [Finding.from_json(item) for item in draft.findings]
    version = publish(session, store, source, notes=notes, vendor_id=draft.vendor_id, findings=findings)
    session.delete(draft)
    return version


def withdraw(session: Session, version: KitVersion, reason: str, stop: bool = False) -> None:
    """Something is wrong with the version: nothing starts from it any more, and with `stop` what was launched ends."""
    _leave(session, version, "withdrawn", reason, stop=stop)
    version.withdrawn_at = utcnow()


def expire(session: Session, version: KitVersion, reason: str = "") -> None:
    """The version's time is over: nothing starts from it any more, what was launched finishes."""
    _leave(session, version, "expired", reason)


def expire_overdue(session: Session, today: date) -> int:
    """Expire every published version whose `valid_until` has passed; how many. Wants the system's scope."""
    overdue = session.scalars(
        select(KitVersion).where(KitVersion.state == "published", KitVersion.valid_until < today)
    ).all()
    for version in overdue:
        expire(session, version)
    return len(overdue)


def _leave(session: Session, version: KitVersion, state: str, reason: str, **news: bool) -> None:
    session.flush()
    session.refresh(version, with_for_update=True)
    if version.state != "published":
        raise Refused(_("This version is no longer published."), code="kit-state")
    if state == "withdrawn" and not reason.strip():
        raise Refused(_("Say why: partners will read it."), "reason")
    version.state, version.left_reason = state, reason.strip()
    record(session, f"kit.{state}", version, reason=reason.strip(), **news)
    emit(session, f"kit.{state}", {"kit_version": version.public_id, **news})
