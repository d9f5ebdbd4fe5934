"""Typed settings, read once from the environment (`TMPA_…`). Unknown or bad values stop the start."""

import os
from collections.abc import Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tmpa.kernel.errors import SettingsError

PREFIX = "TMPA_"
SECRETS = frozenset({"secret_keys", "metrics_token", "suggestions_key"})
ADDRESSES = frozenset({"database_url", "redis_url", "mail_url"})
"""Settings that may hold a password before their @."""


class Settings(BaseModel):
    """Everything an operator can set. The field's description is the sentence in docs/operators."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: Literal["demo", "production", "test"] = Field(
        "demo", description="What this installation is: demo (everything local), production or test."
    )
    var_dir: Path = Field(
        Path("var"), description="Folder for local data: database, objects, spool, inbox, logs."
    )
    database_url: str = Field(
        "", description="SQLAlchemy address of the database; empty means SQLite in TMPA_VAR_DIR."
    )
    redis_url: str = Field(
        "",
        description="Redis or Valkey address (redis://, rediss:// or unix://); empty means the embedded server.",
    )
    objects_url: str = Field(
        "",
        description="Object store: empty for a folder in TMPA_VAR_DIR, or s3://BUCKET/PREFIX (keys by AWS_…).",
    )
    s3_endpoint: str = Field(
        "", description="Address of an S3 server that is not Amazon's; empty for Amazon."
    )
    mail_url: str = Field(
        "inbox:",
        description="How mail leaves: inbox: (local folder), smtp://[user:password@]host:port[?tls=starttls|implicit],"
        " or ses://REGION.",
    )
    mail_from: str = Field("tmpa <no-reply@tmpa.example>", description="Sender of the platform's own mails.")
    mail_connections: Annotated[int, Field(ge=1, le=64)] = Field(
        4, description="Kept SMTP connections per worker process."
    )
    portal_url: str = Field(
        "http://127.0.0.1:8000", description="Address under which people reach the portal."
    )
    tracking_url: str = Field(
        "http://127.0.0.1:8001", description="Address of the tracking app: opens, clicks, forms."
    )
    pages_url: str = Field(
        "", description="Address under which published pages are served; empty means TMPA_PORTAL_URL + /p."
    )
    inbox_url: str = Field("http://127.0.0.1:8002", description="Address of the demo's mail inbox.")
    inbox_smtp_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8025, description="Port of the demo's SMTP server; it listens on 127.0.0.1 only."
    )
    secret_keys: str = Field(
        "",
        description="Comma-separated secrets of 32 characters or more; the first signs, all verify."
        " Empty: made and kept in TMPA_VAR_DIR (not in production).",
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        2, description="RQ workers that the supervisor starts."
    )
    batch_size: Annotated[int, Field(ge=1, le=5000)] = Field(
        500, description="Recipients in one sending job."
    )
    lease_seconds: Annotated[int, Field(ge=5, le=3600)] = Field(
        120, description="How long a worker may hold recipients before they are taken from it."
    )
    settle_seconds: Annotated[int, Field(ge=0, le=86400)] = Field(
        600,
        description="How long an engagement's verdict may still change before it enters the evidence log.",
    )
    trusted_proxies: Annotated[int, Field(ge=0, le=5)] = Field(
        0,
        description="Reverse proxies in front of tmpa; a visitor's address is read that many hops back in"
        " X-Forwarded-For. 0 believes the connection alone.",
    )
    session_hours: Annotated[int, Field(ge=1, le=720)] = Field(
        12, description="Life of a sign-in without use, hours."
    )
    upload_limit_mb: Annotated[int, Field(ge=1, le=500)] = Field(
        25, description="Largest upload accepted, megabytes."
    )
    chromium: str = Field(
        "", description="Chromium for pictures of pieces: its path or name; empty looks for it on the PATH."
    )
    log_format: Literal["json", "text"] = Field(
        "json", description="Logs as JSON lines or as text for people."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line kept."
    )
    suggestions_url: str = Field(
        "",
        description="OpenAI-compatible service that suggests translations to a vendor's translators, such as"
        " https://llm.example.com/v1; empty: no suggestions. Texts of kits are sent to it.",
    )
    suggestions_key: str = Field("", description="Bearer key of the suggestion service; empty: none is sent.")
    suggestions_model: str = Field("", description="Model that the suggestion service is asked for.")
    metrics_token: str = Field("", description="Bearer token for /metrics; empty serves it to loopback only.")
    fast_passwords: bool = Field(
        False, description="Cheap password hashing for tests; refused in production."
    )

    @field_validator("portal_url", "tracking_url", "inbox_url")
    @classmethod
    def _http(cls, value: str) -> str:
        return _checked(value, {"http", "https"}, "an address such as https://portal.example.com").rstrip("/")

    @field_validator("pages_url", "s3_endpoint", "suggestions_url")
    @classmethod
    def _http_or_empty(cls, value: str) -> str:
        return cls._http(value) if value else value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value or value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            return value
        raise ValueError("wants sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME")

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        return (
            _checked(value, {"redis", "rediss", "unix"}, "redis://HOST:PORT/0 or unix:///PATH")
            if value
            else value
        )

    @field_validator("objects_url")
    @classmethod
    def _objects(cls, value: str) -> str:
        return _checked(value, {"s3"}, "s3://BUCKET or s3://BUCKET/PREFIX") if value else value

    @field_validator("mail_url")
    @classmethod
    def _mail(cls, value: str) -> str:
        return _checked(value, {"inbox", "smtp", "ses"}, "inbox:, smtp://HOST:PORT or ses://REGION")

    @field_validator("secret_keys")
    @classmethod
    def _secrets(cls, value: str) -> str:
        if any(len(key) < 32 for key in value.split(",") if value):
            raise ValueError("wants secrets of at least 32 characters, separated by commas")
        return value

    @property
    def database_address(self) -> str:
        return self.database_url or f"sqlite:///{self.var_dir.resolve() / 'tmpa.sqlite3'}"

    @property
    def redis_address(self) -> str:
        return self.redis_url or f"unix://{self.redis_socket}?db=0"

    @property
    def redis_socket(self) -> Path:
        return self.var_dir.resolve() / "redis" / "server.sock"

    @property
    def pages_address(self) -> str:
        return self.pages_url or f"{self.portal_url}/p"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Signing secrets, newest first. Outside production they are made on first use and kept under var/."""
        if self.secret_keys:
            return tuple(self.secret_keys.split(","))
        kept = self.var_dir / "secret-key"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            fresh = kept.with_name(f"secret-key.{os.getpid()}")
            fresh.touch(mode=0o600)
            fresh.write_text(os.urandom(32).hex())
            with suppress(FileExistsError):  # another process of the same start was faster: its key counts
                os.link(fresh, kept)
            fresh.unlink()
        return (kept.read_text().strip(),)


def _checked(value: str, schemes: set[str], wants: str) -> str:
    try:
        parts = urlsplit(value)
        has_place = parts.scheme == "inbox" or (parts.path if parts.scheme == "unix" else parts.hostname)
        _port = parts.port  # raises for one that is no number
    except ValueError:
        raise ValueError(f"wants {wants}") from None
    if parts.scheme not in schemes or not has_place or any(letter.isspace() for letter in value):
        raise ValueError(f"wants {wants}")
    return value


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment.

    Raises `SettingsError` naming every unknown or bad `TMPA_…` variable and what it wants.
    """
    given = {k[len(PREFIX) :].lower(): v for k, v in environ.items() if k.startswith(PREFIX)}
    problems = [_unknown(name) for name in sorted(given) if name not in Settings.model_fields]
    known = {name: value for name, value in given.items() if name in Settings.model_fields}
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(known)
    except ValidationError as error:
        problems += [
            f"{PREFIX}{str(item['loc'][0]).upper()}={_echo(str(item['loc'][0]), known)}: "
            f"{item['msg'].removeprefix('Value error, ')}"
            for item in error.errors()
        ]
    if settings and settings.env == "production":
        problems += _production_problems(settings)
    if problems or settings is None:
        raise SettingsError("\n".join(problems))
    return settings


def _echo(name: str, known: Mapping[str, str]) -> str:
    """A bad value for the message; not one that is a secret or may hold a password."""
    return "…" if name in SECRETS or (name in ADDRESSES and "@" in known[name]) else repr(known[name])


def _unknown(name: str) -> str:
    near = get_close_matches(name, Settings.model_fields, n=1)
    hint = f"; did you mean {PREFIX}{near[0].upper()}?" if near else "; docs/operators lists the settings"
    return f"{PREFIX}{name.upper()}: no such setting{hint}"


def _production_problems(settings: Settings) -> list[str]:
    problems = []
    if not settings.secret_keys:
        problems.append("TMPA_SECRET_KEYS: must be set in production (one secret of 32 characters or more)")
    if settings.fast_passwords:
        problems.append("TMPA_FAST_PASSWORDS: not in production")
    if not settings.portal_url.startswith("https://"):
        problems.append(f"TMPA_PORTAL_URL={settings.portal_url!r}: wants https:// in production")
    if settings.mail_url.startswith("inbox:"):
        problems.append(
            "TMPA_MAIL_URL: inbox: keeps every mail on this machine; production wants smtp:// or ses://"
        )
    return problems
