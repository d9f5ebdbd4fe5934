"""What came of it: leads, the deal, the claim with its dossier, and the counts against the truth."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import CampaignPiece
from tmpa.deals import registration
from tmpa.deals.models import DealRegistration, Lead
from tmpa.demo import cast
from tmpa.engagement.evidence import proof
from tmpa.kernel.clock import utcnow
from tmpa.kits.models import KitVersion
from tmpa.mdf import claims, decisions, invoices
from tmpa.mdf.models import Claim, FundRequest
from tmpa.sending.models import Recipient
from tmpa.story import invoice, stage
from tmpa.story.telling import SUPPRESSED, StepFailed, Telling


def leads(told: Telling) -> str:
    """Everybody who asked is a lead, once."""

    def enough(session: Session) -> bool:
        return (session.scalar(select(func.count(Lead.id))) or 0) >= len(told.tally.asked)

    told.wait("leads", enough)
    with told.partner() as session:
        told.report.leads = len(session.scalars(select(Lead)).all())
    if told.report.leads != len(told.tally.asked):
        raise StepFailed(f"leads: {len(told.tally.asked)} asked, {told.report.leads} leads")
    return f"{told.report.leads} leads"


def deal(told: Telling) -> str:
    """The partner registers a deal from the first lead; the vendor approves; the partner wins it."""
    with told.partner() as session:
        lead = session.scalars(select(Lead).order_by(Lead.asked_at)).first()
        assert lead is not None
        opportunity = registration.Opportunity(
            customer_name=lead.company or lead.name,
            customer_domain=lead.email.rpartition("@")[2],
            contact_name=lead.name,
            contact_email=lead.email,
            products=session.scalars(select(KitVersion)).one().manifest["products"],
            amount_minor=1_850_000,
            currency="EUR",
            close_date=utcnow().date() + timedelta(days=45),
            value_added="Workshop and restore test at the customer’s.",
        )
        deal = registration.create(session, lead.vendor_id, opportunity, lead)
        registration.submit(session, deal)
    with told.vendor(cast.MARKETER) as session:
        registration.approve(session, session.scalars(select(DealRegistration)).one())
    with told.partner() as session:
        deal = session.scalars(select(DealRegistration)).one()
        registration.win(session, deal, 1_850_000)
        told.report.deals = 1
        return f"{deal.customer_name}: approved, protected until {deal.protected_until}, won"


def claim(told: Telling) -> str:
    """One invoice, confirmed: the platform assembles the proof ittold."""
    document = invoices.check_document("invoice.pdf", invoice.make("KN-2026-118", 320_000, 60_800))
    cost = claims.Cost(
        issuer="Agentur Hafenlicht GmbH",
        invoice_number="KN-2026-118",
        invoice_date=utcnow().date(),
        currency="EUR",
        net_minor=320_000,
        tax_minor=60_800,
        gross_minor=380_800,
        description="Campaign production and list maintenance",
        tax_id="DE123456789",
    )
    with told.partner() as session:
        request = session.scalars(select(FundRequest)).one()
        made = claims.create(session, request, told.services.store, cost, document)
        claims.submit(session, made, attested=True)
        told.claim_id = made.id
        amount = f"{made.amount_minor / 100:,.2f} {made.currency}"
    told.wait("the dossier", lambda session: session.get_one(Claim, told.claim_id).dossier_key)
    return f"{amount} claimed, dossier assembled"


def verify(told: Telling) -> str:
    """The dossier holds on a machine that knows nothing of this installation; one changed byte is found."""
    with told.looking() as session:
        key = session.get_one(Claim, told.claim_id).dossier_key
    assert key is not None
    target = told.out / "dossier.zip"
    data = told.services.store.get(key)
    target.write_bytes(data)
    result = proof.verify_file(target)
    if not result.ok:
        raise StepFailed(f"verify the dossier: {result.problem}")
    broken = told.out / "changed.zip"
    place = len(data) // 2
    broken.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    found = not proof.verify_file(broken).ok
    broken.unlink()
    if not found:
        raise StepFailed("verify the dossier: a changed byte was not found")
    told.report.proof = "; ".join(result.holds)
    return f"{len(data):,} bytes hold; a changed byte is found"


def pay(told: Telling) -> str:
    """The approver accepts, somebody else pays."""
    with told.vendor(cast.APPROVER) as session:
        decisions.approve(session, session.get_one(Claim, told.claim_id))
    with told.vendor(cast.PAYER) as session:
        decisions.pay(session, session.get_one(Claim, told.claim_id), "SEPA 2026-1107", utcnow().date())
    with told.looking() as session:
        row = session.get_one(Claim, told.claim_id)
        told.report.claim = {
            "amount_minor": row.approved_minor,
            "currency": row.currency,
            "state": row.state,
            "return": None,
        }
    if row.state != "paid":
        raise StepFailed(f"approve and pay: the claim is {row.state}")
    return f"{row.approved_minor / 100:,.2f} {row.currency} paid"


def figures(told: Telling) -> str:
    """The platform's counts against what truly happened."""
    with told.looking() as session:
        rows = session.execute(
            select(Recipient.state, Recipient.reason, func.count())
            .where(Recipient.campaign_id == told.campaign_id)
            .group_by(Recipient.state, Recipient.reason)
        )
        states: Counter[str] = Counter()
        for state, reason, count in rows:
            states[state] += count
            if state == "skipped":
                told.report.skipped[reason] = told.report.skipped.get(reason, 0) + count
        told.report.human_opens = len(told.events(session, "opened", "human"))
        told.report.human_clicks = len(told.events(session, "clicked", "human"))
        told.report.machine_clicks = len(told.events(session, "clicked", "machine"))
        clicked = told.people_who_clicked(session)
        pieces = session.scalars(
            select(CampaignPiece).where(CampaignPiece.campaign_id == told.campaign_id)
        ).all()
    told.report.recipients = sum(states.values())
    told.report.unsubscribed = len(told.tally.unsubscribed)
    mails = told.campaign_mails()
    told.report.delivered = len(mails)
    if len(mails) != states["handed_over"]:
        raise StepFailed(f"figures: {states['handed_over']} handed over, {len(mails)} mails arrived")
    if any(mail.to == SUPPRESSED for mail in mails.values()):
        raise StepFailed("figures: the person who asked not to be written to got a mail")
    if clicked != len(told.tally.people_clicked):
        raise StepFailed(f"figures: {len(told.tally.people_clicked)} people clicked, {clicked} were counted")
    _keep_mails(told)
    return (
        f"{clicked} people clicked, as counted; {told.report.machine_clicks} clicks by machines; "
        f"{len(pieces)} pieces"
    )


def _keep_mails(told: Telling) -> None:
    folder = told.out / "mail"
    folder.mkdir(exist_ok=True)
    for number, key in enumerate(sorted(told.campaign_mails()), 1):
        (folder / f"{number:04}.eml").write_bytes(stage.raw_mail(told.services.settings, key))
