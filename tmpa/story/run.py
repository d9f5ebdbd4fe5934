"""The steps of the story, in order; each either holds or ends it with a sentence."""

import time
from collections.abc import Callable

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import use_locale
from tmpa.story import campaigning, preparing, proving
from tmpa.story.telling import StepFailed, Telling

Step = Callable[[Telling], str]

STEPS: tuple[tuple[str, Step], ...] = (
    ("publish the kit", preparing.publish),
    ("partner joins", preparing.join),
    ("import contacts", preparing.import_contacts),
    ("approve the plan", preparing.plan),
    ("launch", campaigning.press_launch),
    ("send the mails", lambda told: campaigning.wait_for_step(told, 0)),
    ("pages", campaigning.pages),
    ("people and scanners", campaigning.engage),
    ("send the reminder", campaigning.remind),
    ("leads", proving.leads),
    ("register the deal", proving.deal),
    ("claim the money", proving.claim),
    ("verify the dossier", proving.verify),
    ("approve and pay", proving.pay),
    ("figures", proving.figures),
)


def tell(told: Telling, echo: Callable[[str], None]) -> None:
    """Every step, with a line each. Raises StepFailed at the first that does not hold."""
    with use_locale("en"):  # it is the operator who reads the platform's sentences here
        for name, step in STEPS:
            began = time.monotonic()
            try:
                said = step(told)
            except (Refused, ValueError, OSError) as error:
                raise StepFailed(f"{name}: {error}") from error
            finally:
                told.report.seconds[name] = round(time.monotonic() - began, 2)
            echo(f"{name:<20} {said}  ({told.report.seconds[name]:.1f} s)")
    told.report.held = True
