"""Drafts: checked by a job, published exactly as checked, never overwritten by somebody else's save."""

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.factories.accounts import organization
from tests.unit.kits.conftest import skeleton_files
from tmpa.app import open_services
from tmpa.kernel.errors import Refused
from tmpa.kernel.http import Services
from tmpa.kernel.models import AuditRow, Job
from tmpa.kernel.scope import Scope
from tmpa.kits import checking, drafts, service
from tmpa.kits.findings import Finding, KitRefused, error
from tmpa.kits.models import KitDraft, KitVersion
from tmpa.kits.source import KitSource, build_source
from tmpa.settings import Settings

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    opened = open_services(settings)
    yield opened
    opened.database.dispose()


@pytest.fixture
def vendor(services: Services) -> Scope:
    return Scope("vendor", organization(services.database, "vendor", "Stillhaven"))


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes of what was checked; a kit whose title holds "bad" has an error. The real check has its own tests."""
    seen: list[str] = []

    def check(source: KitSource) -> list[Finding]:
        seen.append(source.content_hash)
        is_bad = "bad" in source.manifest.title
        return [error("slot", "kit.toml", 3, "Wrong.", "Mend it.")] if is_bad else []

    monkeypatch.setattr(checking, "check", check)
    return seen


def titled(title: str) -> KitSource:
    files = skeleton_files()
    files["kit.toml"] = files["kit.toml"].replace(b"A short name for the campaign", title.encode())
    return build_source(files)


def opened(services: Services, scope: Scope, source: KitSource) -> uuid.UUID:
    with services.database.unit_of_work(scope) as session:
        return drafts.open_draft(session, services.store, source).id


def run_checks(services: Services) -> None:
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        waiting = [dict(job.args) for job in session.scalars(select(Job)) if job.name == drafts.CHECK_JOB]
    for args in waiting:
        drafts.check_draft(services, args["draft"], args["content_hash"], args["locale"])


def get(session: Session, draft_id: uuid.UUID) -> KitDraft:
    return session.get_one(KitDraft, draft_id)


def test_the_check_is_asked_for_with_the_change_and_runs_once(
    services: Services, vendor: Scope, checked: list[str]
) -> None:
    source = titled("bad")
    draft_id = opened(services, vendor, source)
    run_checks(services)
    run_checks(services)
    assert checked == [source.content_hash]
    with services.database.unit_of_work(vendor) as session:
        draft = get(session, draft_id)
        assert draft.is_checked and [item["rule"] for item in draft.findings] == ["slot"]
        drafts.save(session, services.store, draft, draft.revision, {"notes.md": b"Hello"})
        assert not draft.is_checked
    run_checks(services)
    assert len(checked) == 2  # the old files' job passes over what has changed


@pytest.mark.backends("sqlite", "postgresql")
def test_what_is_published_is_what_was_checked(services: Services, vendor: Scope, checked: list[str]) -> None:
    source = titled("good")
    draft_id = opened(services, vendor, source)
    with services.database.unit_of_work(vendor) as session, pytest.raises(Refused) as unchecked:
        service.publish_draft(session, services.store, get(session, draft_id), source.content_hash)
    assert unchecked.value.code == "draft-unchecked"
    run_checks(services)
    with services.database.unit_of_work(vendor) as session, pytest.raises(Refused) as changed:
        service.publish_draft(session, services.store, get(session, draft_id), "0" * 64)
    assert changed.value.code == "draft-changed"
    with services.database.unit_of_work(vendor) as session:
        version = service.publish_draft(
            session, services.store, get(session, draft_id), source.content_hash, " New "
        )
        assert (version.content_hash, version.notes) == (source.content_hash, "New")
    with services.database.unit_of_work(vendor, write=False) as session:
        assert session.scalars(select(KitDraft)).all() == []
        assert len(session.scalars(select(KitVersion)).all()) == 1
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        assert {"kit.draft_opened", "kit.published"} <= set(session.scalars(select(AuditRow.action)))


def test_errors_publish_nothing_and_keep_the_draft(
    services: Services, vendor: Scope, checked: list[str]
) -> None:
    source = titled("bad")
    draft_id = opened(services, vendor, source)
    run_checks(services)
    with services.database.unit_of_work(vendor) as session, pytest.raises(KitRefused):
        service.publish_draft(session, services.store, get(session, draft_id), source.content_hash)
    with services.database.unit_of_work(vendor, write=False) as session:
        assert get(session, draft_id).title == "bad"
        assert session.scalars(select(KitVersion)).all() == []


def test_an_upload_takes_the_drafts_place(services: Services, vendor: Scope, checked: list[str]) -> None:
    draft_id = opened(services, vendor, titled("first"))
    with services.database.unit_of_work(vendor) as session:
        draft = get(session, draft_id)
        assert drafts.open_draft(session, services.store, titled("second")).id == draft_id
        assert draft.title == "first"  # opening never overwrites
        drafts.replace(session, services.store, draft, titled("second"))
        assert (draft.title, draft.revision) == ("second", 2)
        with pytest.raises(Refused) as late:
            drafts.save(session, services.store, draft, 1, {"notes.md": b"Mine"})
    assert late.value.code == "draft-changed"


def test_a_version_opened_as_a_draft_keeps_its_findings(
    services: Services, vendor: Scope, checked: list[str]
) -> None:
    with services.database.unit_of_work(vendor) as session:
        source = titled("good")
        version = service.publish(session, services.store, source, findings=[])
        draft = drafts.open_draft(session, services.store, source, version)
        assert draft.is_checked and draft.base_version_id == version.id
    assert not checked


def test_a_draft_that_is_gone_says_so(services: Services, vendor: Scope, checked: list[str]) -> None:
    source = titled("good")
    draft_id = opened(services, vendor, source)
    with services.database.unit_of_work(vendor) as session:
        held = get(session, draft_id)
        with services.database.session(vendor, write=False) as other:
            assert get(other, draft_id) is not None
        drafts.discard(session, held)
        session.flush()
        with pytest.raises(Refused) as gone:
            drafts.replace(session, services.store, held, titled("late"))
    assert gone.value.code == "draft-gone"
    run_checks(services)  # a job whose draft is gone does nothing
    assert not checked
    draft_id = opened(services, vendor, source)
    with services.database.unit_of_work(vendor) as session:
        draft = get(session, draft_id)
        services.store.delete(draft.object_key)
        with pytest.raises(Refused, match="files of this draft are gone"):
            drafts.draft_source(services.store, draft)
