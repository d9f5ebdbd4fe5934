"""`tmpa kit`: make, check, render, compare, translate and publish kits from the command line.

Each module holds one command; a new one is named in COMMANDS.
"""

from pathlib import Path

import click

from tmpa.kernel.command_groups import LazyGroup

SKELETON = Path(__file__).resolve().parents[1] / "skeleton"
"""What `tmpa kit init` copies."""

COMMANDS = {
    "check": "tmpa.kits.commands.check:check_command",
    "diff": "tmpa.kits.commands.diff:diff_command",
    "export": "tmpa.kits.commands.export:export_command",
    "init": "tmpa.kits.commands.init:init_command",
    "publish": "tmpa.kits.commands.publish:publish_command",
    "render": "tmpa.kits.commands.render:render_command",
    "schema": "tmpa.kits.commands.schema:schema_command",
    "translations": "tmpa.kits.commands.translations:translations_command",
    "verify-piece": "tmpa.kits.commands.verify_piece:verify_piece_command",
}
"""Each command and where it is; imported when it is called."""


@click.group("kit", cls=LazyGroup, lazy=COMMANDS)
def kit() -> None:
    """Kits: a vendor's campaigns as folders of text (docs/kit-format.md)."""
