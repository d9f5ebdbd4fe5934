"""Before the launch: the kit, the partner, the people, the money's plan."""

import uuid
from collections import Counter
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.accounts.models import Organization
from tmpa.audiences import imports
from tmpa.audiences import service as audiences
from tmpa.audiences.models import ContactImport
from tmpa.audiences.suppression import suppress
from tmpa.campaigns import service as campaigns
from tmpa.demo import cast
from tmpa.demo.seed import member, open_fund, set_brand
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.kernel.scope import Scope
from tmpa.kits import service as kits
from tmpa.kits.models import KitVersion
from tmpa.kits.source import read_folder
from tmpa.mdf import requests
from tmpa.mdf.models import Fund, FundRequest
from tmpa.partners import service as partners
from tmpa.story import stage
from tmpa.story.browser import Visitor
from tmpa.story.telling import SUPPRESSED, StepFailed, Telling


def publish(told: Telling) -> str:
    """The vendor checks and publishes its kit."""
    source = read_folder(told.kit)
    told.vendor_name = source.manifest.vendor.name
    if told.locale not in source.manifest.locales:
        raise Refused(f"the kit speaks {', '.join(source.manifest.locales)}, not {told.locale}")
    with told.services.database.unit_of_work(Scope.system()) as session:
        for person in cast.VENDOR_PEOPLE:
            known = cast.Person(person.email, person.name, told.vendor_name, person.role)
            member(session, told.services, known, "vendor")
    with told.vendor(cast.MARKETER) as session:
        version = kits.publish(session, told.services.store, source)
        open_fund(session)
        return f"{source.manifest.name} {version.version}, {len(source.manifest.locales)} languages"


def join(told: Telling) -> str:
    """The vendor invites the partner; the partner opens the link in the delivered mail and signs up."""
    with told.vendor(cast.MARKETER) as session:
        vendor = session.scalars(select(Organization).where(Organization.name == told.vendor_name)).one()
        who = cast.PARTNER_MARKETER
        partners.invite_partner(
            session,
            told.services.signer,
            told.services.settings,
            vendor,
            cast.PARTNER,
            who.email,
            locale="en",
        )
    mail = _mail_with(told, "/join/")
    link = next(line for line in mail.splitlines() if "/join/" in line).strip()
    browser = Visitor()
    home = browser.submit(browser.get(link), {"name": who.name, "password": cast.PASSWORD})
    if home.status != 200 or "/join/" in home.url:
        raise StepFailed(f"partner joins: the form answers {home.status} at {home.url}")
    scope = told.actor(who).scope()
    if not scope.vendor_ids or scope.organization_id is None:
        raise StepFailed("partner joins: the partnership is not active")
    with told.partner() as session:
        set_brand(session, told.services, scope.organization_id)
    return f"{cast.PARTNER} in the programme of {told.vendor_name}, brand set"


def _mail_with(told: Telling, words: str) -> str:
    def arrived(_session: Session) -> str:
        for message in stage.delivered(told.services.settings).values():
            part = message.get_body(("plain",))
            content = str(part.get_content()) if part else ""
            if words in content:
                return content
        return ""

    return str(told.wait(f"a mail with {words}", arrived))


def import_contacts(told: Telling) -> str:
    """Each list is imported by a worker; one person has asked never to be written to."""
    started: list[uuid.UUID] = []
    with told.partner() as session:
        scope = told.actor(cast.PARTNER_MARKETER).scope()
        suppress(session, scope.organization_id, SUPPRESSED, "asked", {"by": "letter of 2026-05-04"})
        for path in told.contacts:
            into = imports.new_list(session, path.stem)
            row = imports.import_file(
                session, told.services.store, into, path.name, path.read_bytes(), "opt_in", "CRM export"
            )
            started.append(row.id)

    def done(session: Session) -> list[ContactImport]:
        rows = session.scalars(select(ContactImport).where(ContactImport.id.in_(started))).all()
        return list(rows) if all(row.state in ("done", "failed") for row in rows) else []

    rows = told.wait("import", done)
    for row in rows:
        if row.state == "failed":
            raise StepFailed(f"import contacts: {row.file_name}: {row.error}")
    told.report.imported = sum(row.imported for row in rows)
    told.report.refused = sum(row.refused for row in rows)
    told.report.duplicates = sum(row.duplicates + row.updated for row in rows)
    why = Counter(each["reason"] for row in rows for each in row.refusals)
    return (
        f"{told.report.imported} imported, {told.report.duplicates} merged, {told.report.refused} refused "
        f"({', '.join(f'{count} {reason}' for reason, count in sorted(why.items()) if reason != 'duplicate')})"
    )


def plan(told: Telling) -> str:
    """A draft campaign, and the vendor's money set aside for it before it begins."""
    with told.partner() as session:
        version = session.scalars(select(KitVersion)).one()
        campaign = campaigns.create(session, version, locale=told.locale)
        campaigns.save(
            session, campaign, locales=[told.locale], source=kits.load_source(told.services.store, version)
        )
        audiences.set_campaign_lists(session, campaign, [each.list for each in audiences.lists(session)])
        told.campaign_id = campaign.id
        fund = session.scalars(select(Fund)).one()
        today = utcnow().date()
        plan = requests.Plan(
            title=campaign.name,
            activity_type="email",
            starts_on=today,
            ends_on=today + timedelta(days=30),
            amount_minor=200_000,
            purpose="Mails and a landing page to our own contacts, by ourselves.",
        )
        request = requests.create(session, fund, campaign, plan)
        requests.submit(session, request)
    with told.vendor(cast.APPROVER) as session:
        request = session.scalars(select(FundRequest)).one()
        requests.approve(session, request)
        return f"{(request.approved_minor or 0) / 100:,.2f} {request.currency} set aside"
