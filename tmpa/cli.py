"""The `tmpa` command: every operator task."""

import click

from tmpa.accounts.commands import organization_group, user_group
from tmpa.engagement.commands import evidence_group, proof_group
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kits.commands import kit
from tmpa.migrations.commands import group as db_group
from tmpa.settings import SettingsError
from tmpa.story.commands import story
from workers.commands import COMMANDS as process_commands


class Commands(click.Group):
    """Expected refusals go to stderr as a sentence, with exit status 1, never as a trace."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (Refused, SettingsError) as refusal:
            raise click.ClickException(str(refusal)) from None
        except NotFound:
            raise click.ClickException("No such thing.") from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tmpa")
def main() -> None:
    """tmpa: through-partner marketing automation. Settings come from TMPA_… variables (docs/operators)."""


for command in (
    *process_commands,
    db_group,
    evidence_group,
    kit,
    organization_group,
    proof_group,
    story,
    user_group,
):
    main.add_command(command)
