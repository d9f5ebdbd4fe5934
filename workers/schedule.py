"""The schedule's process: the scheduler (`workers.scheduler`) with the program's own table."""

from tmpa.db import Database
from tmpa.kernel import logs
from tmpa.settings import load_settings
from workers.jobs import SCHEDULE
from workers.processes import die_with_parent, stop_on_signals
from workers.scheduler import Scheduler, serve


def main() -> None:
    """Schedule with the environment's settings until SIGTERM or SIGINT."""
    die_with_parent()
    stop = stop_on_signals()
    settings = load_settings()
    logs.configure(settings, "schedule")
    serve(Scheduler(Database(settings), SCHEDULE), stop)


if __name__ == "__main__":
    main()
