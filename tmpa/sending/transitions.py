"""The states of a campaign as data, and the one way to change them: locked, checked, audited."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign
from tmpa.kernel import audit
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import lazy_gettext as _l

Action = Literal["schedule", "unschedule", "launch", "start", "pause", "resume", "cancel", "finish"]


@dataclass(frozen=True, slots=True)
class Transition:
    """From any of `sources` to `target`; `refusal` is what people read when it isn't possible now."""

    sources: frozenset[str]
    target: str
    refusal: Any


def _from(*sources: str) -> frozenset[str]:
    return frozenset(sources)


CAMPAIGN: Final[dict[Action, Transition]] = {
    "schedule": Transition(_from("draft"), "scheduled", _l("This campaign has already been launched.")),
    "unschedule": Transition(_from("scheduled"), "draft", _l("This campaign is not waiting for its time.")),
    "launch": Transition(
        _from("draft", "scheduled"), "launching", _l("This campaign has already been launched.")
    ),
    "start": Transition(_from("launching"), "running", _l("This campaign is not being launched.")),
    "pause": Transition(_from("running"), "paused", _l("Only a running campaign can be paused.")),
    "resume": Transition(_from("paused"), "running", _l("This campaign is not paused.")),
    "cancel": Transition(
        _from("scheduled", "launching", "running", "paused"),
        "cancelled",
        _l("This campaign has ended; there is nothing to cancel."),
    ),
    "finish": Transition(_from("running"), "done", _l("This campaign is not running.")),
}


def lock(session: Session, campaign: Campaign) -> None:
    """Hold the campaign's row until the transaction ends and read its state anew: of two clicks one comes second."""
    session.flush()
    session.refresh(campaign, with_for_update=True)


def check(campaign: Campaign, action: Action) -> Transition:
    """The transition, if the campaign's state allows it. Raises Refused (code "state")."""
    transition = CAMPAIGN[action]
    if campaign.state not in transition.sources:
        raise Refused(transition.refusal, code="state")
    return transition


def move(session: Session, campaign: Campaign, action: Action, reason: str = "") -> None:
    """Change the state of a campaign that the caller has locked. Raises Refused (code "state")."""
    transition = check(campaign, action)
    before, campaign.state = campaign.state, transition.target
    audit.record(session, f"campaign.{action}", campaign, reason, before=before, after=transition.target)
