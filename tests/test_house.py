"""What documents, deployment files and the Makefile say is so."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from tmpa.cli import main
from tmpa.settings import PREFIX, Settings
from workers.settings_table import renewed

ROOT = Path(__file__).resolve().parent.parent
DEPLOYMENT = [
    "compose.yaml",
    "deploy/Dockerfile",
    "deploy/Procfile",
    "deploy/tmpa.env.example",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "deploy/systemd").iterdir()),
]


def command_problem(words: list[str]) -> str:
    """Why `tmpa WORDS` would not be understood; empty when it would."""
    group: click.Command = main
    while words and isinstance(group, click.Group):
        name, *words = words
        command = group.get_command(click.Context(group), name)
        if command is None:
            return f"no command {name}"
        group = command
    known = {option for parameter in group.params for option in parameter.opts}
    unknown = [word for word in words if word.startswith("-") and word not in known]
    return f"no option {unknown}" if unknown else ""


def test_the_operator_guide_lists_every_setting() -> None:
    text = (ROOT / "docs/operators.md").read_text()
    assert renewed(text) == text, "run `make docs`"


@pytest.mark.parametrize("name", ["docs/operators.md", *DEPLOYMENT])
def test_every_setting_named_exists(name: str) -> None:
    named = set(re.findall(rf"{PREFIX}([A-Z][A-Z0-9_]*)", (ROOT / name).read_text()))
    assert {setting.lower() for setting in named} <= set(Settings.model_fields)


def test_every_command_of_the_deployment_exists() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    ours = [service["command"] for service in compose["services"].values() if service.get("image") == "tmpa"]
    assert len(ours) == 7
    procfile = (ROOT / "deploy/Procfile").read_text().splitlines()
    ours += [shlex.split(line.partition(": tmpa ")[2]) for line in procfile]
    for unit in (ROOT / "deploy/systemd").glob("*.service"):
        [line] = re.findall(r"^ExecStart=/opt/tmpa/bin/tmpa (.+)$", unit.read_text(), re.MULTILINE)
        ours.append(shlex.split(line))
    assert [problem for words in ours if (problem := command_problem([str(word) for word in words]))] == []


def test_the_composition_depends_on_what_it_has() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services, volumes = compose["services"], set(compose["volumes"])
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        used = {volume.partition(":")[0] for volume in service.get("volumes", [])}
        assert used <= volumes


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for unit in (ROOT / "deploy/systemd").iterdir():
        text = unit.read_text().replace("/opt/tmpa/bin/tmpa", "/bin/true").replace("User=tmpa\n", "")
        (tmp_path / unit.name).write_text(text)
    names = [path.name.replace("@.", "@1.") for path in tmp_path.iterdir()]
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_make_help_lists_the_commands() -> None:
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in ("demo", "demo-reset", "test", "lint", "assets", "lock", "wheel"):
        assert f"make {name} " in done.stdout


def test_ci_runs_what_a_person_runs() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text()
