"""What a demo begins with. Safe to repeat: what is there stays."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.accounts import service as accounts
from tmpa.accounts.models import Organization
from tmpa.audiences import imports
from tmpa.demo import cast
from tmpa.demo.acting import Actor
from tmpa.demo.cast import Person
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.kernel.http import Services
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.scope import Scope
from tmpa.kits import checking
from tmpa.kits import service as kits
from tmpa.kits.source import read_folder
from tmpa.mdf import funds
from tmpa.mdf.models import Fund
from tmpa.partners import brands
from tmpa.partners import service as partners
from tmpa.resources import data_dir


@dataclass(frozen=True)
class SignInHint:
    """What to type to look around as somebody."""

    role: str
    email: str
    password: str


def ensure_demo(services: Services) -> list[SignInHint]:
    """Fill an empty installation with the demo; the sign-ins to print."""
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        seeded = session.scalars(select(Organization).where(Organization.name == cast.VENDOR)).first()
    if seeded is None:
        _companies(services)
        for vendor in _vendors():
            _programme(services, vendor)
        _partner(services)
    return [
        SignInHint(_("Vendor marketer"), cast.MARKETER.email, cast.PASSWORD),
        SignInHint(_("Partner marketer"), cast.PARTNER_MARKETER.email, cast.PASSWORD),
        SignInHint(_("MDF approver"), cast.APPROVER.email, cast.PASSWORD),
        SignInHint(_("MDF payer"), cast.PAYER.email, cast.PASSWORD),
        SignInHint(_("Operator"), cast.OPERATOR_PERSON.email, cast.PASSWORD),
    ]


def _vendors() -> dict[str, list[str]]:
    """Vendor name → folders of its kits, as the shipped kits' manifests name them."""
    found: dict[str, list[str]] = {}
    for folder in sorted(data_dir("campaigns").glob("*/kit.toml")):
        source = read_folder(folder.parent)
        found.setdefault(source.manifest.vendor.name, []).append(str(folder.parent))
    return found


def member(session: Session, services: Services, person: Person, kind: str) -> None:
    """Make the person, and the organization where it is missing."""
    organization = session.scalars(
        select(Organization).where(Organization.name == person.organization)
    ).first()
    organization = organization or accounts.create_organization(session, kind, person.organization, "DE")
    user = accounts.user_by_email(session, person.email) or accounts.create_user(
        session, services.settings, person.email, person.name, cast.PASSWORD, person.locale
    )
    accounts.add_member(session, user, organization, person.role)


def _companies(services: Services) -> None:
    with services.database.unit_of_work(Scope.system()) as session:
        member(session, services, cast.OPERATOR_PERSON, "operator")
        for person in cast.VENDOR_PEOPLE:
            member(session, services, person, "vendor")
        for name in _vendors():
            # the approver works for one vendor only; the marketer shows what switching organizations is like
            member(session, services, Person(cast.MARKETER.email, "", name, cast.MARKETER.role), "vendor")
        member(session, services, cast.PARTNER_MARKETER, "partner")


def _programme(services: Services, vendor: str) -> None:
    """The vendor publishes its kits, has money for this half-year, and takes the partner in."""
    marketer = Actor(services, cast.MARKETER.email, vendor)
    sources = [read_folder(Path(folder)) for folder in _vendors()[vendor]]
    checked = [
        (source, checking.check(source)) for source in sources
    ]  # seconds: before the database is locked
    with marketer.at_work() as session:
        for source, findings in checked:
            kits.publish(session, services.store, source, findings=findings)
        open_fund(session)
        organization = session.scalars(select(Organization).where(Organization.name == vendor)).one()
        partners.invite_partner(
            session,
            services.signer,
            services.settings,
            organization,
            cast.PARTNER,
            cast.PARTNER_MARKETER.email,
            tier="Gold",
            territory="DACH",
        )
        if vendor == cast.VENDOR:
            partners.invite_partner(
                session,
                services.signer,
                services.settings,
                organization,
                cast.NEWCOMER,
                cast.NEWCOMER_EMAIL,
                tier="Silver",
                territory="UK & Ireland",
            )


def open_fund(session: Session) -> Fund:
    """The vendor's fund for the running half-year: 100,000 EUR, half of the costs paid back."""
    today = utcnow().date()
    first = date(today.year, 1 if today.month < 7 else 7, 1)
    last = date(today.year, 6, 30) if today.month < 7 else date(today.year, 12, 31)
    terms = funds.FundTerms(
        name=f"MDF H{1 if today.month < 7 else 2} {today.year}",
        currency="EUR",
        use_from=first,
        use_until=last,
        claim_until=last + timedelta(days=45),
        reimbursement_percent=50,
        minimum_claim_minor=5_000,
    )
    return funds.create(session, terms, amount_minor=10_000_000)


def _partner(services: Services) -> None:
    """The partner has accepted, has its brand and two lists of contacts as they come out of real systems."""
    with services.database.unit_of_work(Scope.system()) as session:
        partner = session.scalars(select(Organization).where(Organization.name == cast.PARTNER)).one()
        partners.activate(session, partner.id)
        for invitation in accounts.open_invitations(session, partner.id):
            invitation.accepted_at = utcnow()
    paula = Actor(services, cast.PARTNER_MARKETER.email, cast.PARTNER)
    with paula.at_work() as session:
        set_brand(session, services, partner.id)
        for name in ("contacts.csv", "kunden.csv"):
            data = (cast.DATA / name).read_bytes()
            into = imports.new_list(session, Path(name).stem.capitalize())
            imports.import_file(
                session, services.store, into, name, data, "opt_in", "Newsletter sign-ups, CRM export"
            )


def set_brand(session: Session, services: Services, partner_id: uuid.UUID) -> None:
    """The partner's brand profile with its logo."""
    _brand, errors = brands.save_brand(session, services.store, partner_id, cast.BRAND, cast.LOGO)
    if errors:
        raise Refused(" ".join(errors.values()))
