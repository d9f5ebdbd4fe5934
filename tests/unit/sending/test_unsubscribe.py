"""Unsubscribing: a GET never does it, a POST does it at once, without cookies, in the mail's language."""

import uuid
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.factories.sending import SYSTEM, SendingWorld, services
from tests.unit.sending.test_batches import begin
from tmpa.app import create_app
from tmpa.audiences.models import Suppression
from tmpa.kernel import jobs
from tmpa.kernel.models import Job
from tmpa.kernel.signing import Signer
from tmpa.kernel.tracking_tokens import encode
from tmpa.sending.batches import send_batch
from tmpa.sending.models import Recipient

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture(autouse=True)
def _subscribers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(jobs._subscribers, "sending.unsubscribed", ["engagement.record_unsubscribe"])


@pytest.fixture
def client(world: SendingWorld) -> Iterator[FlaskClient]:
    world.people(["ada@a.example", "ben@a.example"], locale="de")
    begin(world)
    yield create_app(world.context.settings, world.context).test_client(use_cookies=False)


def address(world: SendingWorld, email: str = "ada@a.example") -> str:
    row = world.recipients()[email]
    return f"/u/{encode(world.context.signer, 'unsubscribe', world.vendor_id, row.id)}"


def suppressions(world: SendingWorld) -> list[Suppression]:
    with world.database.unit_of_work(SYSTEM, write=False) as session:
        return list(session.scalars(select(Suppression)))


def unsubscribed_jobs(world: SendingWorld) -> list[dict[str, object]]:
    with world.database.unit_of_work(SYSTEM, write=False) as session:
        return list(session.scalars(select(Job.args).where(Job.name == "engagement.record_unsubscribe")))


def test_looking_changes_nothing(world: SendingWorld, client: FlaskClient) -> None:
    for method in ("GET", "HEAD"):
        answer = client.open(address(world), method=method)
        assert answer.status_code == 200
    page = client.get(address(world)).text
    assert suppressions(world) == [] and unsubscribed_jobs(world) == []
    assert 'lang="de"' in page and "Partner north" in page and "Vendor north" in page
    assert "Partner north GmbH" in page and "Hafen 1, Kiel" in page and "ada@a.example" in page
    assert page.count("<button") >= 1 and 'method="post"' in page


@pytest.mark.parametrize("body", [ONE_CLICK, {}])
def test_a_post_ends_it_at_once(world: SendingWorld, client: FlaskClient, body: dict[str, str]) -> None:
    answer = client.post(address(world), data=body)
    assert answer.status_code == 200
    (row,) = suppressions(world)
    assert (row.email_key, row.organization_id, row.reason) == (
        "ada@a.example",
        world.partner_id,
        "unsubscribed",
    )
    assert row.evidence["by"] == ("one_click" if body else "page") and row.evidence["campaign"] == str(
        world.campaign_id
    )
    assert client.post(address(world), data=body).status_code == 200
    assert len(suppressions(world)) == 1 and len(unsubscribed_jobs(world)) == 1
    assert unsubscribed_jobs(world)[0]["recipient"] == str(world.recipients()["ada@a.example"].id)
    assert client.get(address(world)).status_code == 200
    send_batch(world.context, str(world.steps[0]))
    assert {email: row.state for email, row in world.recipients().items()} == {
        "ada@a.example": "skipped",
        "ben@a.example": "handed_over",
    }


def test_other_tokens_do_nothing(world: SendingWorld, client: FlaskClient) -> None:
    row = world.recipients()["ada@a.example"]
    signer = world.context.signer
    for token in (
        "x",
        "",
        encode(signer, "open", world.vendor_id, row.id),
        encode(signer, "unsubscribe", world.partner_id, row.id),
        encode(signer, "unsubscribe", world.vendor_id, uuid.uuid4()),
        encode(Signer(["another-secret-of-32-characters-!!"]), "unsubscribe", world.vendor_id, row.id),
    ):
        assert client.get(f"/u/{token}").status_code == 404
        assert client.post(f"/u/{token}", data=ONE_CLICK).status_code == 404
    assert suppressions(world) == []


def test_the_page_of_an_erased_person(world: SendingWorld, client: FlaskClient) -> None:
    where = address(world)
    with world.database.unit_of_work(SYSTEM) as session:
        session.execute(update(Recipient).where(Recipient.email == "ada@a.example").values(email=""))
    assert client.get(where).status_code == 200
    assert client.post(where, data=ONE_CLICK).status_code == 200
    assert suppressions(world) == []


def test_links_stay_good_when_the_secret_changes(world: SendingWorld, client: FlaskClient) -> None:
    row = world.recipients()["ada@a.example"]
    old = encode(Signer(["the-old-secret-of-32-characters--"]), "unsubscribe", world.vendor_id, row.id)
    settings = world.context.settings.model_copy(
        update={"secret_keys": world.context.settings.secret_keys + ",the-old-secret-of-32-characters--"}
    )
    fresh = create_app(settings, services(settings, world.database)).test_client(use_cookies=False)
    assert fresh.post(f"/u/{old}", data=ONE_CLICK).status_code == 200
    assert len(suppressions(world)) == 1
