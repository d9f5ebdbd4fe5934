"""The processes of one installation on one machine, as data for the supervisor."""

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from tmpa.settings import Settings
from workers.processes import port_is_free

Ready = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Port:
    """A port that a part listens on, and the setting that names it."""

    host: str
    number: int
    setting: str
    template: str
    """What to write after the setting, with `{port}` for the number."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process: `python -m MODULE ARGS`; ready when `ready` holds (at once without one)."""

    name: str
    module: str
    args: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    ready: Ready | None = None

    @property
    def command(self) -> list[str]:
        """The argument vector."""
        return [sys.executable, "-m", self.module, *self.args]


def answers_http(url: str) -> bool:
    """Whether somebody answers HTTP there, whatever the answer."""
    try:
        urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  our own address, from the settings
    except urllib.error.HTTPError as refusal:
        refusal.close()
    except OSError:
        return False
    return True


def address_of(url: str) -> tuple[str, int]:
    """Host and port to listen on for one of the settings' addresses."""
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    default = 443 if parts.scheme == "https" else 80
    return ("127.0.0.1" if host == "localhost" else host), parts.port or default


def _web(name: str, url: str, setting: str, more_ports: tuple[Port, ...] = ()) -> Part:
    host, port = address_of(url)
    own = Port(host, port, setting, f"http://{host}:{{port}}")
    return Part(
        name, "workers.web", (name,), (own, *more_ports), ready=lambda: answers_http(f"{url}/healthz")
    )


def all_parts(settings: Settings) -> tuple[Part, ...]:
    """Every process of an installation, the ones that people wait for first."""
    parts = [
        _web("portal", settings.portal_url, "TMPA_PORTAL_URL"),
        _web("tracking", settings.tracking_url, "TMPA_TRACKING_URL"),
        *(Part(f"worker-{number}", "workers.worker") for number in range(1, settings.workers + 1)),
        Part("relay", "workers.relay"),
        Part("schedule", "workers.schedule"),
        Part("drain", "workers.drain"),
    ]
    if settings.mail_url.startswith("inbox:"):
        smtp = Port("127.0.0.1", settings.inbox_smtp_port, "TMPA_INBOX_SMTP_PORT", "{port}")
        parts.insert(2, _web("inbox", settings.inbox_url, "TMPA_INBOX_URL"))
        parts.insert(
            3,
            Part(
                "smtp", "workers.smtp", ports=(smtp,), ready=lambda: not port_is_free(smtp.host, smtp.number)
            ),
        )
    return tuple(parts)


def taken_ports(parts: tuple[Part, ...]) -> Iterator[str]:
    """A sentence for each port that is taken, by another program or by another part, naming the way out."""
    seen: dict[int, str] = {}
    for port in (port for part in parts for port in part.ports):
        if port.number == 0:
            continue
        other = seen.get(port.number)
        if other is None and port_is_free(port.host, port.number):
            seen[port.number] = port.setting
            continue
        reason = f"wanted by {other} too" if other else "taken"
        instead = _next_free(port, set(seen))
        yield (
            f"Port {port.number} ({port.setting}) is {reason};"
            f" set {port.setting}={port.template.format(port=instead)}"
        )


def _next_free(port: Port, not_these: set[int]) -> int:
    candidates = [number for number in range(port.number + 100, 65536, 100) if number not in not_these]
    return next((number for number in candidates if port_is_free(port.host, number)), 0)
