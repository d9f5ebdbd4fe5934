"""The refusals that people see."""

from typing import Any


class Refused(Exception):
    """An expected refusal. `message` is a whole translated sentence: what, where and how to mend it.

    `field` names the form field or argument at fault, `code` is a stable word for tests and the API.
    """

    def __init__(self, message: Any, field: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code

    def __str__(self) -> str:
        return str(self.message)


class NotFound(Exception):
    """No such thing, or not for this scope: strangers can't tell the two apart."""


class NotAllowed(Exception):
    """The thing is in scope, but the role may not do this."""


class SettingsError(Exception):
    """The environment can't be used; the text names each variable and what it wants."""
