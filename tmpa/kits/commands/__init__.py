"""`tmpa kit`: make, check, render, compare and publish kits from the command line.

Each module holds one or two commands; a new one is imported here and added to COMMANDS.
"""

import click

from tmpa.kits.commands.check import check_command
from tmpa.kits.commands.diff import diff_command
from tmpa.kits.commands.export import export_command
from tmpa.kits.commands.init import SKELETON, init_command
from tmpa.kits.commands.publish import publish_command
from tmpa.kits.commands.render import render_command
from tmpa.kits.commands.schema import schema_command
from tmpa.kits.commands.translations import translations_command

__all__ = ["SKELETON", "kit"]

COMMANDS: tuple[click.Command, ...] = (
    check_command,
    diff_command,
    export_command,
    init_command,
    publish_command,
    render_command,
    schema_command,
    translations_command,
)


@click.group("kit")
def kit() -> None:
    """Kits: a vendor's campaigns as folders of text (docs/kit-format.md)."""


for command in COMMANDS:
    kit.add_command(command)
