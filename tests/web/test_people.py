"""The People page: who is there, inviting, removing; bad input is told next to its field."""

import pytest
from lxml import html
from sqlalchemy import select

from tests.factories.accounts import member, organization
from tests.web.conftest import Browser, SignIn
from tmpa.accounts.models import Invitation, Membership, OutgoingMail
from tmpa.kernel.http import Services
from tmpa.kernel.models import AuditRow, Job
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope

pytestmark = pytest.mark.backends("sqlite")
ADMIN, MARKETER = "admin@vendor.example", "marketer@vendor.example"


@pytest.fixture
def admin(services: Services, sign_in: SignIn) -> Browser:
    """A vendor's administrator; there is a marketer, too."""
    vendor = organization(services.database, "vendor", "Vendor")
    for email, role in ((ADMIN, Role.VENDOR_ADMIN), (MARKETER, Role.VENDOR_MARKETER)):
        member(services.database, services.settings, vendor, role, email)
    return sign_in(ADMIN)


def rows(services: Services, model: type) -> list:  # type: ignore[type-arg]
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        return list(session.scalars(select(model)))


def error_of(text: str, field: str) -> str:
    """What the page says next to a field."""
    return str(html.document_fromstring(text).xpath(f"string(//*[@id='{field}-error'])")).strip()


@pytest.mark.parametrize(
    ("data", "field", "says"),
    [
        ({"email": "", "role": "mdf_payer"}, "email", "This field is required."),
        ({"email": "nobody", "role": "mdf_payer"}, "email", "one @"),
        ({"email": "a b@vendor.example", "role": "mdf_payer"}, "email", "no spaces"),
        ({"email": "x" * 400 + "@vendor.example", "role": "mdf_payer"}, "email", "320"),
        ({"email": "x@vendor.example", "role": ""}, "role", "This field is required."),
        ({"email": "x@vendor.example", "role": "partner_admin"}, "role", "Not a valid choice"),
        ({"email": "x@vendor.example", "role": "operator"}, "role", "Not a valid choice"),
        ({"email": "x@vendor.example"}, "role", ""),
    ],
)
def test_bad_input_is_told_next_to_its_field(
    services: Services, admin: Browser, data: dict[str, str], field: str, says: str
) -> None:
    answer = admin.post("/people/invite", data, page="/people")
    assert answer.status_code == 422
    assert says in error_of(answer.text, field) and error_of(answer.text, field)
    assert 'aria-invalid="true"' in answer.text
    if data.get("email"):
        assert html.document_fromstring(answer.text).get_element_by_id("email").get("value") == data["email"]
    for model in (Invitation, OutgoingMail, Job):
        assert rows(services, model) == []


def test_the_refusal_is_in_the_readers_language(services: Services, admin: Browser) -> None:
    admin.post("/preferences", {"language": "de"}, page="/people")
    answer = admin.post("/people/invite", {"email": "", "role": "mdf_payer"}, page="/people")
    assert error_of(answer.text, "email") == "Dieses Feld wird benötigt."


def test_inviting_mails_a_link_and_shows_who_is_waited_for(services: Services, admin: Browser) -> None:
    answer = admin.post(
        "/people/invite", {"email": "New@vendor.example", "role": "mdf_payer"}, page="/people"
    )
    assert answer.status_code == 303
    page = admin.get("/people").text
    assert "An invitation is on its way to New@vendor.example." in page and "MDF payer" in page
    assert "An invitation is on its way" not in admin.get("/people").text
    assert [mail.to_address for mail in rows(services, OutgoingMail)] == ["New@vendor.example"]
    assert [job.name for job in rows(services, Job)] == ["accounts.send_mail"]
    assert "member.invited" in {row.action for row in rows(services, AuditRow)}


def test_a_part_of_a_page_does_not_swallow_the_message(admin: Browser) -> None:
    admin.post("/people/invite", {"email": "new@vendor.example", "role": "mdf_payer"}, page="/people")
    admin.get("/healthz")
    admin.get("/nothing", headers={"HX-Request": "true"})
    assert admin.get("/people").status_code == 200


def test_removing_ends_what_the_person_may_do_at_once(
    services: Services, admin: Browser, sign_in: SignIn
) -> None:
    marketer = sign_in(MARKETER)
    assert marketer.get("/partners").status_code == 200
    kept = {row.role: row.public_id for row in rows(services, Membership)}
    assert admin.post(f"/people/{kept['vendor_marketer']}/remove", page="/people").status_code == 303
    assert marketer.get("/partners").status_code == 404
    own = admin.post(f"/people/{kept['vendor_admin']}/remove", page="/people", follow_redirects=True)
    assert "remove yourself; ask another administrator" in own.text
    assert [row.role for row in rows(services, Membership)] == ["vendor_admin"]
    assert "member.removed" in {row.action for row in rows(services, AuditRow)}


def test_who_may_not_manage_people_sees_them_without_the_means(admin: Browser, sign_in: SignIn) -> None:
    marketer = sign_in(MARKETER)
    page = marketer.get("/people").text
    assert ADMIN in page and "Invite somebody" not in page and "/remove" not in page
    data = {"email": "x@vendor.example", "role": "mdf_payer"}
    assert marketer.post("/people/invite", data, page="/people").status_code == 404


def test_language_and_theme_are_kept_with_the_person(admin: Browser, sign_in: SignIn) -> None:
    admin.post("/preferences", {"language": "ar", "theme": "dark"}, page="/people")
    page = sign_in(ADMIN).get("/people").text
    assert '<html lang="ar" dir="rtl" data-theme="dark">' in page
    admin.post("/preferences", {"language": "tlh", "theme": "pink"}, page="/people")
    assert 'lang="ar" dir="rtl" data-theme="dark"' in admin.get("/people").text
