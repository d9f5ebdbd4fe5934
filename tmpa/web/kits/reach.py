"""Whom a new version of a kit reaches: partners who may use it, and campaigns that are offered the upgrade."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from tmpa.campaigns import upgrades
from tmpa.campaigns.models import Campaign
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import ngettext
from tmpa.kits import eligibility


@dataclass(frozen=True, slots=True)
class Audience:
    """Partners by whether they may use it; campaigns on older versions that may still move, and that run."""

    reach: eligibility.Reach
    conditions: tuple[str, ...]
    movable: tuple[Campaign, ...]
    running: tuple[Campaign, ...]

    def sentence(self) -> str:
        """Such as "12 partners can use it at once. 3 campaigns in preparation are offered the move to it."."""
        count = len(self.reach.partners)
        if not count:
            said = [_("No active partner can use it yet.")]
        else:
            said = [
                ngettext("%(num)s partner can use it at once.", "%(num)s partners can use it at once.", count)
            ]
        if self.movable:
            said.append(
                ngettext(
                    "%(num)s campaign in preparation is offered the move to it.",
                    "%(num)s campaigns in preparation are offered the move to it.",
                    len(self.movable),
                )
            )
        if self.running:
            said.append(
                ngettext(
                    "%(num)s campaign that runs stays on its version.",
                    "%(num)s campaigns that run stay on their version.",
                    len(self.running),
                )
            )
        return " ".join(said)


def audience(
    session: Session,
    vendor_id: uuid.UUID,
    kit_id: uuid.UUID | None,
    version: str,
    manifest: Mapping[str, Any],
) -> Audience:
    """Whom `version` with this manifest reaches, for its vendor. `kit_id` is None for a kit that is not published."""
    reach = eligibility.reach(session, vendor_id, manifest)
    may = {row.partner_id for row in reach.partners}
    older = upgrades.older_campaigns(session, kit_id, version) if kit_id else []
    mine = [campaign for campaign in older if campaign.partner_id in may]
    return Audience(
        reach,
        tuple(eligibility.conditions(manifest)),
        tuple(campaign for campaign in mine if campaign.state in upgrades.MOVABLE),
        tuple(campaign for campaign in mine if campaign.state not in upgrades.MOVABLE),
    )
