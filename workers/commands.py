"""The commands that run processes: `tmpa web`, `track`, `inbox`, `worker`, `relay`, `schedule`, `drain`, `demo`."""

from typing import Any

import click

from tmpa.app import open_services
from tmpa.db import Database
from tmpa.kernel import logs
from tmpa.settings import Settings, load_settings
from workers import demo as demos
from workers import drain as drains
from workers import relay as relays
from workers import rq_worker as job_workers
from workers import scheduler as schedules
from workers import web as sites
from workers.jobs import REGISTRY, SCHEDULE
from workers.processes import stop_on_signals
from workers.queues import connect


def _settings(process: str) -> Settings:
    settings = load_settings()
    logs.configure(settings, process)
    return settings


def _listening(command: Any) -> Any:
    """The options of the commands that serve HTTP."""
    command = click.option("--processes", type=click.IntRange(1, 64), default=1, help="Server processes.")(
        command
    )
    command = click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")(command)
    return click.option("--host", help="Address to listen on; by default the one in the settings.")(command)


@click.command()
@_listening
def web(host: str | None, port: int | None, processes: int) -> None:
    """Serve the portal (TMPA_PORTAL_URL) until it is told to stop."""
    sites.serve("portal", _settings("portal"), host, port, processes)


@click.command()
@_listening
def track(host: str | None, port: int | None, processes: int) -> None:
    """Serve the tracking app (TMPA_TRACKING_URL): opens, clicks, visits, forms."""
    sites.serve("tracking", _settings("tracking"), host, port, processes)


@click.command()
@_listening
def inbox(host: str | None, port: int | None, processes: int) -> None:
    """Serve the mail inbox of a demo (TMPA_INBOX_URL)."""
    sites.serve("inbox", _settings("inbox"), host, port, processes)


@click.command()
def worker() -> None:
    """Run jobs, one after the other, until it is told to stop. Start as many as you like, on any machine."""
    settings = _settings("worker")
    job_workers.serve(open_services(settings), connect(settings), REGISTRY)


@click.command()
def relay() -> None:
    """Hand jobs that are due to the workers. Start two on different machines; they share the work."""
    stop = stop_on_signals()
    settings = _settings("relay")
    relays.serve(relays.Relay(Database(settings), connect(settings)), stop)


@click.command()
def schedule() -> None:
    """Start what runs by the clock. Start two on different machines; each slot is filled once."""
    stop = stop_on_signals()
    settings = _settings("schedule")
    schedules.serve(schedules.Scheduler(Database(settings), SCHEDULE), stop)


@click.command()
def drain() -> None:
    """Bring tracking events from the local spool into the database; one beside each tracking app."""
    stop = stop_on_signals()
    settings = _settings("drain")
    drains.serve(open_services(settings), stop)


COMMANDS: tuple[click.Command, ...] = (web, track, inbox, worker, relay, schedule, drain, *demos.COMMANDS)
