"""The job worker's process: the RQ worker with every job of the program.

The worker itself is in `workers.rq_worker`, which a test can load without the whole program.
"""

from tmpa.app import open_services
from tmpa.kernel import logs
from tmpa.settings import load_settings
from workers.jobs import REGISTRY
from workers.queues import connect
from workers.rq_worker import serve


def main() -> None:
    """Work with the environment's settings."""
    settings = load_settings()
    logs.configure(settings, "worker")
    serve(open_services(settings), connect(settings), REGISTRY)


if __name__ == "__main__":
    main()
