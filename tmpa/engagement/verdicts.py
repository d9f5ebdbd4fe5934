"""Human, machine or unknown: the rules that decide, in the order they are asked; the first that holds decides.

Rules are data: a name that is stored with the event, the kinds it judges, a verdict, a sentence for people, and a
test. A changed rule or threshold means a new RULES_VERSION. `judge` is pure: the same events give the same verdicts,
in whatever order they arrived.
"""

import uuid
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from tmpa.engagement.agents import family_of
from tmpa.kernel.i18n import lazy_gettext as _l

RULES_VERSION: Final = 1
VerdictWord = Literal["human", "machine", "unknown"]

SOON = timedelta(seconds=5)
"""After hand-over: nobody has received, opened and read a mail by then."""
PREFETCH = timedelta(seconds=60)
"""After hand-over: when mail services load pictures for themselves."""
BURST = timedelta(seconds=5)
BURST_LINKS: Final = 3
CROWD = timedelta(seconds=10)
CROWD_RECIPIENTS: Final = 5
REDEEM = timedelta(minutes=30)
"""How long after a click the use of the page may follow it."""


FLOOD: Final = 300
"""Events of one recipient after which further opens and clicks are a program's."""
FORM_SPAM: Final = frozenset({"trap", "fast"})
"""Signs that a form was not sent by a person."""


class Event(NamedTuple):
    """What the rules look at. `signs` as in EngagementEvent; `network` is cut to /24 or /48."""

    id: uuid.UUID
    kind: str
    occurred_at: datetime
    link: int | None = None
    method: str = "GET"
    agent: str = ""
    network: str = ""
    signs: frozenset[str] = frozenset()


class Verdict(NamedTuple):
    """What an event is taken for, and the rule that said so."""

    event_id: uuid.UUID
    verdict: VerdictWord
    rule: str


@dataclass(frozen=True, slots=True)
class _Story:
    """A recipient's events with what follows from all of them together."""

    handed_over_at: datetime | None
    burst: frozenset[uuid.UUID]
    redeemed: frozenset[uuid.UUID]

    def since_hand_over(self, event: Event) -> timedelta | None:
        return None if self.handed_over_at is None else event.occurred_at - self.handed_over_at


Test = Callable[[Event, _Story], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `sentence` is shown to people as the reason of the verdict."""

    name: str
    kinds: frozenset[str]
    verdict: VerdictWord
    sentence: Any
    holds: Test


def _within(limit: timedelta) -> Test:
    def holds(event: Event, story: _Story) -> bool:
        since = story.since_hand_over(event)
        return since is not None and since < limit

    return holds


def _family(*families: str) -> Test:
    return lambda event, _story: family_of(event.agent) in families


def _sign(sign: str) -> Test:
    return lambda event, _story: sign in event.signs


_LEDGER = frozenset({"delivered", "bounced", "complained"})
_OPENED, _CLICKED, _VISITED = frozenset({"opened"}), frozenset({"clicked"}), frozenset({"visited"})
_SUBMITTED = frozenset({"submitted"})
_FETCHES = _OPENED | _CLICKED | _VISITED

RULES: Final[tuple[Rule, ...]] = (
    Rule("ledger", _LEDGER, "unknown", _l("Recorded by the mail server, not by a person."), lambda _e, _s: True),
    Rule("asked_by_link", frozenset({"unsubscribed"}), "human", _l("The recipient confirmed it."), lambda _e, _s: True),
    Rule(
        "form_trap", _SUBMITTED, "machine", _l("A field was filled that people don't see."), _sign("trap"),
    ),
    Rule(
        "form_too_fast", _SUBMITTED, "machine",
        _l("The form was sent sooner than a person could fill it."), _sign("fast"),
    ),
    Rule("form_sent", _SUBMITTED, "human", _l("A form was filled and sent."), lambda _e, _s: True),
    Rule(
        "head_request", _FETCHES, "machine", _l("Only the header was asked for: people's programs ask for all."),
        lambda event, _story: event.method == "HEAD",
    ),
    Rule("known_scanner", _FETCHES, "machine", _l("A known mail security scanner."), _family("scanner")),
    Rule("known_preview", _FETCHES, "machine", _l("A known program that makes link previews."), _family("preview")),
    Rule("known_crawler", _FETCHES, "machine", _l("A known crawler."), _family("crawler")),
    Rule("http_library", _FETCHES, "machine", _l("A program, not a browser or mail client."), _family("library")),
    Rule(
        "privacy_prefetch", _OPENED, "machine", _l("A privacy relay that loads every picture, read or not."),
        _family("prefetch"),
    ),
    Rule(
        "proxy_prefetch", _OPENED, "machine", _l("A mail service's proxy loaded the picture right after delivery."),
        lambda event, story: family_of(event.agent) == "proxy" and _within(PREFETCH)(event, story),
    ),
    Rule(
        "image_proxy", _OPENED, "unknown",
        _l("A mail service's proxy loaded the picture; whether for a reader is not known."),
        _family("proxy"),
    ),
    Rule("page_used", _VISITED, "human", _l("The page was scrolled, touched or typed on."), _sign("active")),
    Rule(
        "led_to_page_use", _CLICKED, "human", _l("The same reader then used the page or sent its form."),
        lambda event, story: event.id in story.redeemed,
    ),
    Rule(
        "page_loaded", _VISITED, "unknown", _l("The page was loaded; nothing shows that it was used."),
        lambda _e, _s: True,
    ),
    Rule(
        "too_soon", _OPENED | _CLICKED, "machine", _l("Within %(seconds)s seconds of delivery.", seconds=SOON.seconds),
        _within(SOON),
    ),
    Rule(
        "link_burst", _CLICKED, "machine", _l("Many links of the mail were followed within seconds."),
        lambda event, story: event.id in story.burst,
    ),
    Rule(
        "flood", _OPENED | _CLICKED, "machine", _l("Far more often than a person would."), _sign("flood"),
    ),
    Rule(
        "network_burst", _OPENED | _CLICKED, "machine",
        _l("Mails of many recipients were touched from one network within seconds."), _sign("spread"),
    ),
    Rule(
        "no_machine_sign", _OPENED | _CLICKED, "human", _l("Nothing speaks for a machine."), lambda _e, _s: True,
    ),
)  # fmt: skip

_BY_NAME: Final = {rule.name: rule for rule in RULES}


def sentence(rule: str) -> str:
    """What a rule says to people, in the current language; the bare name for a rule of an older version."""
    known = _BY_NAME.get(rule)
    return str(known.sentence) if known else rule


def judge(
    events: Sequence[Event], handed_over_at: datetime | None = None, links_in_mail: int | None = None
) -> list[Verdict]:
    """A verdict for each event of one recipient (or of one visitor whom no mail led here), in the given order.

    `links_in_mail` is how many tracked links the mail has; None when that isn't known.
    """
    ordered = sorted(events, key=lambda event: (event.occurred_at, event.id))
    story = _Story(handed_over_at, _bursts(ordered, links_in_mail), _redeemed(ordered))
    return [_judge_one(event, story) for event in events]


def _judge_one(event: Event, story: _Story) -> Verdict:
    for rule in RULES:
        if event.kind in rule.kinds and rule.holds(event, story):
            return Verdict(event.id, rule.verdict, rule.name)
    raise ValueError(f"no rule judges the kind {event.kind!r}")


def _bursts(ordered: Sequence[Event], links_in_mail: int | None) -> frozenset[uuid.UUID]:
    """Clicks within BURST of so many others that at least BURST_LINKS links, or all of two or more, were touched."""
    clicks = [event for event in ordered if event.kind == "clicked"]
    needed = min(BURST_LINKS, links_in_mail) if links_in_mail and links_in_mail > 1 else BURST_LINKS
    found: set[uuid.UUID] = set()
    first = 0
    for last, click in enumerate(clicks):
        while click.occurred_at - clicks[first].occurred_at > BURST:
            first += 1
        window = clicks[first : last + 1]
        if len({event.link for event in window}) >= needed:
            found.update(event.id for event in window)
    return frozenset(found)


def _redeemed(ordered: Sequence[Event]) -> frozenset[uuid.UUID]:
    """The click that led to each use of a page: the last one before it from the same agent and network."""
    found: set[uuid.UUID] = set()
    clicks: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in ordered:
        if event.kind == "clicked" and event.method != "HEAD":
            clicks[event.agent, event.network].append(event)
        elif (event.kind == "visited" and "active" in event.signs) or (
            event.kind == "submitted" and not event.signs & FORM_SPAM
        ):
            before = clicks.get((event.agent, event.network))
            if before and event.occurred_at - before[-1].occurred_at <= REDEEM:
                found.add(before[-1].id)
    return frozenset(found)


def crowded(moments: Sequence[tuple[datetime, uuid.UUID]]) -> list[bool]:
    """For events of one network, as (moment, recipient) sorted by moment: whether each lies within CROWD of events of
    at least CROWD_RECIPIENTS recipients."""
    times = [moment for moment, _recipient in moments]
    marks = [False] * len(moments)
    for last, (moment, _recipient) in enumerate(moments):
        first = bisect_left(times, moment - CROWD)
        if len({recipient for _moment, recipient in moments[first : last + 1]}) >= CROWD_RECIPIENTS:
            marks[first : last + 1] = [True] * (last + 1 - first)
    return marks
