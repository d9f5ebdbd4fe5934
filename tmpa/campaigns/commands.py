"""`tmpa campaign`: what an operator asks of a campaign."""

import sys

import click

from tmpa.campaigns import locks
from tmpa.campaigns.models import Campaign
from tmpa.db import Database
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.objects import open_store
from tmpa.kernel.scope import Scope, load
from tmpa.settings import load_settings

SENTENCES = {
    "gone": _l("its file is gone from the object store."),
    "changed": _l("its file is not the one that was finished."),
    "unproved": _l("nothing was kept that proves it; it was finished before proofs were kept, or the record is lost."),
    "kit": _l("the kit gives another “%(region)s” than at the launch."),
    "differs": _l("it differs from the kit, first in “%(region)s”."),
}  # fmt: skip


@click.group("campaign")
def group() -> None:
    """Partners' campaigns."""


@group.command("verify")
@click.argument("campaign")
def verify(campaign: str) -> None:
    """Prove that every finished piece of CAMPAIGN (cmp_…) is the vendor's but for the partner's values.

    Each piece is compared with its kit version, region by region. Exit status 1 where one doesn't hold, naming the
    first region that differs.
    """
    settings = load_settings()
    with Database(settings).unit_of_work(Scope.system(), write=False) as session:
        found = locks.verify(session, open_store(settings), load(session, Campaign, campaign))
    for verdict in found:
        name = f"{verdict.piece} ({verdict.locale})"
        if verdict.holds:
            click.echo(f"✓ {name}")
        else:
            sentence = str(SENTENCES[verdict.problem]) % {"region": verdict.region}
            click.echo(f"✗ {name}: {sentence}", err=True)
    if not found:
        click.echo(_("The campaign has no finished pieces yet."))
    if not all(verdict.holds for verdict in found):
        sys.exit(1)
