"""A supervisor as a process of its own: python -m tests.workers.supervised; prints its children's ids when ready."""

import json
import sys

from tmpa.db import Database
from tmpa.migrations.run import upgrade
from tmpa.settings import load_settings
from workers.parts import all_parts
from workers.supervisor import CannotStart, Supervisor

WANTED = {"portal", "smtp", "worker-1", "relay", "schedule"}


def main() -> None:
    """Run some real parts with the environment's settings until a signal comes."""
    settings = load_settings()
    parts = tuple(part for part in all_parts(settings) if part.name in WANTED)
    supervisor = Supervisor(settings, parts, echo=lambda line: print(line, file=sys.stderr))
    try:
        supervisor.start(prepare=lambda: upgrade(Database(settings)))
    except CannotStart as error:
        sys.exit(str(error))
    print(json.dumps(supervisor.pids), flush=True)
    supervisor.run_until_signal()


if __name__ == "__main__":
    main()
