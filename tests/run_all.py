"""Every check of this repository, one after the other, with one summary: what `make test` and CI run.

    python tests/run_all.py [--only NAME[,NAME]] [-- pytest arguments]

All steps run even when one fails. Exit status 0 only if every step held.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DEBIAN_PACKAGES = {"chromium": "chromium", "fonts-noto-core": "", "fonts-noto-cjk": ""}
LINT = ("locks", "style", "format", "types", "floors")

Step = Callable[[list[str]], int]


def run(*command: str | Path, env: dict[str, str] | None = None) -> int:
    """Run a program of this environment in the repository's root; its exit status."""
    return subprocess.run(
        [str(part) for part in command], cwd=ROOT, stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})}
    ).returncode


def tools(_extra: list[str]) -> int:
    """Chromium and the fonts that pages and PDFs are looked at with."""
    missing = [package for package, program in DEBIAN_PACKAGES.items() if not _present(package, program)]
    if not missing:
        return 0
    if shutil.which("apt-get") is None:
        if shutil.which("google-chrome") or shutil.which("chromium-browser"):
            return 0
        print("The browser tests need Chromium; install it and the Noto fonts, then run this again.")
        return 1
    sudo = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
    if sudo and (shutil.which("sudo") is None or run(*sudo, "true") != 0):
        print(
            f"The browser tests need packages that only root can install: apt-get install {' '.join(missing)}"
        )
        return 1
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    run(*apt, "update")
    return run(*apt, "install", "--yes", "--no-install-recommends", *missing)


def _present(package: str, program: str) -> bool:
    if program and shutil.which(program):
        return True
    found = subprocess.run(["dpkg", "-s", package], capture_output=True) if shutil.which("dpkg") else None
    return found is not None and found.returncode == 0


def locks(_extra: list[str]) -> int:
    """No lock file names a host: which registry a machine asks is the machine's own affair."""
    files = [*ROOT.glob("requirements/*.txt"), *ROOT.glob("assets/package-lock.json")]
    bad = [file for file in files if '"resolved"' in file.read_text() or _names_host(file)]
    for file in bad:
        print(f"{file.relative_to(ROOT)} names a registry's host; run `make lock`")
    return len(bad)


def _names_host(file: Path) -> bool:
    return file.suffix == ".txt" and "://" in file.read_text()


def style(_extra: list[str]) -> int:
    """Ruff's rules."""
    return run(BIN / "ruff", "check", "--quiet", "--output-format", "concise", ".")


def formatting(_extra: list[str]) -> int:
    """Ruff's format."""
    return run(BIN / "ruff", "format", "--check", "--quiet", "--output-format", "concise", ".")


def types(_extra: list[str]) -> int:
    """Strict types."""
    return run(sys.executable, "-m", "mypy", "--strict")


def floors(_extra: list[str]) -> int:
    """Rooms import only rooms below them."""
    return run(BIN / "lint-imports", "--no-cache")


def catalogues(_extra: list[str]) -> int:
    """Every text of the portal is there in every shipped language."""
    return run(sys.executable, "-m", "tests.check_catalogues")


def schema(_extra: list[str]) -> int:
    """Models and migrations agree, on SQLite and PostgreSQL."""
    return run(sys.executable, "-m", "tests.check_schema")


def tests(extra: list[str]) -> int:
    """The tests, by two processes."""
    return run(
        sys.executable, "-m", "pytest", "-q", "-n", "3", "--dist", "worksteal", "--durations=12", *extra
    )


STEPS: dict[str, Step] = {
    "tools": tools,
    "locks": locks,
    "style": style,
    "format": formatting,
    "types": types,
    "floors": floors,
    "catalogues": catalogues,
    "schema": schema,
    "tests": tests,
}


def main() -> int:
    """Run the steps asked for, print the summary; 1 if any failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help=f"some of: lint, {', '.join(STEPS)}")
    parser.add_argument("pytest", nargs="*", help="further arguments for pytest")
    asked = parser.parse_args()
    wanted = [
        name for part in asked.only.split(",") if part for name in (LINT if part == "lint" else (part,))
    ]
    if unknown := [name for name in wanted if name not in STEPS]:
        parser.error(f"no such step: {', '.join(unknown)}")
    outcomes: list[tuple[str, bool, float]] = []
    for name, step in STEPS.items():
        if wanted and name not in wanted:
            continue
        print(f"── {name}: {(step.__doc__ or '').strip()}", flush=True)
        begun = time.monotonic()
        held = step(asked.pytest) == 0
        outcomes.append((name, held, time.monotonic() - begun))
    print("── summary")
    for name, held, seconds in outcomes:
        print(f"   {name:<12} {'ok' if held else 'FAILED':<8} {seconds:7.1f} s")
    total = sum(seconds for _, _, seconds in outcomes)
    failed = [name for name, held, _ in outcomes if not held]
    print(
        f"   {'all' if not failed else 'failed: ' + ', '.join(failed)} {'held ' if not failed else ''}in {total:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
