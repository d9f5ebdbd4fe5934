"""Passwords: Argon2id with OWASP's second profile (19 MiB, 2 passes, 1 lane)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.settings import Settings

MINIMUM = 10
MAXIMUM = 200

# a hash of nothing: verifying against it takes as long as a real one, so that answers don't tell who has an account
_DECOY = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$2yJ5Ydp0u1yF3IYx2pS+5l0pC1c1yoBJZ0g1NQbZ0nU"


def _hasher(settings: Settings) -> PasswordHasher:
    if settings.fast_passwords:
        return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def check_new(password: str, *, not_like: tuple[str, ...] = ()) -> None:
    """Raises Refused for a password that is too short, too long, or one of `not_like` (name, address)."""
    if len(password) < MINIMUM:
        raise Refused(
            _l("Use %(count)s characters or more; a few words are fine.", count=MINIMUM), "password"
        )
    if len(password) > MAXIMUM:
        raise Refused(_l("Use %(count)s characters at the most.", count=MAXIMUM), "password")
    if len(set(password)) < 4 or any(password.casefold() == word.casefold() for word in not_like if word):
        raise Refused(_l("That password is too easy to guess."), "password")


def hash_password(settings: Settings, password: str) -> str:
    """The Argon2id hash to keep."""
    return _hasher(settings).hash(password)


def verify(settings: Settings, kept: str | None, password: str) -> bool:
    """Whether `password` is the one kept. Takes its time even when there is no account."""
    try:
        return _hasher(settings).verify(kept or _DECOY, password[: MAXIMUM + 1]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False
