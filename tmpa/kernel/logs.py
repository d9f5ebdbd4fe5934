"""Structured logs on standard error: JSON lines for machines, or text for people. Never a secret."""

import logging
import re
import sys
import uuid
from typing import Any

import structlog
from structlog.types import EventDict, WrappedLogger

from tmpa.settings import Settings

REDACTED = "…"
CHATTY = ("alembic", "boto3", "botocore", "mail.log", "rq", "s3transfer", "urllib3")
"""Libraries whose information is noise here; their warnings stay."""
_SECRET_NAMES = re.compile(
    r"passw|secret|token|authorization|cookie|api_?key|credential|signature", re.IGNORECASE
)
_SECRET_IN_URL = re.compile(r"(?<=://)([^/@\s:]*):([^/@\s]+)@")
_TOKEN_IN_PATH = re.compile(r"(?<=/)[A-Za-z0-9_.-]{40,}")  # public ids are shorter, signed tokens longer
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def configure(settings: Settings, process: str) -> None:
    """Send the logs of this process, the standard library's included, to standard error as the settings say."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(process),
        redact,
    ]
    # Tracebacks without the values of local variables: those hold passwords, tokens and people's data.
    last: Any
    if settings.log_format == "json":
        last = structlog.processors.JSONRenderer()
    else:
        last = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([_TRACEBACKS] if settings.log_format == "json" else []),
                last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _named(process: str) -> Any:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return add


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace values whose names sound secret, and passwords inside addresses."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if name == "exc_info":
        return value
    if _SECRET_NAMES.search(name):
        return REDACTED
    if isinstance(value, dict):
        return {key: _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, str) and "://" in value:
        return _SECRET_IN_URL.sub(rf"\1:{REDACTED}@", value)
    return value


def request_id(given: str | None) -> str:
    """The id that a proxy gave this request when it is a sane one, a fresh one otherwise."""
    return given if given and _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def bind_request(identity: str, method: str, path: str) -> None:
    """Have every log line of this request carry its id. Tokens in the path (resets, invitations) are left out."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(
        request_id=identity, method=method, path=_TOKEN_IN_PATH.sub(REDACTED, path)
    )
