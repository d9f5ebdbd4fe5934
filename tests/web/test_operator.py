"""The operator's pages: health, dead jobs and running them again, audit, settings without secrets."""

import pytest
from sqlalchemy import select

from tests.factories.accounts import member, organization
from tests.factories.world import make_world
from tests.web.conftest import Browser, SignIn
from tmpa.app import create_app
from tmpa.audiences.suppression import suppress
from tmpa.kernel.http import Services
from tmpa.kernel.jobs import enqueue
from tmpa.kernel.models import AuditRow, Job
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope
from tmpa.sending.models import Recipient

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def olga(services: Services, sign_in: SignIn) -> Browser:
    operators = organization(services.database, "operator", "Operator")
    member(services.database, services.settings, operators, Role.OPERATOR, "olga@operator.example")
    return sign_in("olga@operator.example")


def dead_job(services: Services) -> Job:
    with services.database.unit_of_work(Scope.system()) as session:
        job = enqueue(session, "test.broken", {"id": "1"})
        session.flush()
        job.state, job.attempts, job.error = "dead", 6, "<b>RuntimeError</b>: it broke"
    return job


def test_home_is_health(olga: Browser) -> None:
    assert olga.get("/").headers["Location"] == "/operator"
    page = olga.get("/operator").text
    for name in ("Database", "Queue", "Object store", "Relay", "Failed jobs"):
        assert name in page


def test_a_dead_job_is_seen_and_run_again(services: Services, olga: Browser) -> None:
    job = dead_job(services)
    page = olga.get("/operator/jobs").text
    assert "test.broken" in page and "&lt;b&gt;RuntimeError" in page
    answer = olga.post(f"/operator/jobs/{job.public_id}/again", page="/operator/jobs")
    assert answer.status_code == 303
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        kept = session.get_one(Job, job.id)
        assert (kept.state, kept.attempts) == ("pending", 0)
        assert "job.run_again" in session.scalars(select(AuditRow.action)).all()
    for state in ("pending", "done", "nonsense", "'"):
        assert olga.get(f"/operator/jobs?state={state}").status_code == 200


def test_only_a_dead_job_runs_again(services: Services, olga: Browser) -> None:
    """A job that waits or runs must not be started a second time by a stale page."""
    with services.database.unit_of_work(Scope.system()) as session:
        job = enqueue(session, "test.waiting", {})
        session.flush()
        job.state, job.attempts = "running", 3
    answer = olga.post(f"/operator/jobs/{job.public_id}/again", page="/operator/jobs")
    assert answer.status_code == 422 and "Only a failed job can be run again." in answer.text
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.get_one(Job, job.id).state == "running"


def test_the_audit_names_people_and_organizations_of_everybody(services: Services, olga: Browser) -> None:
    with services.database.unit_of_work(Scope.system()) as session:
        make_world(session, "mine")
    page = olga.get("/operator/audit").text
    assert "test.made" in page and "Vendor mine" in page and "Person partner mine" in page
    assert "test.made" not in olga.get("/operator/audit?q=nothing").text
    assert olga.get("/operator/audit?q=%25").status_code == 200


def test_settings_show_no_secret(services: Services, olga: Browser) -> None:
    settings = services.settings.model_copy(
        update={
            "database_url": services.settings.database_url,
            "mail_url": "smtp://me:hunter2@mail.example:25",
            "metrics_token": "hunter2-token",
        }
    )
    shared = Services(settings, services.database, services.store, services.signer)
    cookie = olga.client.get_cookie("tmpa")
    assert cookie is not None
    client = create_app(settings, shared).test_client()
    client.set_cookie("tmpa", cookie.value)
    page = client.get("/operator/settings").text
    assert "TMPA_MAIL_URL" in page and "mail.example:25" in page
    assert "hunter2" not in page and settings.secret_keys not in page


def test_an_operator_is_no_tenant(olga: Browser) -> None:
    for path in ("/kits", "/partners", "/campaigns", "/contacts", "/claims", "/money", "/results"):
        assert olga.get(path).status_code == 404, path


def test_one_search_says_why_a_mail_went_or_not(services: Services, olga: Browser) -> None:
    with services.database.unit_of_work(Scope.system()) as session:
        world = make_world(session, "mine")
        recipient = world.rows[Recipient]
        address = recipient.email
        recipient.state, recipient.reason, recipient.reply = "skipped", "suppressed", "<b>550</b> no"
        suppress(session, None, address, "complained", {})
    page = olga.post("/operator/mails", {"address": f" {address.upper()} "}, page="/operator/mails").text
    assert "the person unsubscribed, or it is blocked" in page and "&lt;b&gt;550" in page
    assert "Partner mine" in page and "Blocked everywhere" in page
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        row = session.scalars(select(AuditRow).where(AuditRow.action == "operator.mail_search")).one()
        assert row.changes == {"domain": address.upper().rpartition("@")[2]}, "the trail is never erased"


def test_the_mail_search_wants_a_whole_address(services: Services, olga: Browser) -> None:
    with services.database.unit_of_work(Scope.system()) as session:
        address = make_world(session, "mine").rows[Recipient].email
    answer = olga.post("/operator/mails", {"address": address.split("@")[0]}, page="/operator/mails")
    assert answer.status_code == 422 and "Type the whole address" in answer.text
    for wrong in ("%@%", f"%{address[1:]}", "nobody@nowhere.example"):
        page = olga.post("/operator/mails", {"address": wrong}, page="/operator/mails").text
        assert "This address is not known" in page and "Partner mine" not in page
