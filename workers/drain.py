"""Brings what the tracking app wrote to its spool into the database, again and again."""

import threading

import structlog
from sqlalchemy.exc import OperationalError

from tmpa.app import open_services
from tmpa.engagement.drain import drain_once
from tmpa.kernel import logs
from tmpa.kernel.http import Services
from tmpa.settings import load_settings
from workers.processes import die_with_parent, stop_on_signals

PAUSE_SECONDS = 0.2

log = structlog.get_logger("drain")


def serve(services: Services, stop: threading.Event) -> None:
    """Drain until `stop` is set; the spool keeps everything while the database is away. At once again after a
    full round, so that a backlog is worked off without pauses."""
    spool = services.settings.var_dir / "spool"
    away = False
    while not stop.is_set():
        stored = 0
        try:
            stored = drain_once(services, spool)
            away = False
        except OperationalError as error:
            if not away:
                log.warning("drain.waits", error=f"{type(error).__name__}: {error}"[:300])
            away = True
        if not stored:
            stop.wait(1.0 if away else PAUSE_SECONDS)


def main() -> None:
    """Drain with the environment's settings until SIGTERM or SIGINT."""
    die_with_parent()
    stop = stop_on_signals()
    settings = load_settings()
    logs.configure(settings, "drain")
    serve(open_services(settings), stop)


if __name__ == "__main__":
    main()
