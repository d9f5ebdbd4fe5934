"""The drain: exactly once whatever dies when, bad lines aside, verdicts revised, submissions made."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories.engagement import Audience
from tmpa.audiences.models import Consent, Contact
from tmpa.engagement import drain, rollups, service, spool
from tmpa.engagement.drain import drain_once
from tmpa.engagement.figures import campaign_figures
from tmpa.engagement.models import EngagementEvent, SpoolOffset
from tmpa.engagement.spool import Spool
from tmpa.kernel.models import Job
from tmpa.kernel.scope import Scope
from tmpa.pages.models import Submission


def events(mailed: Audience) -> list[EngagementEvent]:
    with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
        return list(session.scalars(select(EngagementEvent).order_by(EngagementEvent.occurred_at)))


def jobs(mailed: Audience, name: str) -> list[dict[str, Any]]:
    with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
        return list(session.scalars(select(Job.args).where(Job.name == name)))


def check_rollups(mailed: Audience) -> None:
    with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
        campaign = mailed.programme.campaign_id
        assert rollups.kept(session, campaign) == rollups.recount(session, campaign)


def test_events_find_their_recipients(mailed: Audience) -> None:
    path = mailed.write(
        [
            mailed.line("open", mailed.recipients[0]),
            mailed.line("click", mailed.recipients[0], 640, l=2),
            mailed.line("click", mailed.recipients[1], 2, l=1),
        ]
    )
    assert drain_once(mailed.context, mailed.spool) == 3
    soon, opened, clicked = events(mailed)
    assert (opened.contact_id, opened.locale, opened.verdict) == (mailed.contacts[0], "de", "human")
    assert (clicked.link, clicked.rule, clicked.step_id) == (2, "no_machine_sign", mailed.programme.step_id)
    assert (soon.verdict, soon.rule) == ("machine", "too_soon")
    assert not path.exists() and not list(mailed.spool.glob("*.jsonl"))
    check_rollups(mailed)
    with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
        seen = campaign_figures(session, mailed.programme.campaign_id)
        assert (seen.opened.human, seen.clicked.human, seen.clicked.machine) == (1, 1, 1)
        assert (seen.people.clicked.human, seen.people.clicked.machine) == (1, 1)
        assert session.scalar(select(func.count()).select_from(SpoolOffset)) == 0


def test_draining_again_changes_nothing(mailed: Audience) -> None:
    lines = [mailed.line("open", each) for each in mailed.recipients]
    mailed.write(lines)
    assert drain_once(mailed.context, mailed.spool) == 3
    mailed.write(lines, "a-restored-copy")
    assert drain_once(mailed.context, mailed.spool) == 0
    assert len(events(mailed)) == 3
    check_rollups(mailed)


class Died(Exception):
    """Stands for the death of the process at that place."""


def die(*_args: Any, **_values: Any) -> None:
    raise Died


@pytest.mark.parametrize(
    "where",
    [
        (drain, "store"),
        (drain.spool, "set_aside"),
        (drain.STORED, "inc"),
        (drain, "_let_go"),
        (Path, "unlink"),
    ],
    ids=["before storing", "before the commit", "after the commit", "before letting go", "while letting go"],
)
def test_a_crash_at_any_stage_stores_each_event_once(
    mailed: Audience, where: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mailed.write([mailed.line("click", each, 600 + n, l=1) for n, each in enumerate(mailed.recipients)])
    monkeypatch.setattr(*where, die)
    with pytest.raises(Died):
        drain_once(mailed.context, mailed.spool)
    monkeypatch.undo()
    drain_once(mailed.context, mailed.spool)
    drain_once(mailed.context, mailed.spool)
    assert len(events(mailed)) == 3
    check_rollups(mailed)
    assert not spool.files(mailed.spool)
    assert sum(args["events"] for args in jobs(mailed, "test")) == 0


def test_a_crash_in_the_middle_of_a_long_file(mailed: Audience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "CHUNK_BYTES", 600)
    mailed.write([mailed.line("open", mailed.recipients[0], 600 + n) for n in range(30)])
    real: Callable[..., Any] = drain.store
    rounds = iter(range(100))

    def fails_at_the_fourth(*args: Any) -> Any:
        if next(rounds) == 3:
            raise Died
        return real(*args)

    monkeypatch.setattr(drain, "store", fails_at_the_fourth)
    monkeypatch.setattr(drain._drain_chunk, "__defaults__", (600,))
    with pytest.raises(Died):
        drain_once(mailed.context, mailed.spool)
    assert 0 < len(events(mailed)) < 30
    drain_once(mailed.context, mailed.spool)
    assert len(events(mailed)) == 30
    check_rollups(mailed)


def test_a_file_still_written_is_read_but_not_deleted(mailed: Audience) -> None:
    writer = Spool(mailed.spool)
    line = json.dumps(mailed.line("open", mailed.recipients[0])).encode() + b"\n"
    writer.append(line)
    assert drain_once(mailed.context, mailed.spool) == 1
    (path,) = spool.files(mailed.spool)
    writer.append(json.dumps(mailed.line("open", mailed.recipients[1])).encode() + b"\n")
    assert drain_once(mailed.context, mailed.spool) == 1
    assert path.exists()
    writer.close()
    assert drain_once(mailed.context, mailed.spool) == 0
    assert not path.exists()


def test_bad_lines_are_set_aside_and_hold_up_nobody(mailed: Audience) -> None:
    good = mailed.line("open", mailed.recipients[0])
    bad: list[dict[str, Any] | bytes] = [
        b"not json\n",
        b"[]\n",
        b"\xff\xfe\n",
        {**good, "i": "x"},
        {**good, "i": uuid.uuid4().hex, "k": "teleported"},
        {**good, "i": uuid.uuid4().hex, "t": 1e300},
        mailed.line("open", uuid.uuid4()),
        mailed.line("open", mailed.recipients[0], v=uuid.uuid4().hex),
        mailed.line("visit", uuid.uuid4()),
        mailed.line("form", mailed.programme.page_id, f={"a": 1}),
        mailed.line("form", mailed.programme.page_id, f={"a": "\ud800"}),
    ]
    mailed.write([*bad[:5], good, *bad[5:], b'{"torn'])
    assert drain_once(mailed.context, mailed.spool) == 1
    aside = (mailed.spool / "rejected" / "a.rejected").read_bytes().splitlines()
    assert len(aside) == len(bad) + 1 and aside[-1] == b'{"torn'
    assert not spool.files(mailed.spool)


def test_a_later_use_of_the_page_redeems_an_early_click(mailed: Audience) -> None:
    person, page = mailed.recipients[0], mailed.programme.page_id
    mailed.write([mailed.line("click", person, 2, l=1)])
    drain_once(mailed.context, mailed.spool)
    assert [(e.kind, e.verdict) for e in events(mailed)] == [("clicked", "machine")]
    view = mailed.line("visit", page, 5, r=person.hex)
    mailed.write([view], "b")
    drain_once(mailed.context, mailed.spool)
    assert [(e.kind, e.verdict) for e in events(mailed)] == [("clicked", "machine"), ("visited", "unknown")]
    mailed.write([{**view, "g": "active", "t": view["t"] + 4000}], "c")
    assert drain_once(mailed.context, mailed.spool) == 0
    clicked, visited = events(mailed)
    assert (clicked.verdict, clicked.rule) == ("human", "led_to_page_use")
    assert (visited.verdict, visited.signs, visited.step_id) == ("human", "active", None)
    check_rollups(mailed)
    assert len(jobs(mailed, "none")) == 0


def test_a_settled_verdict_stays(mailed: Audience) -> None:
    person, page = mailed.recipients[0], mailed.programme.page_id
    mailed.write([mailed.line("click", person, 2, l=1)])
    drain_once(mailed.context, mailed.spool)
    with mailed.context.database.unit_of_work(Scope.system()) as session:
        session.scalars(select(EngagementEvent)).one().leaf_index = 0
    mailed.write([mailed.line("visit", page, 5, r=person.hex, g="active")], "b")
    drain_once(mailed.context, mailed.spool)
    assert [(e.kind, e.verdict) for e in events(mailed)] == [("clicked", "machine"), ("visited", "human")]
    check_rollups(mailed)


def test_a_gateways_burst_is_found_across_files(mailed: Audience) -> None:
    person = mailed.recipients[0]
    for number in range(1, 4):
        mailed.write([mailed.line("click", person, 600 + number, l=number)], f"f{number}")
        drain_once(mailed.context, mailed.spool)
    assert {(e.verdict, e.rule) for e in events(mailed)} == {("machine", "link_burst")}
    check_rollups(mailed)


def test_one_network_touching_many_people_at_once(mailed: Audience) -> None:
    """Five recipients needed: three are no crowd, and a private network never is."""
    mailed.write([mailed.line("click", each, 600, l=1) for each in mailed.recipients])
    drain_once(mailed.context, mailed.spool)
    assert {e.rule for e in events(mailed)} == {"no_machine_sign"}


FIELDS = {"name": "Zoë Weiß", "email": "Zoe@Kunde.example", "company": "Kunde AG", "phone": "+49 30 1234567"}


def test_a_form_becomes_a_submission_a_contact_and_consent(mailed: Audience) -> None:
    line = mailed.line(
        "form", mailed.programme.page_id, f=FIELDS, e=FIELDS["email"], c="You may write to me.", m="POST"
    )
    mailed.write([line, line])
    assert drain_once(mailed.context, mailed.spool) == 1
    with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
        row = session.scalars(select(Submission)).one()
        assert (
            row.id == uuid.UUID(hex=line["i"])
            and row.fields == FIELDS
            and row.email_key == "zoe@kunde.example"
        )
        contact = session.get_one(Contact, row.contact_id)
        assert (contact.email_key, contact.company, contact.consent) == (
            "zoe@kunde.example",
            "Kunde AG",
            "given",
        )
        consent = session.scalars(select(Consent)).one()
        assert (consent.basis, consent.wording) == ("form", "You may write to me.")
        assert consent.source == "http://127.0.0.1:8000/p/spring-north/en/"
        event = session.scalars(select(EngagementEvent)).one()
        assert (event.verdict, event.contact_id, event.kind) == ("human", contact.id, "submitted")
    assert jobs(mailed, "deals.make_lead") == [{"submission": str(row.id)}]
    check_rollups(mailed)


def test_spam_is_kept_and_told_nobody(mailed: Audience) -> None:
    mailed.write(
        [mailed.line("form", mailed.programme.page_id, f=FIELDS, e=FIELDS["email"], c="Yes.", g="trap fast")]
    )
    drain_once(mailed.context, mailed.spool)
    with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.scalars(select(Submission)).one().contact_id is None
        assert session.scalar(select(func.count()).select_from(Consent)) == 0
    assert [e.verdict for e in events(mailed)] == ["machine"]
    assert jobs(mailed, "deals.make_lead") == []


def test_a_form_without_consent_gives_none(mailed: Audience) -> None:
    mailed.write([mailed.line("form", mailed.programme.page_id, f=FIELDS, e=FIELDS["email"], c="")])
    drain_once(mailed.context, mailed.spool)
    with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
        assert (
            session.get_one(Contact, session.scalars(select(Submission.contact_id)).one()).consent == "none"
        )


def test_a_link_passed_on_to_another_campaign_names_nobody(mailed: Audience) -> None:
    mailed.write([mailed.line("visit", mailed.programme.page_id, r=uuid.uuid4().hex)])
    assert drain_once(mailed.context, mailed.spool) == 1
    assert events(mailed)[0].recipient_id is None


def test_erasing_a_person_empties_their_forms_spam_too(mailed: Audience) -> None:
    email = "person0@north.example"
    fields = {"name": "Person", "email": email}
    for name, signs in (("a", ""), ("b", "trap")):
        mailed.write(
            [mailed.line("form", mailed.programme.page_id, f=fields, e=email, c="Yes.", g=signs)], name
        )
        drain_once(mailed.context, mailed.spool)
    mailed.write([mailed.line("open", mailed.recipients[0])], "c")
    drain_once(mailed.context, mailed.spool)
    service.forget_contact(mailed.context, str(mailed.contacts[0]))
    with mailed.context.database.unit_of_work(Scope.system(), write=False) as session:
        rows = session.scalars(select(Submission)).all()
        assert [(row.fields, row.email_key, row.consent_wording) for row in rows] == [({}, "", "")] * 2
    assert {(event.agent, event.network) for event in events(mailed) if event.contact_id} == {("", "")}
    check_rollups(mailed)
