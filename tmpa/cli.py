"""The `tmpa` command: every operator task."""

from typing import Any

import click

from tmpa.kernel.command_groups import LazyGroup
from tmpa.kernel.errors import NotFound, Refused, SettingsError

MODULES = {
    **{
        name: f"workers.commands:{name}"
        for name in ("web", "track", "inbox", "worker", "relay", "schedule", "drain")
    },
    "campaign": "tmpa.campaigns.commands:group",
    "demo": "workers.demo:demo",
    "demo-reset": "workers.demo:demo_reset",
    "db": "tmpa.migrations.commands:group",
    "evidence": "tmpa.engagement.commands:evidence_group",
    "kit": "tmpa.kits.commands:kit",
    "organization": "tmpa.accounts.commands:organization_group",
    "proof": "tmpa.engagement.commands:proof_group",
    "story": "tmpa.story.commands:story",
    "user": "tmpa.accounts.commands:user_group",
}


class Commands(LazyGroup):
    """Expected refusals go to stderr as a sentence, with exit status 1, never as a trace."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, lazy=MODULES, **settings)

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
