"""The web servers: granian in front of the portal, the tracking app and the demo's mail inbox.

python -m workers.web portal|tracking|inbox
"""

import sys
from typing import Literal, get_args

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from tmpa.settings import Settings, load_settings
from workers.parts import address_of
from workers.processes import die_with_parent

Site = Literal["portal", "tracking", "inbox"]

# The portal waits for the database, so several threads share the interpreter; the tracking app never waits, and a
# second thread would only fight for the interpreter: its p99 rises from under 2 ms to 400 ms.
THREADS: dict[Site, int] = {"portal": 8, "tracking": 1, "inbox": 4}


def url_of(site: Site, settings: Settings) -> str:
    """The address in the settings under which a site is reached."""
    return {"portal": settings.portal_url, "tracking": settings.tracking_url, "inbox": settings.inbox_url}[
        site
    ]


def serve(
    site: Site, settings: Settings, host: str | None = None, port: int | None = None, processes: int = 1
) -> None:
    """Serve until SIGTERM. Listens where the settings say that people reach it, unless told otherwise."""
    die_with_parent()
    own_host, own_port = address_of(url_of(site, settings))
    Granian(
        f"workers.sites.{site}:create",
        factory=True,
        interface=Interfaces.WSGI,
        address=host or own_host,
        port=port or own_port,
        workers=processes,
        blocking_threads=THREADS[site],
        http=HTTPModes.http1,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=5,
        log_level=LogLevels.error,  # it warns that 8 threads are more than 2 cores; they wait for the database
    ).serve()


def main() -> None:
    """Serve the site that the first argument names."""
    site: Site = next(known for known in get_args(Site) if known == sys.argv[1])
    serve(site, load_settings())


if __name__ == "__main__":
    main()
