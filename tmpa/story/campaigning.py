"""From the launch to the reminder: mails leave, pages answer, scanners and people come."""

import time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.campaigns import service as campaigns
from tmpa.campaigns.models import Campaign
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.pages.models import PublishedPage
from tmpa.sending import launch
from tmpa.sending.models import Recipient
from tmpa.story import people
from tmpa.story.browser import Visitor
from tmpa.story.telling import StepFailed, Telling

HUMAN_PAUSE = 6.0  # seconds: people come later than scanners, which the verdicts know


def press_launch(told: Telling) -> str:
    """One click; a second one changes nothing."""
    with told.partner() as session:
        campaign = session.get_one(Campaign, told.campaign_id)
        problems = campaigns.readiness(session, campaign)
        if problems:
            raise StepFailed(f"launch: {problems[0].message}")
        sentence = launch.launch(session, campaign).sentence()
    with told.partner() as session:
        try:
            launch.launch(session, session.get_one(Campaign, told.campaign_id))
        except Refused:
            return sentence
    raise StepFailed("launch: a second click launched it again")


def wait_for_step(told: Telling, position: int) -> str:
    """Until every recipient of a step has an outcome."""

    def over(session: Session) -> bool:
        campaign = session.get_one(Campaign, told.campaign_id)
        return campaign.steps[position].state == "done"

    told.wait("sending", over)
    with told.looking() as session:
        step = session.get_one(Campaign, told.campaign_id).steps[position]
        counted = session.execute(
            select(Recipient.state, func.count())
            .where(Recipient.step_id == step.id)
            .group_by(Recipient.state)
        )
        states = dict(counted.all())
    mails = told.campaign_mails()
    told.report.delivered = len(mails)
    return (
        ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        + f"; {len(mails)} mails arrived"
    )


def pages(told: Telling) -> str:
    """The published page answers, in the campaign's language."""
    with told.looking() as session:
        rows = session.scalars(
            select(PublishedPage).where(PublishedPage.campaign_id == told.campaign_id)
        ).all()
    folder = told.out / "pages"
    for row in rows:
        answer = Visitor().get(row.url)
        if answer.status != 200 or answer.tree.get("lang") != row.locale:
            raise StepFailed(f"pages: {row.url} answers {answer.status} in {answer.tree.get('lang')}")
        target = folder / row.locale / f"{row.piece}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(answer.body)
    told.report.pages = len(rows)
    return f"{len(rows)} published and answering"


def engage(told: Telling) -> str:
    """Scanners come at once, people later; then every event has its verdict."""
    fresh = {key: mail for key, mail in told.campaign_mails().items() if key not in told.read}
    told.read |= fresh.keys()
    people.scan(fresh.values(), told.tally)
    time.sleep(HUMAN_PAUSE)
    people.read(list(fresh.values()), told.tally)
    wanted = len(told.tally.people_clicked)

    def counted(session: Session) -> bool:
        asked = len(told.events(session, "submitted", "human"))
        return told.people_who_clicked(session) >= wanted and asked >= len(told.tally.asked)

    told.wait("the events of people", counted)
    return (
        f"{len(told.tally.people_opened)} people opened, {wanted} clicked, {len(told.tally.asked)} asked, "
        f"{len(told.tally.unsubscribed)} left; {len(told.tally.scanned)} mails scanned"
    )


def remind(told: Telling) -> str:
    """The reminder is brought forward; it goes to those who did not click and did not leave."""
    with told.partner() as session:
        campaign = session.get_one(Campaign, told.campaign_id)
        if len(campaign.steps) < 2:
            return "this kit has no reminder"
        campaign.steps[1].due_at = utcnow()
    said = wait_for_step(told, 1)
    again = [mail for key, mail in told.campaign_mails().items() if key not in told.read]
    wrong = {mail.to for mail in again} & (told.tally.people_clicked | told.tally.unsubscribed)
    if wrong:
        raise StepFailed(f"send the reminder: it went to {', '.join(sorted(wrong))}")
    engage(told)
    return said
