"""A bad environment stops the start with a message that names each variable and what it wants, and no secret."""

from pathlib import Path

import pytest

from tmpa.settings import Settings, SettingsError, load_settings

GOOD = {
    "TMPA_ENV": "production",
    "TMPA_SECRET_KEYS": "k" * 32,
    "TMPA_PORTAL_URL": "https://portal.example.com/",
    "TMPA_MAIL_URL": "smtp://user:pass@mail.example.com:587?tls=starttls",
    "TMPA_DATABASE_URL": "postgresql://tmpa:pass@db.example.com/tmpa",
}


def message(**environ: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings({f"TMPA_{name}": value for name, value in environ.items()})
    return str(refused.value)


def test_an_empty_environment_is_a_demo() -> None:
    settings = load_settings({"PATH": "/bin", "OTHER": "x"})
    assert settings.env == "demo" and settings.mail_url == "inbox:"
    assert settings.database_address.startswith("sqlite:///") and settings.redis_address.startswith("unix://")


def test_a_production_that_is_complete_starts() -> None:
    settings = load_settings(GOOD)
    assert settings.portal_url == "https://portal.example.com"
    assert settings.pages_address == "https://portal.example.com/p"


def test_an_unknown_variable_is_named_with_the_nearest() -> None:
    assert message(PORTAL_ADRESS="x").startswith("TMPA_PORTAL_ADRESS: no such setting")
    assert "did you mean TMPA_PORTAL_URL?" in message(PORTL_URL="x")


@pytest.mark.parametrize(
    ("name", "value", "wants"),
    [
        ("ENV", "staging", "'demo', 'production' or 'test'"),
        ("WORKERS", "two", "integer"),
        ("WORKERS", "0", "greater than or equal to 1"),
        ("BATCH_SIZE", "5001", "less than or equal to 5000"),
        ("INBOX_SMTP_PORT", "70000", "less than or equal to 65535"),
        ("PORTAL_URL", "portal.example.com", "an address such as https://"),
        ("PORTAL_URL", "https://", "an address such as https://"),
        ("PORTAL_URL", "ftp://x.example", "an address such as https://"),
        ("PORTAL_URL", "https://x.example:port", "an address such as https://"),
        ("TRACKING_URL", "javascript:alert(1)", "an address such as https://"),
        ("PAGES_URL", "https://a b", "an address such as https://"),
        ("S3_ENDPOINT", "localhost:9000", "an address such as https://"),
        ("DATABASE_URL", "mysql://x", "postgresql://USER:PASSWORD@HOST/NAME"),
        ("REDIS_URL", "http://x", "redis://HOST:PORT/0"),
        ("REDIS_URL", "unix://", "unix:///PATH"),
        ("OBJECTS_URL", "gs://bucket", "s3://BUCKET"),
        ("OBJECTS_URL", "s3://", "s3://BUCKET"),
        ("MAIL_URL", "pop3://x", "smtp://HOST:PORT"),
        ("MAIL_URL", "smtp://", "smtp://HOST:PORT"),
        ("SECRET_KEYS", "short", "at least 32 characters"),
        ("SECRET_KEYS", "k" * 32 + ",short", "at least 32 characters"),
        ("LOG_FORMAT", "xml", "'json' or 'text'"),
        ("FAST_PASSWORDS", "maybe", "boolean"),
    ],
)
def test_a_bad_value_is_named_with_what_is_wanted(name: str, value: str, wants: str) -> None:
    said = message(**{name: value})
    assert said.startswith(f"TMPA_{name}=") and wants in said


def test_every_problem_is_named_at_once() -> None:
    said = message(WORKERS="0", LOG_LEVEL="loud", NONSENSE="1")
    assert len(said.splitlines()) == 3


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("SECRET_KEYS", "hunter2", "hunter2"),
        ("DATABASE_URL", "mysql://tmpa:hunter2@db/x", "hunter2"),
        ("MAIL_URL", "pop3://me:hunter2@mail", "hunter2"),
        ("REDIS_URL", "http://:hunter2@redis", "hunter2"),
    ],
)
def test_no_message_repeats_a_secret(name: str, value: str, secret: str) -> None:
    assert secret not in message(**{name: value})


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"TMPA_SECRET_KEYS": ""}, "TMPA_SECRET_KEYS"),
        ({"TMPA_FAST_PASSWORDS": "true"}, "TMPA_FAST_PASSWORDS"),
        ({"TMPA_PORTAL_URL": "http://portal.example.com"}, "TMPA_PORTAL_URL"),
        ({"TMPA_MAIL_URL": "inbox:"}, "TMPA_MAIL_URL"),
    ],
)
def test_production_wants_more(change: dict[str, str], names: str) -> None:
    with pytest.raises(SettingsError, match=names):
        load_settings({**GOOD, **change})


def test_a_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = Settings(env="test", var_dir=tmp_path).secrets
    assert Settings(env="test", var_dir=tmp_path).secrets == first and len(first[0]) == 64
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


def test_every_setting_has_a_sentence() -> None:
    assert all(
        field.description and field.description.endswith(".") for field in Settings.model_fields.values()
    )
