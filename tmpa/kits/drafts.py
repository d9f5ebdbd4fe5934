"""Kits being worked on in the portal: files in the object store, one draft per kit, saves that can't overwrite.

``open_draft(session, store, source, base=None)``, ``replace(session, store, source)``, ``draft_source(store, draft)``,
``save(session, store, draft, revision, changes)``, ``keep_findings(draft, source, findings)``,
``discard(session, draft)``

Whatever changes a draft's files asks for their check in the same transaction: the job `kits.check_draft` runs it, and a
draft whose `is_checked` is False is being checked.
"""

import re
import tomllib
import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta

from sqlalchemy.exc import IntegrityError, InvalidRequestError
from sqlalchemy.orm import Session

from tmpa.kernel.audit import record
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotAllowed, Refused
from tmpa.kernel.http import Services
from tmpa.kernel.i18n import current_locale, use_locale
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.jobs import enqueue
from tmpa.kernel.objects import MissingObject, ObjectStore
from tmpa.kernel.scope import Scope, session_scope
from tmpa.kits import checking, queries
from tmpa.kits.findings import Finding
from tmpa.kits.manifest import FILE, SEMVER
from tmpa.kits.models import KitDraft, KitVersion
from tmpa.kits.source import KitSource, build_source, pack, read_zip

_VERSION = re.compile(r"(?m)^(version\s*=\s*)(\"[^\"\n]*\"|'[^'\n]*')")
CHECK_JOB = "kits.check_draft"
SETTLED = timedelta(seconds=4)
"""A save is checked when this has passed without another one: an editor saves often."""


def upload_key(vendor_id: uuid.UUID, content_hash: str) -> str:
    """Where a draft's files lie: under their hash, so that a save that is rolled back harms nothing."""
    return f"drafts/{vendor_id}/{content_hash}.zip"


def open_draft(
    session: Session, store: ObjectStore, source: KitSource, base: KitVersion | None = None
) -> KitDraft:
    """The vendor's draft of the kit that `source` names, made from `source` where there is none.

    Raises Refused when another draft of that kit was opened at this moment.
    """
    vendor_id = session_scope(session).organization_id
    name = source.manifest.name
    kept = queries.draft_of(session, name)
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
    if base is not None and base.content_hash == source.content_hash:
        keep_findings(draft, source, [Finding.from_json(item) for item in base.findings])
    else:
        ask_check(session, draft)
    return draft


def hold_upload(session: Session, store: ObjectStore, source: KitSource) -> None:
    """Keep an upload whose vendor must decide first whether it takes a draft's place."""
    vendor_id = _vendor_of(session)
    store.put(upload_key(vendor_id, source.content_hash), pack(source), "application/zip")


def held_upload(session: Session, store: ObjectStore, content_hash: str) -> KitSource:
    """What `hold_upload` kept for the vendor that acts. Raises MissingObject."""
    return read_zip(store.get(upload_key(_vendor_of(session), content_hash)))


def _vendor_of(session: Session) -> uuid.UUID:
    vendor_id = session_scope(session).organization_id
    if vendor_id is None:
        raise NotAllowed
    return vendor_id


def replace(session: Session, store: ObjectStore, draft: KitDraft, source: KitSource) -> None:
    """Put the files of `source`, an upload, in the place of the draft's. The same files change nothing."""
    lock(session, draft)
    if source.content_hash != draft.content_hash:
        _put(session, store, draft, source)
        draft.revision += 1
        record(session, "kit.draft_replaced", draft, content_hash=source.content_hash)
        ask_check(session, draft)


def lock(session: Session, draft: KitDraft) -> None:
    """Hold the draft until the transaction ends and read it anew. Raises Refused (code "draft-gone")."""
    session.flush()
    try:
        session.refresh(draft, with_for_update=True)
    except InvalidRequestError:
        message = _("This draft has been published or discarded meanwhile.")
        raise Refused(message, code="draft-gone") from None


def draft_source(store: ObjectStore, draft: KitDraft) -> KitSource:
    """The files of a draft. Raises Refused when the object store has lost them."""
    try:
        return read_zip(store.get(draft.object_key))
    except MissingObject:
        message = _("The files of this draft are gone. Upload the kit again, or discard the draft.")
        raise Refused(message, code="draft-lost") from None


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
    lock(session, draft)
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
        ask_check(session, draft, SETTLED)
    return source


def renumber(session: Session, store: ObjectStore, draft: KitDraft, version: str) -> KitSource:
    """Give the draft another version number; only that line of kit.toml changes. Raises Refused, KitRefused."""
    if not re.fullmatch(SEMVER, version):
        raise Refused(_("Write the version as three numbers, such as 1.2.0."), "version")
    text = draft_source(store, draft).text(FILE)
    changed = _VERSION.sub(lambda found: f'{found[1]}"{version}"', text, count=1)
    if {**tomllib.loads(text), "version": version} != tomllib.loads(changed):
        raise Refused(_("The version can’t be changed here. Change it in kit.toml."), "version")
    source = save(session, store, draft, draft.revision, {FILE: changed.encode()})
    ask_check(session, draft)
    return source


def keep_findings(draft: KitDraft, source: KitSource, findings: Iterable[Finding]) -> None:
    """Remember what the checks said of `source`, so that the same files aren't checked again."""
    draft.findings = [finding.to_json() for finding in findings]
    draft.checked_hash = source.content_hash


def ask_check(session: Session, draft: KitDraft, after: timedelta = timedelta()) -> None:
    """Have the draft's present files checked, in the language of who asks."""
    args = {"draft": str(draft.id), "content_hash": draft.content_hash, "locale": current_locale()}
    enqueue(session, CHECK_JOB, args, not_before=utcnow() + after)


def check_draft(context: Services, draft_id: str, content_hash: str, locale: str) -> None:
    """The job: check the files that a draft still has. It takes seconds, so no transaction is open meanwhile."""
    key = uuid.UUID(draft_id)
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        draft = session.get(KitDraft, key)
        if draft is None or draft.content_hash != content_hash or draft.is_checked:
            return
        source = draft_source(context.store, draft)
    with use_locale(locale):
        found = checking.check(source)
    with context.database.unit_of_work(Scope.system()) as session:
        draft = session.get(KitDraft, key, with_for_update=True)
        if draft is not None and draft.content_hash == content_hash:
            keep_findings(draft, source, found)


def is_safe(store: ObjectStore, draft: KitDraft) -> bool:
    """Whether a draft's files may be compiled in this process: the check's process survived them, or they were made
    here from such files.
    """
    if draft.is_checked:
        return all(finding.get("rule") != "check-died" for finding in draft.findings)
    return store.exists(safe_key(draft, draft.content_hash))


def safe_key(draft: KitDraft, content_hash: str) -> str:
    """Where it is noted that a state of a draft may be compiled here."""
    return f"drafts/{draft.vendor_id}/{content_hash}.drawn"


def note_safe(store: ObjectStore, draft: KitDraft, content_hash: str) -> None:
    """Note it of a state that was made from a safe one."""
    store.put(safe_key(draft, content_hash), b"", "text/plain")


def check_safe(store: ObjectStore, draft: KitDraft) -> None:
    """Raises Refused (code "unchecked") for a draft that isn't safe."""
    if not is_safe(store, draft):
        raise Refused(_("This kit is checked first. Open it in a moment."), code="unchecked")


def discard(session: Session, draft: KitDraft) -> None:
    """Forget a draft that nobody wants; its published versions stay."""
    record(session, "kit.draft_discarded", draft, name=draft.name)
    session.delete(draft)


def _put(session: Session, store: ObjectStore, draft: KitDraft, source: KitSource) -> None:
    draft.object_key = upload_key(draft.vendor_id, source.content_hash)
    draft.content_hash = source.content_hash
    draft.title = source.manifest.title
    draft.updated_by = session_scope(session).user_id
    draft.updated_at = utcnow()
    store.put(draft.object_key, pack(source), "application/zip")
