"""Groups that import their commands when they are called."""

import subprocess
import sys

import click
import pytest

from tmpa.cli import main
from tmpa.kernel.command_groups import LazyGroup
from tmpa.kits.commands import kit


@pytest.mark.parametrize("group", [main, kit], ids=["tmpa", "kit"])
def test_every_command_is_where_its_group_says(group: click.Group) -> None:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help, name
    assert group.get_command(context, "nothing") is None


def test_a_command_imports_only_what_it_needs() -> None:
    code = (
        "import sys; from tmpa.cli import main; main(['kit', 'check', '--help'], standalone_mode=False);"
        "print([name for name in ('sqlalchemy', 'flask', 'boto3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_command_that_is_not_there_is_a_programming_error() -> None:
    group = LazyGroup("g", lazy={"gone": "tmpa.cli:nothing"})
    with pytest.raises(AttributeError):
        group.get_command(click.Context(group), "gone")
