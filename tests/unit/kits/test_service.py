"""Publishing: immutable versions by content, refusals with a sentence, events and audit in the same transaction."""

import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.factories.accounts import organization, partnership
from tests.unit.kits.conftest import skeleton_files
from tmpa.db import Database
from tmpa.kernel.errors import Refused
from tmpa.kernel.models import AuditRow
from tmpa.kernel.objects import LocalStore
from tmpa.kernel.scope import Scope
from tmpa.kernel.signing import Signer
from tmpa.kits import queries, service
from tmpa.kits.findings import KitRefused
from tmpa.kits.models import Kit, KitVersion
from tmpa.kits.source import KitSource, build_source


def version_of(number: str, title: str = "A short name for the campaign") -> KitSource:
    """The starting kit under another number."""
    files = skeleton_files()
    files["kit.toml"] = files["kit.toml"].replace(b'"0.1.0"', f'"{number}"'.encode())
    files["kit.toml"] = files["kit.toml"].replace(b"A short name for the campaign", title.encode())
    files["locales/de.po"] = files["locales/de.po"].replace(b"A short name for the campaign", title.encode())
    return build_source(files)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects", "http://127.0.0.1", Signer(("x" * 32,)))


@pytest.fixture
def vendor(database: Database) -> uuid.UUID:
    return organization(database, "vendor", "Stillhaven")


@pytest.fixture
def session(database: Database, vendor: uuid.UUID) -> Iterator[Session]:
    with database.unit_of_work(Scope("vendor", vendor)) as opened:
        yield opened


def publish(session: Session, store: LocalStore, source: KitSource) -> KitVersion:
    return service.publish(session, store, source, findings=[], notes=" First ")


def test_publish_stores_files_and_reads_them_back(
    session: Session, store: LocalStore, kit: KitSource
) -> None:
    version = service.publish(session, store, kit, notes=" First ")
    assert (version.version, version.notes, version.state, version.findings) == (
        "0.1.0",
        "First",
        "published",
        [],
    )
    assert version.manifest["locales"] == ["en", "de"]
    assert (
        store.get(f"kits/{kit.content_hash}/mails/announcement.mjml") == kit.files["mails/announcement.mjml"]
    )
    loaded = service.load_source(store, version)
    assert loaded == kit
    assert service.load_source(store, version) is loaded
    assert [row.action for row in session.scalars(select(AuditRow))] == ["kit.published"]


def test_the_same_content_is_the_same_version(session: Session, store: LocalStore, kit: KitSource) -> None:
    assert publish(session, store, kit).id == publish(session, store, kit).id
    assert len(list(session.scalars(select(KitVersion)))) == 1


def test_numbers_are_taken_once_and_only_rise(session: Session, store: LocalStore) -> None:
    publish(session, store, version_of("1.2.0"))
    with pytest.raises(Refused, match="other content") as taken:
        publish(session, store, version_of("1.2.0", "Another"))
    assert taken.value.code == "kit-version-taken"
    for lower in ("1.1.9", "1.2.0-rc.1"):
        with pytest.raises(Refused, match="lower than"):
            publish(session, store, version_of(lower))
    assert publish(session, store, version_of("1.10.0", "Another")).kit.title == "Another"
    (kit,) = queries.kits(session)
    session.refresh(kit)
    assert [version.version for version in kit.versions] == ["1.10.0", "1.2.0"]


def test_semantic_versions_are_ordered_by_their_rule() -> None:
    ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.2.0", "1.10.0"]
    shuffled = [*ordered[3:], *ordered[:3]]
    assert sorted(shuffled, key=service.rank) == ordered


def test_errors_stop_publishing_and_nothing_is_stored(session: Session, store: LocalStore) -> None:
    files = skeleton_files()
    files["mails/announcement.mjml"] = files["mails/announcement.mjml"].replace(
        b"{{ slot.headline }}", b"{{ slot.x }}"
    )
    with pytest.raises(KitRefused) as caught:
        service.publish(session, store, build_source(files))
    assert caught.value.findings[0].file == "mails/announcement.mjml"
    assert not list(session.scalars(select(Kit)))
    assert not list(store.list("kits/"))


def test_a_kit_whose_time_is_over_is_refused(session: Session, store: LocalStore) -> None:
    files = skeleton_files()
    files["kit.toml"] = files["kit.toml"].replace(b"accent = ", b"valid_until = 2020-01-01\naccent = ")
    with pytest.raises(Refused, match="2020-01-01"):
        publish(session, store, build_source(files))


def test_withdrawn_versions_are_offered_to_nobody(
    session: Session, store: LocalStore, kit: KitSource
) -> None:
    version = publish(session, store, kit)
    assert queries.offered(session, date(2026, 6, 1)) == [version]
    assert queries.offered(session, date(2026, 6, 1), "fr") == []
    with pytest.raises(Refused, match="why"):
        service.withdraw(session, version, " ")
    service.withdraw(session, version, "The price changed.")
    assert version.withdrawn_at is not None
    assert queries.offered(session, date(2026, 6, 1)) == []
    with pytest.raises(Refused, match="no longer"):
        service.expire(session, version)
    with pytest.raises(Refused, match="withdrawn"):
        publish(session, store, kit)


def test_only_the_programmes_partners_see_it(
    database: Database, vendor: uuid.UUID, store: LocalStore, kit: KitSource
) -> None:
    other = organization(database, "vendor", "Other")
    partner = organization(database, "partner", "Nordlicht")
    partnership(database, vendor, partner)
    with database.unit_of_work(Scope("vendor", vendor)) as session:
        publish(session, store, kit)
    for scope, count in (
        (Scope("partner", partner, vendor_ids=(vendor,)), 1),
        (Scope("partner", partner, vendor_ids=(other,)), 0),
        (Scope("vendor", other), 0),
        (Scope.nobody(), 0),
    ):
        with database.unit_of_work(scope, write=False) as session:
            assert len(queries.offered(session, date(2026, 6, 1))) == count


def test_the_database_refuses_to_change_content(
    database: Database, vendor: uuid.UUID, store: LocalStore, kit: KitSource
) -> None:
    with database.unit_of_work(Scope("vendor", vendor)) as session:
        publish(session, store, kit)
    with pytest.raises(DBAPIError), database.unit_of_work(Scope.system()) as session:
        session.execute(update(KitVersion).values(version="9.9.9"))


def test_a_damaged_store_is_noticed(session: Session, store: LocalStore, kit: KitSource) -> None:
    version = publish(session, store, kit)
    other = version_of("3.0.0")
    store.put(service.bundle_key(kit.content_hash), service.pack(other), "application/zip")
    with pytest.raises(ValueError, match="other content"):
        service.load_source(store, version)
