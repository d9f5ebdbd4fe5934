"""Rate limits shared by all processes, counted in Redis."""

from limits import RateLimitItem, parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.settings import Settings


class RateLimits:
    """Counts by name and key, such as ("sign-in", "10.0.0.7")."""

    def __init__(self, settings: Settings) -> None:
        address = settings.redis_address
        self._limiter = MovingWindowRateLimiter(
            storage_from_string("redis+" + address if address.startswith("unix") else address)
        )
        self._parsed: dict[str, RateLimitItem] = {}

    def hit(self, name: str, key: str, limit: str) -> None:
        """Count one; raises Refused (code "too_many") beyond `limit`, such as "5 per minute"."""
        item = self._parsed.setdefault(limit, parse(limit))
        if not self._limiter.hit(item, name, key):
            raise Refused(_l("Too many tries. Wait a few minutes, then try again."), code="too_many")
