"""People: passwords, addresses, invitations, sign-ins, several organizations."""

import time
import uuid
from datetime import timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.factories.accounts import PASSWORD, member, organization, partnership
from tmpa.accounts import passwords, service, sign_ins
from tmpa.accounts.addresses import check_address, fold
from tmpa.accounts.models import Invitation, Membership, Organization, OutgoingMail, SignIn, User
from tmpa.db import Database
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.permissions import GRANTS, HELP, ROLES_OF_KIND, Permission, Role, allowed
from tmpa.kernel.scope import Scope
from tmpa.kernel.signing import Signer
from tmpa.partners.service import programmes_of
from tmpa.settings import Settings

pytestmark = pytest.mark.backends("sqlite")
SYSTEM = Scope.system()


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "Use 10 characters or more"),
        ("x" * 201, "Use 200 characters at the most"),
        ("aaaaaaaaaaaa", "too easy"),
        ("ababababababab", "too easy"),
        ("VERA@vendor.example", "too easy"),
        ("Vera Vendor Person", "too easy"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password: str, says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        passwords.check_new(password, not_like=("vera@vendor.example", "Vera Vendor Person"))
    assert refused.value.field == "password"


def test_passwords_are_kept_as_argon2id_of_owasps_profile(tmp_path: object) -> None:
    kept = passwords.hash_password(Settings(env="test"), PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify(Settings(env="test"), kept, PASSWORD)
    assert not passwords.verify(Settings(env="test"), kept, PASSWORD + "x")
    assert not passwords.verify(Settings(env="test"), None, "")
    assert not passwords.verify(Settings(env="test"), "damaged", PASSWORD)


def test_an_account_that_is_not_there_takes_as_long() -> None:
    """The decoy is a real hash of the same cost, so that time doesn't tell who has an account."""
    settings = Settings(env="test")
    kept = passwords.hash_password(settings, PASSWORD)

    def fastest(stored: str | None) -> float:
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            passwords.verify(settings, stored, "wrong password")
            times.append(time.perf_counter() - begun)
        return min(times)

    with_account, without = fastest(kept), fastest(None)
    assert 0.5 < without / with_account < 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Vera@Vendor.Example", "vera@vendor.example"),
        (" vera@vendor.example ", "vera@vendor.example"),
        ("info@GROẞ.example", "info@xn--gro-7ka.example"),
        ("x@例え.example", "X@XN--R8JZ45G.example"),
        ("ＦＵＬＬ@ｅｘａｍｐｌｅ.com", "full@example.com"),
        ("pa\u030al@example.com", "pål@example.com"),
    ],
)
def test_two_spellings_of_one_mailbox_are_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_two_mailboxes_stay_two() -> None:
    assert fold("info@groß.example") != fold("info@gross.example")
    assert fold("a.b@example.com") != fold("ab@example.com")


@given(st.text(max_size=400))
def test_any_text_folds_and_folding_again_changes_nothing(text: str) -> None:
    once = fold(text)
    assert fold(once) == once or "@" not in text
    try:
        address = check_address(text)
    except Refused as refused:
        assert refused.field == "email" and str(refused)
    else:
        assert fold(address) == fold(fold(address)) and len(fold(address)) <= 320


@pytest.mark.parametrize(
    "text",
    ["", "nobody", "a@b@c.example", "a b@c.example", "a@", "@b.example", "a@b", "a@-b.example", "a@b..example",
     "<a@b.example>", "A <a@b.example>", "a@b.example\r\nBcc: x@y.example", "a@b.example,c@d.example", "a@[127.0.0.1]",
     "x" * 65 + "@b.example", "a@" + "b" * 64 + ".example", "a\x00@b.example", "a@b.example\x00",
     "zero@width\u200b.example",
     "\ufdfa" * 60 + "@example.com", '"quoted"@b.example'],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        check_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "o’brien@example.com",
        "pål.østby@østby-regnskap.example",
        "用户@例え.example",
        "a+b_c-d@sub.example.co",
    ],
)
def test_international_addresses_are_taken(text: str) -> None:
    assert check_address(f"  {text} ") == text


def test_every_role_belongs_to_a_kind_and_every_permission_has_its_sentence() -> None:
    assert set(Role) == set(GRANTS) == {role for roles in ROLES_OF_KIND.values() for role in roles}
    assert set(HELP) == set(Permission) == {each for granted in GRANTS.values() for each in granted}
    vendor = {each for role in ROLES_OF_KIND["vendor"] for each in GRANTS[role]}
    assert Permission.OPERATE not in vendor
    # four eyes: nobody's single role asks for, decides and pays the same money
    for granted in GRANTS.values():
        assert len(granted & {Permission.REQUEST_FUNDS, Permission.DECIDE_CLAIMS, Permission.PAY_CLAIMS}) <= 1


def test_roles_add_up() -> None:
    scope = Scope("vendor", uuid.uuid4(), uuid.uuid4(), (), frozenset({"mdf_approver", "mdf_payer"}))
    assert allowed(scope, Permission.DECIDE_CLAIMS) and allowed(scope, Permission.PAY_CLAIMS)
    assert not allowed(scope, Permission.MANAGE_PEOPLE)
    assert not allowed(Scope.nobody(), Permission.SEE_KITS)


@pytest.fixture
def signer(settings: Settings) -> Signer:
    return Signer(settings.secrets)


def test_an_account_is_one_per_mailbox(database: Database, settings: Settings) -> None:
    with database.unit_of_work(SYSTEM) as session:
        service.create_user(session, settings, "vera@vendor.example", "Vera", PASSWORD)
        with pytest.raises(Refused, match="account with this address"):
            service.create_user(session, settings, "VERA@Vendor.example", "Vera", PASSWORD)
        for email, name, password, field in (
            ("nobody", "N", PASSWORD, "email"),
            ("n@vendor.example", " ", PASSWORD, "name"),
            ("n@vendor.example", "N", "short", "password"),
        ):
            with pytest.raises(Refused) as refused:
                service.create_user(session, settings, email, name, password)
            assert refused.value.field == field
        assert session.query(User).count() == 1
        found = service.user_by_email(session, " Vera@VENDOR.example")
        assert found is not None and found.locale == "en"
    with pytest.raises(Refused), database.unit_of_work(SYSTEM) as session:
        service.create_organization(session, "vendor", "  ")


def test_a_role_of_another_kind_is_refused(database: Database, settings: Settings, signer: Signer) -> None:
    vendor = organization(database, "vendor", "Vendor")
    with database.unit_of_work(SYSTEM) as session:
        user = service.create_user(session, settings, "v@vendor.example", "V", PASSWORD)
        where = session.get_one(Organization, vendor)
        for role in (Role.PARTNER_ADMIN, Role.OPERATOR):
            with pytest.raises(Refused) as refused:
                service.add_member(session, user, where, role)
            assert refused.value.field == "role"
            with pytest.raises(Refused):
                service.invite(session, signer, settings, vendor, "x@vendor.example", role, "en")
        with pytest.raises(Refused):
            service.invite(session, signer, settings, vendor, "x@vendor.example", "emperor", "en")
        with pytest.raises(NotFound):
            service.invite(session, signer, settings, uuid.uuid4(), "x@vendor.example", Role.MDF_PAYER, "en")
        first = service.add_member(session, user, where, Role.MDF_PAYER)
        assert service.add_member(session, user, where, Role.MDF_PAYER).id == first.id
        assert session.query(Invitation).count() == 0 and session.query(OutgoingMail).count() == 0


def test_an_invitation_is_used_once_and_not_after_its_time(
    database: Database, settings: Settings, signer: Signer
) -> None:
    vendor = organization(database, "vendor", "Vendor")

    def token() -> str:
        with database.unit_of_work(SYSTEM) as session:
            made = service.invite(session, signer, settings, vendor, "x@vendor.example", Role.MDF_PAYER, "xx")
            assert made.locale == "en"
            return service.invitation_url(signer, settings, made).rpartition("/")[2]

    used, late, withdrawn = token(), token(), token()
    with database.unit_of_work(SYSTEM) as session:
        invitation = service.open_invitation(session, signer, used)
        user = service.accept(session, settings, invitation, "X", PASSWORD)
        assert user.last_organization_id == vendor
        with pytest.raises(Refused) as refused:
            service.open_invitation(session, signer, used)
        assert refused.value.code == "used"
    with time_machine.travel(time.time() + 15 * 86400), database.unit_of_work(SYSTEM) as session:
        with pytest.raises(Refused) as refused:
            service.open_invitation(session, signer, late)
        assert refused.value.code == "expired"
    with database.unit_of_work(SYSTEM) as session:  # ended in the database, though the token would still hold
        for row in session.scalars(select(Invitation).where(Invitation.accepted_at.is_(None))):
            row.expires_at = utcnow() - timedelta(seconds=1)
        session.flush()
        with pytest.raises(Refused, match="expired"):
            service.open_invitation(session, signer, withdrawn)
        with pytest.raises(NotFound):
            service.open_invitation(session, signer, "x" + used)
        with pytest.raises(NotFound):
            service.open_invitation(session, signer, signer.sign("invitation", {"i": str(uuid.uuid4())}, 60))
        assert service.open_invitations(session, vendor) == []


def test_who_has_an_account_joins_with_its_password_only(
    database: Database, settings: Settings, signer: Signer
) -> None:
    vendor = organization(database, "vendor", "Vendor")
    partner = organization(database, "partner", "Partner")
    member(database, settings, vendor, Role.VENDOR_ADMIN, "v@vendor.example")
    with database.unit_of_work(SYSTEM) as session:
        made = service.invite(
            session, signer, settings, partner, "V@Vendor.example", Role.PARTNER_ADMIN, "en"
        )
        with pytest.raises(Refused) as refused:
            service.accept(session, settings, made, "V", "another password")
        assert refused.value.field == "password" and made.accepted_at is None
        service.accept(session, settings, made, "Ignored", PASSWORD)
        assert session.query(User).count() == 1 and session.query(Membership).count() == 2


def test_signing_in_ends_by_itself_and_lives_on_by_use(database: Database, settings: Settings) -> None:
    vendor = organization(database, "vendor", "Vendor")
    who = member(database, settings, vendor, Role.VENDOR_ADMIN, "v@vendor.example")
    begun = time.time()
    with database.unit_of_work(SYSTEM) as session:
        secret = sign_ins.begin(session, session.get_one(User, who.user_id), hours=12)
        session.flush()
        row = session.query(SignIn).one()
        assert secret not in row.secret_hash and len(secret) >= 43
    with time_machine.travel(begun + 6 * 3600), database.unit_of_work(SYSTEM) as session:
        found = sign_ins.find(session, secret)
        assert found is not None and sign_ins.needs_touch(found[0])
        sign_ins.touch(session, found[0].id, hours=12)
    with time_machine.travel(begun + 13 * 3600), database.unit_of_work(SYSTEM) as session:
        assert sign_ins.find(session, secret) is not None
    with time_machine.travel(begun + 19 * 3600), database.unit_of_work(SYSTEM) as session:
        assert sign_ins.find(session, secret) is None
        service.forget_expired(session)
        assert session.query(SignIn).count() == 0
        sign_ins.touch(session, uuid.uuid4(), hours=12)  # signed out in this moment
    with database.unit_of_work(SYSTEM) as session:
        for wrong in ("", "x", "\x00", "é" * 50):
            assert sign_ins.find(session, wrong) is None


def test_a_new_password_signs_out_everywhere(database: Database, settings: Settings) -> None:
    vendor = organization(database, "vendor", "Vendor")
    who = member(database, settings, vendor, Role.VENDOR_ADMIN, "v@vendor.example")
    with database.unit_of_work(SYSTEM) as session:
        user = session.get_one(User, who.user_id)
        for _ in range(3):
            sign_ins.begin(session, user, hours=1)
        service.set_password(session, settings, user, "another good password")
        assert session.query(SignIn).count() == 0
        assert passwords.verify(settings, user.password_hash, "another good password")


def test_a_reset_link_dies_with_the_old_password(
    database: Database, settings: Settings, signer: Signer
) -> None:
    vendor = organization(database, "vendor", "Vendor")
    who = member(database, settings, vendor, Role.VENDOR_ADMIN, "v@vendor.example")
    with database.unit_of_work(SYSTEM) as session:
        service.ask_reset(session, signer, settings, "nobody@vendor.example")
        assert session.query(OutgoingMail).count() == 0
        service.ask_reset(session, signer, settings, "V@vendor.example")
        mail = session.query(OutgoingMail).one()
        token = next(line for line in mail.text.splitlines() if "/reset/" in line).rpartition("/")[2]
        assert service.user_of_reset(session, signer, who.user_id, token).id == who.user_id
        with pytest.raises(NotFound):
            service.user_of_reset(session, signer, uuid.uuid4(), token)
        service.set_password(session, settings, session.get_one(User, who.user_id), "another good password")
        with pytest.raises(Refused):
            service.user_of_reset(session, signer, who.user_id, token)
    with time_machine.travel(time.time() + 3 * 3600), database.unit_of_work(SYSTEM) as session:
        service.ask_reset(session, signer, settings, "v@vendor.example")


def test_a_person_of_several_organizations_acts_for_one(database: Database, settings: Settings) -> None:
    vendor, other = (organization(database, "vendor", name) for name in ("Vendor", "Other"))
    partner = organization(database, "partner", "Partner")
    partnership(database, vendor, partner)
    partnership(database, other, partner, status="suspended")
    who = member(database, settings, vendor, Role.VENDOR_ADMIN, "v@vendor.example")
    member(database, settings, vendor, Role.MDF_PAYER, "v@vendor.example")
    member(database, settings, partner, Role.PARTNER_MARKETER, "v@vendor.example")
    with database.unit_of_work(SYSTEM) as session:
        user = session.get_one(User, who.user_id)
        mine = sign_ins.memberships(session, user.id)

        def scope() -> Scope:
            sign_ins.begin(session, user, hours=1)
            session.flush()
            row = session.scalars(select(SignIn).order_by(SignIn.created_at.desc()).limit(1)).one()
            return sign_ins.scope_of(session, row, mine, programmes_of)

        first = scope()
        assert (first.side, first.organization_id, first.vendor_ids) == ("vendor", vendor, ())
        assert first.roles == {"vendor_admin", "mdf_payer"}
        user.last_organization_id = partner
        second = scope()
        assert (second.side, second.organization_id, second.vendor_ids) == ("partner", partner, (vendor,))
        assert second.roles == {"partner_marketer"}
        user.last_organization_id = other  # no member there
        assert scope().organization_id == vendor
        mine = [each for each in mine if each.organization_id != vendor]  # removed there meanwhile
        assert scope().organization_id == partner
        mine = []
        assert scope() == Scope("nobody", user_id=user.id)


def test_an_administrator_removes_others_not_themselves(database: Database, settings: Settings) -> None:
    vendor = organization(database, "vendor", "Vendor")
    admin = member(database, settings, vendor, Role.VENDOR_ADMIN, "a@vendor.example")
    other = member(database, settings, vendor, Role.MDF_PAYER, "b@vendor.example")
    with database.unit_of_work(admin.scope) as session:
        by_user = {each.user_id: each for each in service.people(session)}
        with pytest.raises(Refused):
            service.remove_member(session, by_user[admin.user_id])
        service.remove_member(session, by_user[other.user_id])
    with database.unit_of_work(admin.scope, write=False) as session:
        assert [each.user_id for each in service.people(session)] == [admin.user_id]
