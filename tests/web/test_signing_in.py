"""Signing in, out, joining, resetting; what strangers and the too eager get."""

from flask import Flask
from sqlalchemy import select

from tests.factories.accounts import PASSWORD, member, organization
from tests.web.conftest import Browser, SignIn
from tmpa.accounts import service as accounts
from tmpa.accounts.models import Invitation, OutgoingMail, User
from tmpa.accounts.models import SignIn as SignInRow
from tmpa.kernel.http import Services
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope


def vendor_person(services: Services, email: str = "vera@vendor.example") -> str:
    vendor = organization(services.database, "vendor", "Vendor")
    member(services.database, services.settings, vendor, Role.VENDOR_ADMIN, email)
    return email


def test_signing_in_and_out(services: Services, sign_in: SignIn) -> None:
    browser = sign_in(vendor_person(services))
    assert browser.get("/people").status_code == 200
    assert browser.post("/sign-out", page="/people").status_code == 303
    assert browser.get("/people").headers["Location"] == "/sign-in?next=/people"


def test_the_cookie_is_another_after_signing_in(services: Services, anybody: Browser) -> None:
    email = vendor_person(services)
    token = anybody.token("/sign-in")
    before = anybody.client.get_cookie("tmpa")
    anybody.client.post("/sign-in", data={"csrf_token": token, "email": email, "password": PASSWORD})
    after = anybody.client.get_cookie("tmpa")
    assert before and after and before.value != after.value
    assert after.http_only and after.same_site == "Lax"


def test_a_wrong_password_says_so_without_saying_who_exists(services: Services, anybody: Browser) -> None:
    email = vendor_person(services)
    answers = [
        anybody.post("/sign-in", {"email": who, "password": "wrong password"}, page="/sign-in")
        for who in (email, "nobody@nowhere.example")
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert all("The address or the password is wrong." in answer.text for answer in answers)


def test_guessing_is_slowed_down(services: Services, anybody: Browser) -> None:
    email = vendor_person(services)
    for _try in range(8):
        anybody.post("/sign-in", {"email": email, "password": "wrong password"}, page="/sign-in")
    answer = anybody.post("/sign-in", {"email": email, "password": PASSWORD}, page="/sign-in")
    assert answer.status_code == 422
    assert "Too many tries" in answer.text


def test_forms_without_a_token_are_refused(services: Services, app: Flask) -> None:
    email = vendor_person(services)
    assert app.test_client().post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 400


def test_no_open_redirect_after_signing_in(services: Services, anybody: Browser) -> None:
    email = vendor_person(services)
    answer = anybody.post(
        "/sign-in?next=//evil.example", {"email": email, "password": PASSWORD}, page="/sign-in"
    )
    assert answer.headers["Location"] == "/"


def invitation_path(services: Services, email: str) -> str:
    with services.database.unit_of_work(Scope.system()) as session:
        partner = accounts.create_organization(session, "partner", "Partner")
        made = accounts.invite(
            session, services.signer, services.settings, partner.id, email, Role.PARTNER_ADMIN, "de"
        )
        return accounts.invitation_url(services.signer, services.settings, made).removeprefix(
            services.settings.portal_url
        )


def test_joining_by_invitation(services: Services, anybody: Browser) -> None:
    path = invitation_path(services, "paula@partner.example")
    weak = anybody.post(path, {"name": "Paula", "password": "short"}, page=path)
    assert weak.status_code == 422 and "Use 10 characters or more" in weak.text
    joined = anybody.post(path, {"name": "Paula", "password": PASSWORD}, page=path)
    assert joined.status_code == 303
    assert "Paula" in anybody.get("/people").text
    again = anybody.get(path)
    assert again.status_code == 410
    with services.database.unit_of_work(Scope.system()) as session:
        user = session.scalars(select(User)).one()
        assert (user.email, user.locale) == ("paula@partner.example", "de")
        assert session.scalars(select(Invitation)).one().accepted_at is not None
        mail = session.scalars(select(OutgoingMail)).one()
        assert path in mail.text and path in mail.html


def test_an_invitation_for_somebody_with_an_account_wants_their_password(
    services: Services, anybody: Browser
) -> None:
    email = vendor_person(services)
    path = invitation_path(services, email)
    assert anybody.post(path, {"password": "not the password"}, page=path).status_code == 422
    assert anybody.post(path, {"password": PASSWORD}, page=path).status_code == 303


def test_a_reset_link_works_once_and_signs_out_everywhere(
    services: Services, anybody: Browser, sign_in: SignIn
) -> None:
    email = vendor_person(services)
    elsewhere = sign_in(email)
    for who in (email, "nobody@nowhere.example"):
        answer = anybody.post("/reset", {"email": who}, page="/reset")
        assert answer.status_code == 200 and who in answer.text
    with services.database.unit_of_work(Scope.system()) as session:
        mail = session.scalars(select(OutgoingMail)).one()
    path = next(line for line in mail.text.splitlines() if "/reset/" in line).removeprefix(
        services.settings.portal_url
    )
    assert anybody.post(path, {"password": "another good password"}, page=path).status_code == 303
    assert anybody.get(path).status_code == 410
    assert elsewhere.get("/people").status_code == 303
    with services.database.unit_of_work(Scope.system()) as session:
        assert len(session.scalars(select(SignInRow)).all()) == 1


def test_the_headers_of_every_page(services: Services, anybody: Browser) -> None:
    answer = anybody.get("/sign-in")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
