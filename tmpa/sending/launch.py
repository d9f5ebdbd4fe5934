"""Launching a campaign and what may happen to it afterwards: pause, resume, cancel, steps that come due, the end."""

import math
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.campaigns.service import readiness
from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import Refused
from tmpa.kernel.http import Services
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.i18n import ngettext
from tmpa.kernel.jobs import emit, enqueue
from tmpa.kernel.models import Job
from tmpa.kernel.scope import Scope, lifted, session_scope
from tmpa.sending import ledger, queries
from tmpa.sending.models import Recipient
from tmpa.sending.transitions import check, lock, move

SEND_JOB = "sending.send_batch"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Who would get a campaign's first mail now, and who not. `skipped` counts by reason."""

    to_send: int
    by_locale: dict[str, int]
    skipped: dict[str, int]

    @property
    def total(self) -> int:
        """Everybody on the chosen lists."""
        return self.to_send + sum(self.skipped.values())

    def sentence(self) -> str:
        """Such as "Send to 1,204 people; 37 are skipped: 21 suppressed, 16 without consent." in the reader's words."""
        send = ngettext("Send to %(num)s person", "Send to %(num)s people", self.to_send)
        count = sum(self.skipped.values())
        if not count:
            return f"{send}."
        reasons = ", ".join(
            name(self.skipped[reason]) for reason, name in _SKIPPED.items() if reason in self.skipped
        )
        skipped = ngettext(
            "%(num)s is skipped: %(reasons)s", "%(num)s are skipped: %(reasons)s", count, reasons=reasons
        )
        return _("%(send)s; %(skipped)s.", send=send, skipped=skipped)


_SKIPPED: dict[str, Callable[[int], str]] = {
    "suppressed": lambda count: ngettext("%(num)s suppressed", "%(num)s suppressed", count),
    "no_consent": lambda count: ngettext("%(num)s without consent", "%(num)s without consent", count),
    "invalid": lambda count: ngettext(
        "%(num)s with an unusable address", "%(num)s with an unusable address", count
    ),
}


def forecast(session: Session, campaign: Campaign) -> Forecast:
    """Count the campaign's audience as a launch would freeze it now."""
    people = queries.audience(campaign, None, None).subquery("people")
    counted = select(people.c.locale, people.c.reason, func.count()).group_by(
        people.c.locale, people.c.reason
    )
    with lifted(
        session
    ):  # the vendor's and the installation's suppressions bind the partner, who can't see them
        rows = session.execute(counted).all()
    by_locale: dict[str, int] = {}
    skipped: dict[str, int] = {}
    for locale, reason, count in rows:
        counts, key = (skipped, reason) if reason else (by_locale, locale)
        counts[key] = counts.get(key, 0) + count
    return Forecast(sum(by_locale.values()), by_locale, skipped)


def launch(session: Session, campaign: Campaign, at: datetime | None = None) -> Forecast:
    """Launch now, or at `at` (UTC) when that lies ahead.

    Raises Refused: code "state" when it has been launched already (the second of two clicks), else naming the first
    thing that is missing. Nothing is changed then.
    """
    lock(session, campaign)
    _hold_version(session, campaign)
    later = at is not None and at > utcnow()
    check(campaign, "schedule" if later and campaign.state == "draft" else "launch")
    for problem in readiness(session, campaign):
        raise Refused(problem.message, problem.field or None, code=problem.part)
    if not campaign.steps:
        raise Refused(_l("This kit has no mail to send."), code="pieces")
    figures = forecast(session, campaign)
    if not figures.total:
        raise Refused(_l("Choose at least one list with people on it."), "lists", code="people")
    if not figures.to_send:
        raise Refused(
            _l("Nobody on the chosen lists may be mailed. Look at why they are skipped."),
            "lists",
            code="people",
        )
    campaign.launched_by = session_scope(session).user_id
    if later:
        campaign.launch_at = at
        if campaign.state == "draft":
            move(session, campaign, "schedule")
        return figures
    campaign.launch_at = utcnow()
    _begin(session, campaign)
    return figures


def _hold_version(session: Session, campaign: Campaign) -> None:
    """Read the kit version's state anew and keep it until the launch is committed: a withdrawal that comes now waits,
    and then finds the campaign among those it stops."""
    session.refresh(campaign.kit_version, with_for_update={"read": True})


def _begin(session: Session, campaign: Campaign) -> None:
    move(session, campaign, "launch")
    emit(session, "campaigns.launching", {"campaign": str(campaign.id)})


def unschedule(session: Session, campaign: Campaign) -> None:
    """Make a campaign that waits for its time a draft again. Raises Refused (code "state")."""
    lock(session, campaign)
    move(session, campaign, "unschedule")
    campaign.launch_at = None


def pause(session: Session, campaign: Campaign) -> None:
    """Stop after the messages that are being handed over now. Raises Refused (code "state")."""
    lock(session, campaign)
    move(session, campaign, "pause")


def resume(session: Session, campaign: Campaign) -> None:
    """Go on where it stopped. Raises Refused (code "state")."""
    lock(session, campaign)
    move(session, campaign, "resume")
    for step in campaign.steps:
        if step.state == "sending":
            enqueue(session, SEND_JOB, {"step": str(step.id)}, queue="batch")


def cancel(session: Session, campaign: Campaign, reason: str = "") -> None:
    """End the campaign for everybody who hasn't been mailed yet. Raises Refused (code "state")."""
    lock(session, campaign)
    move(session, campaign, "cancel", reason)
    campaign.finished_at = utcnow()
    for step in campaign.steps:
        if step.state in ("planned", "sending"):
            step.state = "cancelled"
    ledger.cancel_waiting(session, campaign)


def start_campaign(context: Services, campaign_id: str) -> None:
    """Freeze the audience and begin with the first step; pieces and pages are finished. Asked twice, it runs once."""
    with context.database.unit_of_work(Scope.system()) as session:
        campaign = session.get_one(Campaign, uuid.UUID(campaign_id))
        lock(session, campaign)
        if campaign.state != "launching":
            return
        now = utcnow()
        move(session, campaign, "start")
        campaign.launched_at = now
        for step in campaign.steps:
            step.due_at = now + timedelta(days=step.day)
        if campaign.steps[0].day <= 0:
            _start_step(context, session, campaign.steps[0])


def _start_step(context: Services, session: Session, step: CampaignStep) -> None:
    step.state, step.started_at = "sending", utcnow()
    session.flush()
    added = ledger.snapshot(session, step)
    audit.record(session, "step.started", step, recipients=added)
    lanes = min(context.settings.workers, math.ceil(added / context.settings.batch_size))
    for _lane in range(max(1, lanes)):
        enqueue(session, SEND_JOB, {"step": str(step.id)}, queue="batch")


def start_due(context: Services) -> None:
    """The tick: launch what waited for its time, start steps that are due, wake what should be sending, end what ended.

    Each in a transaction of its own that locks its row and passes over what another scheduler holds.
    """
    system, now = Scope.system(), utcnow()
    with context.database.unit_of_work(system, write=False) as session:
        scheduled = _ids(session, Campaign.id, Campaign.state == "scheduled", Campaign.launch_at <= now)
        due = _ids(
            session,
            CampaignStep.id,
            CampaignStep.state == "planned",
            CampaignStep.due_at <= now,
            CampaignStep.campaign_id.in_(select(Campaign.id).where(Campaign.state == "running")),
        )
    for campaign_id in scheduled:
        with context.database.unit_of_work(system) as session:
            _launch_scheduled(session, campaign_id, now)
    for step_id in due:
        with context.database.unit_of_work(system) as session:
            _start_due_step(context, session, step_id)
    _wake(context)


def _ids(session: Session, column: object, *where: ColumnElement[bool]) -> list[uuid.UUID]:
    return list(session.scalars(select(column).where(*where)))  # type: ignore[call-overload]


def _launch_scheduled(session: Session, campaign_id: uuid.UUID, now: datetime) -> None:
    waiting = (Campaign.id == campaign_id, Campaign.state == "scheduled", Campaign.launch_at <= now)
    campaign = session.scalars(
        select(Campaign).where(*waiting).with_for_update(skip_locked=True)
    ).one_or_none()
    if campaign is None:
        return
    _hold_version(session, campaign)
    problems = readiness(session, campaign)
    if problems:  # the kit expired or the partnership ended meanwhile: back to where it can be mended
        move(session, campaign, "unschedule", reason=problems[0].message)
        campaign.launch_at = None
    else:
        _begin(session, campaign)


def _start_due_step(context: Services, session: Session, step_id: uuid.UUID) -> None:
    waiting = select(CampaignStep).where(CampaignStep.id == step_id, CampaignStep.state == "planned")
    step = session.scalars(waiting.with_for_update(skip_locked=True)).one_or_none()
    if step is None:
        return
    campaign = session.get_one(Campaign, step.campaign_id)
    lock(session, campaign)
    if campaign.state == "running":
        _start_step(context, session, step)


def _wake(context: Services) -> None:
    """Jobs for steps with work but no job: its process died, Redis was emptied, or a refusal's time is over."""
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        running = select(Campaign.id).where(Campaign.state == "running")
        sending = session.execute(
            select(CampaignStep.id, CampaignStep.vendor_id).where(
                CampaignStep.state == "sending", CampaignStep.campaign_id.in_(running)
            )
        ).all()
    for step_id, vendor_id in sending:
        with context.database.unit_of_work(Scope.system()) as session:
            if _has_work(session, vendor_id, step_id) and str(step_id) not in _awake(session):
                enqueue(session, SEND_JOB, {"step": str(step_id)}, queue="batch")
            else:
                close_finished(session, step_id)


def _has_work(session: Session, vendor_id: uuid.UUID, step_id: uuid.UUID) -> bool:
    waiting = select(Recipient.id).where(*queries.waiting(vendor_id, step_id, utcnow())).limit(1)
    return session.scalars(waiting).first() is not None


def _awake(session: Session) -> set[str]:
    live = select(Job.args).where(Job.name == SEND_JOB, Job.state.in_(("pending", "dispatched", "running")))
    return {args["step"] for args in session.scalars(live)}


def close_finished(session: Session, step_id: uuid.UUID) -> None:
    """End a step when nothing is left to do in it, and the campaign with its last step."""
    if session.scalars(queries.has_open([step_id])).first() is not None:
        return
    step = session.get_one(CampaignStep, step_id)
    campaign = session.get_one(Campaign, step.campaign_id)
    lock(session, campaign)
    session.refresh(step)
    if step.state != "sending" or campaign.state != "running":
        return
    step.state, step.finished_at = "done", utcnow()
    session.flush()
    if _all_done(campaign.steps):
        move(session, campaign, "finish")
        campaign.finished_at = utcnow()
        emit(session, "campaigns.finished", {"campaign": str(campaign.id)})


def _all_done(steps: Iterable[CampaignStep]) -> bool:
    return all(step.state in ("done", "cancelled") for step in steps)
