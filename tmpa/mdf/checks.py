"""What an approver would check by hand, checked: each green, amber or red, with a sentence and the rule behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy.orm import Session

from tmpa.kernel.i18n import format_date, format_money, format_number, ngettext
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.scope import session_scope
from tmpa.mdf import invoices
from tmpa.mdf.models import Claim
from tmpa.mdf.roles import approver_limit
from tmpa.mdf.rules import PROOF_NAMES, business_days_between, rules_of

Tone = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `rule` says where the standard comes from."""

    name: str
    tone: Tone
    sentence: str
    rule: str


def checks(session: Session, claim: Claim) -> list[Check]:
    """Every check of a claim, the worst first."""
    parts: tuple[Callable[[Session, Claim], list[Check]], ...] = (
        _dossier,
        _proof,
        _people,
        _duplicates,
        _amount,
        _dates,
        _rates,
        _authority,
    )
    order = {"bad": 0, "warn": 1, "good": 2}
    return sorted(
        (check for part in parts for check in part(session, claim)), key=lambda check: order[check.tone]
    )


def all_green(found: list[Check]) -> bool:
    """Whether nothing stands in the way and nothing needs a second look."""
    return all(check.tone == "good" for check in found)


def _dossier(_session: Session, claim: Claim) -> list[Check]:
    rule = _("The dossier must verify against the vendor’s evidence log.")
    evidence = claim.evidence
    if evidence.get("state") == "ready":
        leaves = format_number(evidence.get("leaves", 0))
        sentence = _(
            "The dossier is whole and signed; %(leaves)s events in it are in the evidence log.", leaves=leaves
        )
        return [Check("dossier", "good", sentence, rule)]
    if evidence.get("state") == "waiting":
        return [Check("dossier", "warn", _("The dossier is still being put together."), rule)]
    problem = str(evidence.get("problem", ""))
    return [Check("dossier", "bad", _("The dossier does not verify: %(problem)s", problem=problem), rule)]


def _proof(_session: Session, claim: Claim) -> list[Check]:
    found: dict[str, bool] = claim.evidence.get("proof", {})
    rule = _("Proof of performance for this kind of activity.")
    missing = [str(PROOF_NAMES.get(name, name)) for name, there in found.items() if not there]
    if missing:
        return [Check("proof", "bad", _("Missing proof: %(what)s.", what=", ".join(missing)), rule)]
    if not found:
        return []
    names = ", ".join(str(PROOF_NAMES.get(name, name)) for name in found)
    return [Check("proof", "good", _("All proof is in the dossier: %(what)s.", what=names), rule)]


def _people(_session: Session, claim: Claim) -> list[Check]:
    if claim.evidence.get("state") != "ready":
        return []
    rule = _("Only what a person did counts; scanners and privacy proxies do not.")
    clicks = claim.evidence.get("clicked", {}).get("human", 0)
    visits = claim.evidence.get("visited", {}).get("human", 0)
    if clicks + visits == 0:
        return [Check("people", "warn", _("No person has clicked or visited the page yet."), rule)]
    said = (
        [ngettext("People clicked %(num)s time.", "People clicked %(num)s times.", clicks)] if clicks else []
    )
    if visits:
        said.append(
            ngettext(
                "People visited the page %(num)s time.", "People visited the page %(num)s times.", visits
            )
        )
    return [Check("people", "good", " ".join(said), rule)]


def _duplicates(session: Session, claim: Claim) -> list[Check]:
    rule = _("The same invoice number, issuer and amount may be claimed once.")
    found = invoices.duplicates(session, claim.lines)
    if not found:
        return [Check("duplicates", "good", _("No invoice has been claimed before."), rule)]
    numbers = ", ".join(line.invoice_number for line in claim.lines if line.id in found)
    return [Check("duplicates", "bad", _("Claimed before: invoice %(numbers)s.", numbers=numbers), rule)]


def _amount(_session: Session, claim: Claim) -> list[Check]:
    fund = claim.request.fund
    rule = _(
        "The fund pays back %(percent)s of accepted costs, up to what was approved.",
        percent=f"{fund.reimbursement_percent} %",
    )
    approved = claim.request.approved_minor or 0
    sentence = _(
        "%(amount)s is claimed of %(approved)s approved.",
        amount=format_money(claim.amount_minor, claim.currency),
        approved=format_money(approved, claim.currency),
    )
    return [Check("amount", "good" if claim.amount_minor <= approved else "bad", sentence, rule)]


def _dates(_session: Session, claim: Claim) -> list[Check]:
    request, fund = claim.request, claim.request.fund
    found = []
    handed_in = claim.submitted_at.date() if claim.submitted_at else fund.claim_until
    rule = _("Claims on this fund end on %(day)s.", day=format_date(fund.claim_until))
    in_time = handed_in <= fund.claim_until
    found.append(
        Check("in_time", "good", _("Handed in on time."), rule)
        if in_time
        else Check("in_time", "bad", _("Handed in after the last day."), rule)
    )
    found += _asked_in_time(claim, rules_of(fund).request_business_days)
    first, last = _day(claim.evidence.get("first_day")), _day(claim.evidence.get("last_day"))
    if first and last:
        rule = _(
            "The activity was approved for %(start)s to %(end)s.",
            start=format_date(request.starts_on),
            end=format_date(request.ends_on),
        )
        within = request.starts_on <= first and last <= request.ends_on
        when = (
            _("Mails went out on %(day)s.", day=format_date(first))
            if first == last
            else _(
                "Mails went out from %(first)s to %(last)s.", first=format_date(first), last=format_date(last)
            )
        )
        found.append(Check("period", "good" if within else "warn", when, rule))
    early = [
        line for line in claim.lines if request.decided_at and line.invoice_date < request.decided_at.date()
    ]
    rule = _("Costs come after the approval of the request.")
    if early:
        numbers = ", ".join(line.invoice_number for line in early)
        found.append(
            Check(
                "invoice_dates",
                "warn",
                _("Dated before the approval: invoice %(numbers)s.", numbers=numbers),
                rule,
            )
        )
    else:
        found.append(Check("invoice_dates", "good", _("Every invoice is dated after the approval."), rule))
    return found


def _asked_in_time(claim: Claim, wanted: int) -> list[Check]:
    request = claim.request
    if request.submitted_at is None:
        return []
    days = business_days_between(request.submitted_at.date(), request.starts_on)
    rule = ngettext(
        "Requests come %(num)s business day before the activity.",
        "Requests come %(num)s business days before the activity.",
        wanted,
    )
    if days >= wanted:
        return [Check("asked_in_time", "good", _("The request came in time."), rule)]
    sentence = ngettext(
        "The request came %(num)s business day before the start.",
        "The request came %(num)s business days before the start.",
        days,
    )
    # approved with its dates in view: asking late is for the record, no obstacle to the claim
    if request.decided_at is not None and request.decided_at.date() <= request.starts_on:
        return [Check("asked_in_time", "good", f"{sentence} {_('It was approved all the same.')}", rule)]
    return [Check("asked_in_time", "warn", sentence, rule)]


def _rates(_session: Session, claim: Claim) -> list[Check]:
    rule = _("A foreign invoice keeps its own amount, the rate, its date and source.")
    return [
        Check(
            "rate",
            "warn",
            _(
                "Invoice %(number)s: check the rate %(rate)s of %(day)s (%(source)s).",
                number=line.invoice_number,
                rate=format_number(line.rate),
                day=format_date(line.rate_date) if line.rate_date else "",
                source=line.rate_source,
            ),
            rule,
        )
        for line in claim.lines
        if line.rate is not None
    ]


def _authority(session: Session, claim: Claim) -> list[Check]:
    found = []
    scope = session_scope(session)
    rule = _("Who asks, who approves and who pays are three people.")
    involved = scope.user_id is not None and scope.user_id in (claim.submitted_by, claim.request.submitted_by)
    found.append(
        Check("separation", "bad", _("You asked for this money yourself."), rule)
        if involved
        else Check("separation", "good", _("Somebody else asked for this money."), rule)
    )
    limit = approver_limit(session)
    if limit is None:
        return found
    rule = _("Your limit is %(limit)s at once.", limit=format_money(limit, claim.currency))
    found.append(
        Check("limit", "good", _("The amount is within your limit."), rule)
        if claim.amount_minor <= limit
        else Check(
            "limit", "bad", _("The amount is above your limit; somebody else has to approve it."), rule
        )
    )
    return found


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if isinstance(text, str) else None
