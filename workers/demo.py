"""`tmpa demo` and `tmpa demo-reset`: the whole platform on this machine, with nothing else to install."""

import fcntl
import os
import shutil
import signal
from types import FrameType

import click

from tmpa.app import open_services
from tmpa.demo.seed import SignInHint, ensure_demo
from tmpa.kernel import logs
from tmpa.migrations.run import upgrade
from tmpa.settings import Settings, load_settings
from workers.supervisor import CannotStart, Supervisor

DATA = (
    "tmpa.sqlite3",
    "tmpa.sqlite3-wal",
    "tmpa.sqlite3-shm",
    "objects",
    "spool",
    "inbox",
    "redis",
    "log",
    "secret-key",
)
"""What a demo leaves under TMPA_VAR_DIR; demo-reset removes these and nothing else."""


def _demo_settings() -> Settings:
    settings = load_settings()
    if settings.env == "production":
        raise click.ClickException("TMPA_ENV=production: a demo would put its people and passwords into it.")
    if "TMPA_LOG_FORMAT" not in os.environ:
        settings = settings.model_copy(update={"log_format": "text"})
    return settings


@click.command()
def demo() -> None:
    """Start everything on this machine, with demo data and a sign-in for each role. Ctrl-C stops it."""
    settings = _demo_settings()
    logs.configure(settings.model_copy(update={"log_level": "warning"}), "demo")
    hints: list[SignInHint] = []

    def prepare() -> None:
        click.echo("Preparing the database and the demo's data …")
        services = open_services(settings)
        upgrade(services.database)
        hints.extend(ensure_demo(services))
        services.database.dispose()
        click.echo("Starting the parts …")

    def stopped(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stopped)  # while starting; run_until_signal takes over
    supervisor = Supervisor(settings, echo=click.echo)
    try:
        supervisor.start(prepare)
    except CannotStart as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    click.echo(welcome(settings, hints))
    supervisor.run_until_signal()
    click.echo(f"Stopped. The data stay in {settings.var_dir}; `make demo-reset` starts afresh.")


def welcome(settings: Settings, hints: list[SignInHint]) -> str:
    """The addresses and sign-ins, as printed when everything is up."""
    width = max(len(hint.role) for hint in hints)
    mails = max(len(hint.email) for hint in hints)
    return "\n".join(
        [
            "",
            "  tmpa is up.",
            "",
            f"  Portal    {settings.portal_url}",
            *([f"  Inbox     {settings.inbox_url}"] if settings.mail_url.startswith("inbox:") else []),
            f"  Tracking  {settings.tracking_url}",
            "",
            *(f"  {hint.role:<{width}}  {hint.email:<{mails}}  {hint.password}" for hint in hints),
            "",
            f"  Logs are in {settings.var_dir / 'log'}. Ctrl-C stops everything.",
            "",
        ]
    )


@click.command("demo-reset")
def demo_reset() -> None:
    """Delete the demo's local data (under TMPA_VAR_DIR). The demo must not be running."""
    settings = _demo_settings()
    folder = settings.var_dir
    if not folder.exists():
        click.echo(f"There is nothing in {folder}.")
        return
    with (folder / "supervisor.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(
                f"The demo with the data in {folder} is running; stop it first."
            ) from None
        for name in DATA:
            path = folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    click.echo(f"Deleted the demo's data in {folder}.")
    if settings.database_url or settings.objects_url:
        click.echo("TMPA_DATABASE_URL or TMPA_OBJECTS_URL is set: what lies there was left alone.")


COMMANDS: tuple[click.Command, ...] = (demo, demo_reset)
