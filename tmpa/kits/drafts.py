"""Kits being worked on in the portal: files in the object store, one draft per kit, saves that can't overwrite.

``open_draft(session, store, source, base=None)``, ``draft_source(store, draft)``,
``save(session, store, draft, revision, changes)``, ``keep_findings(draft, source, findings)``,
``discard(session, draft)``
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tmpa.kernel.audit import record
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.scope import session_scope
from tmpa.kits.findings import Finding
from tmpa.kits.models import KitDraft, KitVersion
from tmpa.kits.source import KitSource, build_source, pack, read_zip


def draft_key(draft: KitDraft, source: KitSource) -> str:
    """Where a draft's files lie: under their hash, so that a save that is rolled back harms nothing."""
    return f"drafts/{draft.vendor_id}/{source.content_hash}.zip"


def open_draft(
    session: Session, store: ObjectStore, source: KitSource, base: KitVersion | None = None
) -> KitDraft:
    """The vendor's draft of the kit that `source` names, made from `source` where there is none.

    Raises Refused when another draft of that kit was opened at this moment.
    """
    vendor_id = session_scope(session).organization_id
    name = source.manifest.name
    kept = session.scalars(select(KitDraft).where(KitDraft.name == name)).one_or_none()
    if kept is not None:
        return kept
    draft = KitDraft(vendor_id=vendor_id, name=name, base_version_id=base.id if base else None)
    _put(session, store, draft, source)
    try:
        with session.begin_nested():
            session.add(draft)
    except IntegrityError:
        raise Refused(_("Somebody else is opening this kit. Look at it again."), code="draft-taken") from None
    record(session, "kit.draft_opened", draft, name=name)
    return draft


def draft_source(store: ObjectStore, draft: KitDraft) -> KitSource:
    """The files of a draft."""
    return read_zip(store.get(draft.object_key))


def save(
    session: Session,
    store: ObjectStore,
    draft: KitDraft,
    revision: int,
    changes: Mapping[str, bytes | None],
) -> KitSource:
    """Write files (None removes one) into a draft that is still at `revision`; the new source.

    Raises Refused (code "draft-changed") when somebody else has saved since, and KitRefused when the files would no
    longer be a kit that can be read. Nothing is kept then.
    """
    session.refresh(draft, with_for_update=True)
    if draft.revision != revision:
        message = _(
            "Somebody else has changed this kit since you opened it. Load it again to see the changes."
        )
        raise Refused(message, code="draft-changed")
    files = {**draft_source(store, draft).files, **changes}
    source = build_source({path: data for path, data in files.items() if data is not None})
    if source.manifest.name != draft.name:
        raise Refused(_("A kit keeps its name. Make a new kit for another one."), code="draft-name")
    if source.content_hash != draft.content_hash:
        _put(session, store, draft, source)
        draft.revision += 1
        record(session, "kit.draft_saved", draft, files=sorted(changes))
    return source


def keep_findings(draft: KitDraft, source: KitSource, findings: Iterable[Finding]) -> None:
    """Remember what the checks said of `source`, so that the same files aren't checked again."""
    draft.findings = [finding.to_json() for finding in findings]
    draft.checked_hash = source.content_hash


def discard(session: Session, draft: KitDraft) -> None:
    """Forget a draft: after publishing it, or because nobody wants it."""
    record(session, "kit.draft_discarded", draft, name=draft.name)
    session.delete(draft)


def _put(session: Session, store: ObjectStore, draft: KitDraft, source: KitSource) -> None:
    draft.object_key = draft_key(draft, source)
    draft.content_hash = source.content_hash
    draft.title = source.manifest.title
    draft.updated_by = session_scope(session).user_id
    draft.updated_at = utcnow()
    store.put(draft.object_key, pack(source), "application/zip")
