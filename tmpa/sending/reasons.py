"""The ledger's states and reasons in words that people understand."""

from typing import Any, Final

from tmpa.kernel.i18n import lazy_gettext as _l

STATE_NAMES: Final[dict[str, Any]] = {
    "planned": _l("Waiting"),
    "leased": _l("Waiting"),
    "in_flight": _l("Being sent"),
    "handed_over": _l("Sent"),
    "deferred": _l("Tried again later"),
    "bounced": _l("Not delivered"),
    "complained": _l("Complained"),
    "uncertain": _l("Not certain"),
    "skipped": _l("Skipped"),
}

TONES: Final[dict[str, str]] = {
    "handed_over": "good",
    "deferred": "warn",
    "uncertain": "warn",
    "bounced": "bad",
    "complained": "bad",
    "in_flight": "info",
}

_SENTENCES: Final[dict[tuple[str, str], Any]] = {
    ("planned", ""): _l("The mail will be sent."),
    ("leased", ""): _l("The mail will be sent."),
    ("in_flight", ""): _l("The mail is being handed over now."),
    ("handed_over", ""): _l("The mail was sent."),
    ("deferred", "asked_to_wait"): _l("The receiving server asked us to wait. We try again by ourselves."),
    ("deferred", "unavailable"): _l("Our mail server could not be reached. We try again by ourselves."),
    ("bounced", "no_such_address"): _l("This address does not exist any more. It will not be mailed again."),
    ("bounced", "refused"): _l("The receiving server refused the mail."),
    ("bounced", "gave_up"): _l("The receiving server kept asking us to wait, so we stopped trying."),
    ("complained", ""): _l("The person marked the mail as unwanted. They will not be mailed again."),
    ("uncertain", "no_answer"): _l(
        "The connection broke before the server answered. The mail may have arrived; it is not sent again, so that "
        "nobody gets it twice."
    ),
    ("uncertain", "worker_lost"): _l(
        "Sending was interrupted at this very mail. It may have arrived; it is not sent again, so that nobody gets it "
        "twice."
    ),
    ("skipped", "suppressed"): _l(
        "This address must not be mailed: the person unsubscribed, or it is blocked."
    ),
    ("skipped", "no_consent"): _l("There is no consent of this person on record."),
    ("skipped", "invalid"): _l("This is not an address that mail can be sent to."),
    ("skipped", "condition"): _l("The person had already reacted, so this reminder was not for them."),
    ("skipped", "cancelled"): _l("The campaign was cancelled before this mail was sent."),
    ("skipped", "erased"): _l("The person asked to be erased before this mail was sent."),
}


def sentence(state: str, reason: str) -> str:
    """Why a recipient is where they are."""
    found = _SENTENCES.get((state, reason)) or _SENTENCES.get((state, ""))
    return str(found or STATE_NAMES[state])
