"""Verdicts: people, scanners, proxies and crawlers as they show in the wild."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmpa.engagement.agents import family_of
from tmpa.engagement.models import KINDS
from tmpa.engagement.verdicts import RULES, Event, crowded, judge, sentence

SENT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
OFFICE = "203.0.113.0/24"


def event(kind: str, seconds: float, link: int | None = None, agent: str = CHROME, method: str = "GET",
          network: str = OFFICE, signs: str = "") -> Event:  # fmt: skip
    at = SENT + timedelta(seconds=seconds)
    return Event(uuid.uuid4(), kind, at, link, method, agent, network, frozenset(signs.split()))


def rules(*events: Event, links: int | None = 6) -> list[tuple[str, str]]:
    return [(verdict.verdict, verdict.rule) for verdict in judge(events, SENT, links)]


def test_a_person_reads_and_clicks() -> None:
    assert rules(event("opened", 900), event("clicked", 930, 2)) == [
        ("human", "no_machine_sign"),
        ("human", "no_machine_sign"),
    ]


def test_a_gateway_follows_every_link_at_once_and_the_person_comes_later() -> None:
    gateway = [event("clicked", 8 + n / 10, n, network="198.51.100.0/24") for n in range(1, 7)]
    person = event("clicked", 3600, 2)
    found = rules(*gateway, person)
    assert found[:6] == [("machine", "link_burst")] * 6
    assert found[6] == ("human", "no_machine_sign")


def test_a_slow_look_around_is_no_burst() -> None:
    assert {v for v, _rule in rules(*(event("clicked", 600 + 30 * n, n) for n in range(1, 7)))} == {"human"}


def test_every_link_of_a_short_mail_is_a_burst() -> None:
    pair = [event("clicked", 100, 1), event("clicked", 101, 2)]
    assert rules(*pair, links=2) == [("machine", "link_burst")] * 2
    assert rules(*pair, links=6) == [("human", "no_machine_sign")] * 2
    assert (
        rules(event("clicked", 100, 1), event("clicked", 101, 1), links=1)
        == [("human", "no_machine_sign")] * 2
    )


def test_what_happens_before_anybody_could_read_is_a_machine() -> None:
    assert rules(event("clicked", 2, 1)) == [("machine", "too_soon")]
    assert rules(event("opened", -1)) == [("machine", "too_soon")]


def test_head_and_known_agents() -> None:
    assert rules(event("clicked", 900, 1, method="HEAD")) == [("machine", "head_request")]
    assert rules(event("clicked", 900, 1, agent="curl/8.5")) == [("machine", "http_library")]
    assert rules(event("clicked", 900, 1, agent="")) == [("machine", "http_library")]
    assert rules(event("clicked", 900, 1, agent="Barracuda Sentinel (EE)")) == [("machine", "known_scanner")]
    assert rules(
        event("visited", 900, agent="Googlebot/2.1 (+http://www.google.com/bot.html)", signs="active")
    ) == [("machine", "known_crawler")]


def test_proxies_that_load_pictures() -> None:
    assert rules(event("opened", 900, agent="Mozilla/5.0")) == [("machine", "privacy_prefetch")]
    assert rules(event("opened", 20, agent=GMAIL)) == [("machine", "proxy_prefetch")]
    assert rules(event("opened", 900, agent=GMAIL)) == [("unknown", "image_proxy")]


def test_using_the_page_redeems_the_click_that_led_there() -> None:
    early = event("clicked", 3, 1)
    used = event("visited", 6, signs="active")
    assert rules(early, used) == [("human", "led_to_page_use"), ("human", "page_used")]
    sent = event("submitted", 40)
    assert rules(early, sent) == [("human", "led_to_page_use"), ("human", "form_sent")]


def test_a_page_merely_loaded_redeems_nothing() -> None:
    assert rules(event("clicked", 3, 1), event("visited", 4)) == [
        ("machine", "too_soon"),
        ("unknown", "page_loaded"),
    ]


def test_a_person_on_another_network_does_not_redeem_the_gateway() -> None:
    gateway = event("clicked", 3, 1, network="198.51.100.0/24")
    assert rules(gateway, event("visited", 600, signs="active"))[0] == ("machine", "too_soon")


def test_spam_forms_redeem_nothing() -> None:
    click = event("clicked", 3, 1)
    assert rules(click, event("submitted", 4, signs="trap")) == [
        ("machine", "too_soon"),
        ("machine", "form_trap"),
    ]
    assert rules(click, event("submitted", 4, signs="fast"))[1] == ("machine", "form_too_fast")


def test_many_recipients_from_one_network() -> None:
    assert rules(event("clicked", 900, 1, signs="spread")) == [("machine", "network_burst")]
    moments = [(SENT + timedelta(seconds=n), uuid.uuid4()) for n in range(5)]
    assert crowded(moments) == [True] * 5
    assert crowded(moments[:4]) == [False] * 4
    assert crowded([*moments[:4], (SENT + timedelta(seconds=60), uuid.uuid4())]) == [False] * 5
    one = uuid.uuid4()
    assert crowded([(SENT + timedelta(seconds=n), one) for n in range(9)]) == [False] * 9


def test_visitors_without_a_mail_and_servers() -> None:
    assert judge([event("visited", 0)])[0].verdict == "unknown"
    assert judge([event("submitted", 0)])[0].verdict == "human"
    assert rules(event("delivered", 0), event("unsubscribed", 50)) == [
        ("unknown", "ledger"),
        ("human", "asked_by_link"),
    ]


def test_every_kind_is_judged_and_every_rule_has_a_sentence() -> None:
    assert set(KINDS) == {kind for rule in RULES for kind in rule.kinds}
    assert all(sentence(rule.name).endswith(".") for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES) and all(len(rule.name) <= 40 for rule in RULES)
    assert sentence("of_an_older_version") == "of_an_older_version"


DONE = st.tuples(
    st.sampled_from(["opened", "clicked", "visited", "submitted"]),
    st.integers(0, 2000),
    st.integers(1, 6),
    st.sampled_from(["", "active", "spread"]),
)


@given(st.lists(DONE, max_size=12), st.randoms())
def test_verdicts_do_not_depend_on_the_order_of_arrival(
    parts: list[tuple[str, int, int, str]], random: object
) -> None:
    events = [event(kind, at / 10, link, signs=signs) for kind, at, link, signs in parts]
    known = set(judge(events, SENT, 6))
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert set(judge(shuffled, SENT, 6)) == known


@pytest.mark.parametrize(
    "agent",
    [
        CHROME,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
        "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
        "Microsoft Office/16.0 (Microsoft Outlook 16.0.17628; Pro)",
        "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.12.0",
        "Mozilla/5.0 (Linux; Android 9; CUBOT X20) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
        "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36 YaBrowser/24.4",
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    ],
)
def test_real_mail_clients_and_browsers_are_not_known_machines(agent: str) -> None:
    assert family_of(agent) == ""
