"""Whether two registrations are about the same business, and which rule decides between them.

Same customer (normalised domain, or legal names that are alike), overlapping products and overlapping periods.
"""

import re
import unicodedata
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.deals.models import DealRegistration
from tmpa.deals.rules import rules
from tmpa.kernel.clock import utcnow
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.scope import lifted

LIVE_STATES = ("submitted", "under_review", "approved")

RULES: dict[str, Any] = {
    "no_conflict": _l("Nobody else has registered this customer for these products."),
    "first_in_wins": _l(
        "First in wins: of two registrations for the same customer, products and period, the earlier holds."
    ),
    "government_excluded": _l(
        "Public tenders are open to every partner, so another registration does not stand in the way."
    ),
    "override": _l("The vendor decided against the order of arrival and gave the reason."),
    "vendor_decision": _l("The vendor decided and gave the reason."),
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another registration for the same business. `first` tells whether it came in earlier than the one asked for;
    `reasons` are same_domain and similar_name."""

    deal_id: uuid.UUID
    reasons: tuple[str, ...]
    name_ratio: float
    products: tuple[str, ...]
    state: str
    submitted_at: datetime
    first: bool
    same_partner: bool

    def as_json(self) -> dict[str, Any]:
        """For the registration's row: no name and no partner, since the registering partner may read that row."""
        kept = asdict(self)
        return kept | {
            "deal_id": str(self.deal_id),
            "reasons": list(self.reasons),
            "products": list(self.products),
            "submitted_at": self.submitted_at.isoformat(),
        }


def normal_domain(text: str) -> str:
    """The bare domain in ASCII of a web address, mail address or domain; "" when there is none."""
    text = text.strip().lower()
    if not text:
        return ""
    host = text.rpartition("@")[2] if "@" in text and "//" not in text else text
    try:
        host = urlsplit(host if "//" in host else f"//{host}").hostname or ""
        host = host.rstrip(".").removeprefix("www.").encode("idna").decode("ascii")
    except (UnicodeError, ValueError):
        return ""
    return host if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) and len(host) <= 253 else ""


def customer_key(name: str) -> str:
    """A legal name without legal form, accents, punctuation and case, for comparing."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    for form in rules().joined_legal_forms:
        folded = folded.replace(unicodedata.normalize("NFKC", form).casefold(), " ")
    plain = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    plain = unicodedata.normalize("NFC", plain).replace(".", "")
    words = re.sub(r"[^\w]+", " ", plain).split()
    kept = [word for word in words if word not in rules().legal_forms]
    return " ".join(kept or words)[:200]


def name_ratio(one: str, other: str) -> float:
    """How alike two keys of `customer_key` are, 0–1; the order of words does not matter."""
    one, other = (" ".join(sorted(key.split())) for key in (one, other))
    if not one or not other:
        return 0.0
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    floor = rules().name_ratio
    if matcher.real_quick_ratio() < floor or matcher.quick_ratio() < floor:
        return 0.0
    return matcher.ratio()


def same_domain(one: str, other: str) -> bool:
    """The same domain or one below the other; free mail services say nothing."""
    if not one or not other or {one, other} & rules().free_mail_domains:
        return False
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def common_products(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    """Products that both name, as the first writes them."""
    wanted = {product.casefold().strip() for product in other}
    return tuple(product for product in one if product.casefold().strip() in wanted)


def period(deal: DealRegistration) -> tuple[date, date]:
    """The days in which a registration stands: from its arrival until its protection (or else expected close) ends.

    A registration that waits for its decision is taken as if it were protected from today.
    """
    start = (deal.submitted_at or deal.created_at or utcnow()).date()
    end = deal.protected_until or max(deal.close_date, start + timedelta(days=rules().protection_days))
    return start, end


def find_conflicts(session: Session, deal: DealRegistration) -> list[Conflict]:
    """Live registrations of the vendor's programme that are about the same business, earliest first."""
    return find_all_conflicts(session, [deal])[deal.id]


def find_all_conflicts(
    session: Session, deals: Sequence[DealRegistration]
) -> dict[uuid.UUID, list[Conflict]]:
    """`find_conflicts` of several registrations of one programme, by their id, reading the others once."""
    if not deals:
        return {}
    # Looks across partners: first in wins can only be told by looking at everybody's registrations. What is
    # returned names no partner and no customer.
    with lifted(session):
        live = session.scalars(
            select(DealRegistration).where(
                DealRegistration.vendor_id == deals[0].vendor_id, DealRegistration.state.in_(LIVE_STATES)
            )
        ).all()
        found = {deal.id: [_compare(deal, other) for other in live if other.id != deal.id] for deal in deals}
    return {
        key: sorted(filter(None, conflicts), key=lambda conflict: conflict.submitted_at)
        for key, conflicts in found.items()
    }


def _compare(deal: DealRegistration, other: DealRegistration) -> Conflict | None:
    products = common_products(deal.products, other.products)
    (start, end), (other_start, other_end) = period(deal), period(other)
    if not products or other_start > end or start > other_end:
        return None
    ratio = name_ratio(deal.customer_key, other.customer_key)
    reasons = [
        *(["same_domain"] if same_domain(deal.customer_domain, other.customer_domain) else []),
        *(["similar_name"] if ratio >= rules().name_ratio else []),
    ]
    if not reasons:
        return None
    arrived, other_arrived = deal.submitted_at or utcnow(), other.submitted_at or other.created_at
    return Conflict(
        deal_id=other.id,
        reasons=tuple(reasons),
        name_ratio=round(ratio, 3),
        products=products,
        state=other.state,
        submitted_at=other_arrived,
        first=(other_arrived, other.id) < (arrived, deal.id),
        same_partner=other.partner_id == deal.partner_id,
    )


def deciding_rule(deal: DealRegistration, conflicts: Iterable[Conflict]) -> str:
    """Which of `RULES` decides about `deal`, given its conflicts."""
    others = [conflict for conflict in conflicts if not conflict.same_partner]
    if not others:
        return "no_conflict"
    return "government_excluded" if deal.government and rules().government_excluded else "first_in_wins"


def stands_in_the_way(deal: DealRegistration, conflicts: Iterable[Conflict]) -> Conflict | None:
    """The earlier registration of another partner that the deciding rule prefers, if there is one."""
    others = list(conflicts)
    if deciding_rule(deal, others) != "first_in_wins":
        return None
    return next((conflict for conflict in others if conflict.first and not conflict.same_partner), None)
