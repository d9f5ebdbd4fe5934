"""The contacts pages: importing with bad input, the report, stopping addresses, erasing."""

import io
import zipfile
from typing import Any

import pytest
from lxml import html
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tests.factories.accounts import member, organization, partnership
from tests.web.conftest import Browser, SignIn
from tmpa.audiences.imports import run_import
from tmpa.audiences.models import Contact, ContactImport, ContactList, Suppression
from tmpa.kernel.http import Services
from tmpa.kernel.models import Job
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope

pytestmark = pytest.mark.backends("sqlite")
GOOD = {"basis": "opt_in", "source": "CRM export", "list_name": "Customers"}


@pytest.fixture
def paula(services: Services, sign_in: SignIn) -> Browser:
    vendor = organization(services.database, "vendor", "Vendor")
    partner = organization(services.database, "partner", "Partner")
    partnership(services.database, vendor, partner)
    member(
        services.database,
        services.settings,
        partner,
        Role.PARTNER_MARKETER,
        "paula@partner.example",
        (vendor,),
    )
    return sign_in("paula@partner.example")


def rows(services: Services, model: Any) -> list[Any]:
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        return list(session.scalars(select(model).order_by(model.created_at)))


def upload(browser: Browser, data: bytes | None, name: str = "list.csv", **fields: str) -> Any:
    sent: dict[str, Any] = {**GOOD, **fields}
    if data is not None:
        sent["file"] = (io.BytesIO(data), name)
    return browser.post("/contacts/import", sent, page="/contacts/import", content_type="multipart/form-data")


def error_of(text: str, field: str) -> str:
    return str(html.document_fromstring(text).xpath(f"string(//*[@id='{field}-error'])")).strip()


def workbook() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "fields", "field", "says"),
    [
        (None, {}, "file", "Choose a file"),
        (b"", {}, "file", "empty"),
        (workbook(), {}, "file", "not a CSV file"),
        (b"email\na@b.example\x00\n", {}, "file", "binary data"),
        (b"name\nAnn\n", {}, "file", "No column of e-mail addresses"),
        (b'email,name\na@b.example,"Ann\nb@b.example,Bea\n', {}, "file", "quotation mark"),
        (b"email\na@b.example\n", {"basis": "because"}, "basis", "Not a valid choice"),
        (b"email\na@b.example\n", {"source": ""}, "source", "required"),
        (b"email\na@b.example\n", {"source": "   "}, "source", "where the addresses come from"),
        (b"email\na@b.example\n", {"list_name": "x" * 201}, "list_name", "200"),
    ],
)
def test_a_bad_upload_is_told_next_to_its_field_and_leaves_nothing(
    services: Services, paula: Browser, data: bytes | None, fields: dict[str, str], field: str, says: str
) -> None:
    answer = upload(paula, data, **fields)
    assert answer.status_code == 422
    assert says in error_of(answer.text, field), error_of(answer.text, field)
    assert rows(services, ContactImport) == rows(services, ContactList) == rows(services, Job) == []
    assert list(services.store.list("imports/")) == []


def test_fifty_megabytes_are_refused_with_the_reason(services: Services, paula: Browser) -> None:
    data = {
        **GOOD,
        "file": FileStorage(io.BytesIO(b"email\n" + b"person@example.com\n" * 2_800_000), "list.csv"),
    }
    boundary, body = encode_multipart({"csrf_token": paula.token("/contacts/import"), **data})
    answer = paula.client.post(
        "/contacts/import", data=body, content_type=f"multipart/form-data; boundary={boundary}"
    )
    assert answer.status_code == 413 and "This file is too large" in answer.text
    assert rows(services, ContactImport) == []


def test_from_upload_to_report(services: Services, paula: Browser) -> None:
    started = upload(paula, b"email,name\nann@b.example,Ann\nbad,=x\nann@b.example,Again\n", "März.csv")
    assert started.status_code == 303
    page = started.headers["Location"]
    waiting = paula.get(page)
    assert "You can leave this page" in waiting.text and "März.csv" in waiting.text
    assert "HX-Refresh" not in paula.get(f"{page}/progress").headers
    assert paula.get(f"{page}/report.csv").status_code == 404
    row = rows(services, ContactImport)[0]
    run_import(services, str(row.id))
    assert paula.get(f"{page}/progress").headers["HX-Refresh"] == "true"
    done = paula.get(page).text
    assert "The address stands in the file already" in done and "spreadsheet formula" in done
    report = paula.get(f"{page}/report.csv")
    assert report.mimetype == "text/csv" and report.headers["Content-Disposition"].startswith("attachment")
    assert b"3,bad,formula" in report.data and b"4,ann@b.example,duplicate" in report.data
    assert "Ann" in paula.get("/contacts").text and "Customers" in paula.get("/contacts").text
    for query in (
        "?q=ann",
        "?q=%25",
        "?q=" + "x" * 5000,
        "?page=0",
        "?page=-1",
        "?page=9" + "9" * 30,
        "?page=x",
    ):
        assert paula.get("/contacts" + query).status_code == 200, query


def test_a_report_that_was_withdrawn_is_not_there(services: Services, paula: Browser) -> None:
    page = upload(paula, b"email\nann@b.example\nANN@b.example\n").headers["Location"]
    run_import(services, str(rows(services, ContactImport)[0].id))
    person = rows(services, Contact)[0]
    erased = paula.post(f"/contacts/{person.public_id}/erase", page="/contacts", follow_redirects=True)
    assert "The person is forgotten" in erased.text
    assert paula.get(f"{page}/report.csv").status_code == 404
    text = (
        paula.get(page).text + paula.get("/contacts").text + paula.get(f"/contacts/{person.public_id}").text
    )
    assert "ann@b.example" not in text.lower()


@pytest.mark.parametrize(
    ("email", "says"), [("", "required"), ("nobody", "one @"), ("x" * 400, "320"), ("a@b", "no domain")]
)
def test_a_bad_address_to_stop_is_told_next_to_its_field(
    services: Services, paula: Browser, email: str, says: str
) -> None:
    answer = paula.post("/contacts/stopped", {"email": email}, page="/contacts/stopped")
    assert answer.status_code == 422 and says in error_of(answer.text, "email")
    assert rows(services, Suppression) == []


def test_a_stopped_address_is_shown_with_its_reason(services: Services, paula: Browser) -> None:
    for _ in range(2):
        answer = paula.post("/contacts/stopped", {"email": " ANN@b.example"}, page="/contacts/stopped")
        assert answer.status_code == 303
    page = paula.get("/contacts/stopped").text
    assert "ann@b.example" in page and "Asked you to stop" in page
    assert len(rows(services, Suppression)) == 1
    upload(paula, b"email\nann@b.example\n")
    run_import(services, str(rows(services, ContactImport)[0].id))
    shown = paula.get(f"/contacts/{rows(services, Contact)[0].public_id}").text
    assert "This address gets no mails" in shown


def test_the_way_back_to_the_campaign_stays_in_the_portal(services: Services, paula: Browser) -> None:
    sent = {**GOOD, "file": (io.BytesIO(b"email\na@b.example\n"), "list.csv")}
    answer = paula.post(
        "/contacts/import?next=//evil.example",
        sent,
        page="/contacts/import",
        content_type="multipart/form-data",
    )
    assert "evil" not in answer.headers["Location"]
