"""The operator's pages: health, jobs with the dead letters, audit, settings."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import redis
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from tmpa.accounts.models import Organization, User
from tmpa.kernel import jobs
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import db, flash, go, render, route, services
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.models import JOB_STATES, AuditRow, Job
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import lifted, load
from tmpa.settings import ADDRESSES, PREFIX, SECRETS, Settings

blueprint = Blueprint("operator", __name__, template_folder="templates")

PAGE = 50
LATE = timedelta(seconds=30)
STATE_NAMES: dict[str, Any] = {
    "pending": _l("Waiting"),
    "dispatched": _l("Handed to a worker"),
    "running": _l("Running"),
    "done": _l("Done"),
    "dead": _l("Failed for good"),
}


@dataclass(frozen=True)
class Check:
    """One thing that must work, and what was found."""

    name: str
    works: bool
    text: str


@route(blueprint, "/operator", Permission.OPERATE)
def health() -> ResponseReturnValue:
    counts = _counts()
    return render("operator/health.html", checks=_checks(counts), counts=counts, state_names=STATE_NAMES)


def _counts() -> dict[str, int]:
    found = dict(db().execute(select(Job.state, func.count()).group_by(Job.state)).all())
    return {state: found.get(state, 0) for state in JOB_STATES}


def _checks(counts: dict[str, int]) -> list[Check]:
    return [_database(), _queue(), _objects(), _relay(), _dead(counts["dead"])]


def _database() -> Check:
    try:
        db().execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return Check(_("Database"), False, str(error))
    return Check(_("Database"), True, services().database.engine.dialect.name)


def _queue() -> Check:
    try:
        with redis.Redis.from_url(services().settings.redis_address) as connection:
            connection.ping()
    except redis.RedisError as error:
        return Check(_("Queue"), False, str(error))
    return Check(_("Queue"), True, _("answers"))


def _objects() -> Check:
    try:
        services().store.exists("health")
    except Exception as error:  # any client's error is the finding here
        return Check(_("Object store"), False, str(error))
    return Check(_("Object store"), True, services().settings.objects_url or _("local folder"))


def _relay() -> Check:
    oldest = db().scalar(select(func.min(Job.not_before)).where(Job.state == "pending"))
    if oldest is not None and utcnow() - oldest > LATE:
        return Check(
            _("Relay"), False, _("A job has been waiting since its time came. Is the relay running?")
        )
    return Check(_("Relay"), True, _("Nothing waits longer than it should."))


def _dead(count: int) -> Check:
    return Check(_("Failed jobs"), count == 0, _("none") if count == 0 else str(count))


@route(blueprint, "/operator/jobs", Permission.OPERATE)
def jobs_page() -> ResponseReturnValue:
    state = request.args.get("state", "dead")
    state = state if state in JOB_STATES else "dead"
    found = (
        db().scalars(select(Job).where(Job.state == state).order_by(Job.created_at.desc()).limit(PAGE)).all()
    )
    return render("operator/jobs.html", jobs=found, state=state, counts=_counts(), state_names=STATE_NAMES)


@route(blueprint, "/operator/jobs/<job_id>/again", Permission.OPERATE, methods=("POST",))
def run_again(job_id: str) -> ResponseReturnValue:
    job = load(db(), Job, job_id)
    jobs.rerun(db(), job)
    flash(_("The job runs again."))
    return go("operator.jobs_page")


@route(blueprint, "/operator/audit", Permission.OPERATE)
def audit_trail() -> ResponseReturnValue:
    search = request.args.get("q", "").strip()
    query = select(AuditRow).order_by(AuditRow.created_at.desc()).limit(PAGE)
    if search:
        query = query.where(AuditRow.action.contains(search, autoescape=True))
    rows = db().scalars(query).all()
    with lifted(db()):  # an operator reads who acted in which organization, nothing else of them
        people = _names(User, {row.user_id for row in rows})
        organizations = _names(Organization, {row.organization_id for row in rows})
    return render("operator/audit.html", rows=rows, people=people, organizations=organizations, search=search)


def _names(model: Any, ids: set[Any]) -> dict[Any, str]:
    rows = db().execute(select(model.id, model.name).where(model.id.in_(ids - {None})))
    return dict(rows.all())


@route(blueprint, "/operator/settings", Permission.OPERATE)
def settings() -> ResponseReturnValue:
    kept = services().settings
    rows = [
        (PREFIX + name.upper(), _shown(name, getattr(kept, name)), field.description)
        for name, field in Settings.model_fields.items()
    ]
    return render("operator/settings.html", rows=rows)


def _shown(name: str, value: Any) -> str:
    if name in SECRETS:
        return "••••••" if value else ""
    if name in ADDRESSES and "@" in str(value):
        head, _at, tail = str(value).rpartition("@")
        return f"{head.partition('://')[0]}://••••••@{tail}"
    return str(value)
