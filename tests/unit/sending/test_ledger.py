"""The frozen audience: everybody once, each with the right state, reason and language, on both databases."""

import uuid
from datetime import timedelta

from sqlalchemy import update

from tests.factories.accounts import organization
from tests.factories.sending import SYSTEM, SendingWorld
from tmpa.audiences.models import CampaignList, ContactList, ListMember
from tmpa.campaigns.models import CampaignStep
from tmpa.engagement.models import FirstSeen
from tmpa.kernel.clock import utcnow
from tmpa.sending import launch, ledger, queries
from tmpa.sending.models import Recipient


def snapshot(world: SendingWorld, step: int = 0) -> int:
    with world.database.unit_of_work(SYSTEM) as session:
        return ledger.snapshot(session, session.get_one(CampaignStep, world.steps[step]))


def lease(world: SendingWorld, limit: int = 100, seconds: int = 60) -> tuple[uuid.UUID, list[ledger.Held]]:
    with world.database.unit_of_work(SYSTEM) as session:
        return ledger.lease(session, session.get_one(CampaignStep, world.steps[0]), limit, seconds)


def mark(world: SendingWorld, lease_id: uuid.UUID, ids: list[uuid.UUID], seconds: int = 60) -> set[uuid.UUID]:
    with world.database.unit_of_work(SYSTEM) as session:
        step = session.get_one(CampaignStep, world.steps[0])
        return ledger.mark_in_flight(session, step, lease_id, ids, seconds, "tmpa.example")


def test_every_skip_reason(world: SendingWorld) -> None:
    world.people(
        ["good@a.example", "partner@a.example", "vendor@a.example", "all@a.example", "other@a.example"]
    )
    world.people(["silent@a.example"], consent="none")
    world.people(["left@a.example"], consent="withdrawn")
    world.people(["no-dot@a", "two@@a.example"])
    world.suppress("partner@a.example", world.partner_id)
    world.suppress("vendor@a.example", world.vendor_id)
    world.suppress("all@a.example", None)
    world.suppress("other@a.example", _stranger(world))
    with world.database.unit_of_work(world.partner.scope, write=False) as session:
        figures = launch.forecast(session, world.campaign())
    assert snapshot(world) == 9
    found = {email: (row.state, row.reason) for email, row in world.recipients().items()}
    assert found == {
        "good@a.example": ("planned", ""),
        "other@a.example": ("planned", ""),
        "partner@a.example": ("skipped", "suppressed"),
        "vendor@a.example": ("skipped", "suppressed"),
        "all@a.example": ("skipped", "suppressed"),
        "silent@a.example": ("skipped", "no_consent"),
        "left@a.example": ("skipped", "no_consent"),
        "no-dot@a": ("skipped", "invalid"),
        "two@@a.example": ("skipped", "invalid"),
    }
    assert figures.to_send == 2 and figures.skipped == {"suppressed": 3, "no_consent": 2, "invalid": 2}
    assert figures.by_locale == {"en": 2} and figures.total == 9
    assert figures.sentence() == (
        "Send to 2 people; 7 are skipped: 3 suppressed, 2 without consent, 2 with an unusable address."
    )


def _stranger(world: SendingWorld) -> uuid.UUID:
    return organization(world.database, "partner", "Elsewhere")


def test_ids_are_uuid7_and_differ(world: SendingWorld) -> None:
    world.people([f"p{n}@a.example" for n in range(200)])
    snapshot(world)
    ids = [row.id for row in world.recipients().values()]
    assert len(set(ids)) == 200
    assert {each.version for each in ids} == {7} and {each.variant for each in ids} == {uuid.RFC_4122}
    now = int(utcnow().timestamp() * 1000)
    assert all(abs((each.int >> 80) - now) < 60_000 for each in ids)


def test_the_language_follows_the_contact(world: SendingWorld) -> None:
    for email, tag in (
        ("a", "de"),
        ("b", "de-AT"),
        ("c", "de_CH"),
        ("d", "EN-gb"),
        ("e", "fr"),
        ("f", ""),
        ("g", "den"),
    ):
        world.people([f"{email}@a.example"], locale=tag)
    snapshot(world)
    assert {email[0]: row.locale for email, row in world.recipients().items()} == {
        "a": "de", "b": "de", "c": "de", "d": "en", "e": "en", "f": "en", "g": "en",
    }  # fmt: skip


def test_twice_adds_nobody_and_newcomers_come_too_late(world: SendingWorld) -> None:
    world.people(["a@a.example"])
    assert snapshot(world) == 1
    assert snapshot(world) == 0
    assert len(world.recipients()) == 1


def test_somebody_on_two_lists_gets_one(world: SendingWorld) -> None:
    (contact,) = world.people(["a@a.example"])
    with world.database.unit_of_work(SYSTEM) as session:
        second = ContactList(partner_id=world.partner_id, name="More")
        session.add(second)
        session.flush()
        session.add(ListMember(partner_id=world.partner_id, list_id=second.id, contact_id=contact))
        session.add(
            CampaignList(
                vendor_id=world.vendor_id,
                partner_id=world.partner_id,
                campaign_id=world.campaign_id,
                list_id=second.id,
            )
        )
    assert snapshot(world) == 1


def test_a_reminder_goes_to_the_frozen_people_who_did_not_click(world: SendingWorld) -> None:
    clicked, scanned, _idle = world.people(["clicked@a.example", "scanned@a.example", "idle@a.example"])
    snapshot(world)
    world.people(["late@a.example"])
    world.suppress("idle@a.example", world.partner_id)
    with world.database.unit_of_work(SYSTEM) as session:
        for contact, verdict in ((clicked, "human"), (scanned, "machine")):
            session.add(
                FirstSeen(
                    vendor_id=world.vendor_id,
                    partner_id=world.partner_id,
                    campaign_id=world.campaign_id,
                    contact_id=contact,
                    kind="clicked",
                    verdict=verdict,
                    occurred_at=utcnow(),
                )
            )
    assert snapshot(world, 1) == 3
    assert {email: (row.state, row.reason) for email, row in world.recipients(1).items()} == {
        "clicked@a.example": ("skipped", "condition"),
        "scanned@a.example": ("planned", ""),
        "idle@a.example": ("skipped", "suppressed"),
    }


def test_leases_do_not_overlap_and_carry_names(world: SendingWorld) -> None:
    world.people([f"p{n}@a.example" for n in range(10)], first_name="Ada", company="Kontor")
    snapshot(world)
    world.set_state("running")
    first, second = lease(world, 6), lease(world, 6)
    assert len(first[1]) == 6 and len(second[1]) == 4
    assert not {each.id for each in first[1]} & {each.id for each in second[1]}
    assert first[1][0].first_name == "Ada" and first[1][0].company == "Kontor" and first[1][0].last_name == ""
    assert lease(world)[1] == []


def test_only_own_unexpired_rows_of_a_running_campaign_take_off(world: SendingWorld) -> None:
    world.people([f"p{n}@a.example" for n in range(4)])
    snapshot(world)
    world.set_state("running")
    mine, held = lease(world)
    ids = [each.id for each in held]
    assert mark(world, uuid.uuid4(), ids) == set()
    world.set_state("paused")
    assert mark(world, mine, ids) == set()
    world.set_state("running")
    assert mark(world, mine, ids[:2]) == set(ids[:2])
    assert mark(world, mine, ids[:2]) == set()  # once
    row = next(row for row in world.recipients().values() if row.id == ids[0])
    assert row.message_id == f"{ids[0].hex}@tmpa.example" and row.attempt == 1


def test_the_reaper(world: SendingWorld) -> None:
    world.people([f"p{n}@a.example" for n in range(4)])
    snapshot(world)
    world.set_state("running")
    mine, held = lease(world)
    flying, still = [each.id for each in held[:2]], [each.id for each in held[2:]]
    mark(world, mine, flying)
    assert _reap(world) == (0, 0)
    _expire(world)
    assert _reap(world) == (2, 2)
    assert world.states() == {"uncertain": 2, "planned": 2}
    # the slow worker comes back: what it knows counts, what it only held is not its own any more
    with world.database.unit_of_work(SYSTEM) as session:
        step = session.get_one(CampaignStep, world.steps[0])
        done = [ledger.Result(each, "handed_over", 1, handed_over_at=utcnow()) for each in flying]
        ledger.record(session, step, mine, done)
    assert mark(world, mine, still) == set()
    assert world.states() == {"handed_over": 2, "planned": 2}


def test_the_reaper_ends_what_was_cancelled(world: SendingWorld) -> None:
    world.people(["a@a.example"])
    snapshot(world)
    world.set_state("running")
    lease(world)
    world.set_state("cancelled")
    _expire(world)
    assert _reap(world) == (0, 1)
    assert {(row.state, row.reason) for row in world.recipients().values()} == {("skipped", "cancelled")}


def _expire(world: SendingWorld) -> None:
    with world.database.unit_of_work(SYSTEM) as session:
        session.execute(update(Recipient).values(lease_until=utcnow() - timedelta(seconds=1)))


def _reap(world: SendingWorld) -> tuple[int, int]:
    with world.database.unit_of_work(SYSTEM) as session:
        return ledger.reap(session)


def test_refusals_wait_their_time(world: SendingWorld) -> None:
    world.people(["a@a.example"])
    snapshot(world)
    world.set_state("running")
    mine, held = lease(world)
    mark(world, mine, [held[0].id])
    with world.database.unit_of_work(SYSTEM) as session:
        step = session.get_one(CampaignStep, world.steps[0])
        later = utcnow() + timedelta(seconds=60)
        ledger.record(
            session,
            step,
            mine,
            [ledger.Result(held[0].id, "deferred", 1, "asked_to_wait", "450 later", later)],
        )
    assert lease(world)[1] == []
    with world.database.unit_of_work(SYSTEM) as session:
        session.execute(update(Recipient).values(not_before=utcnow() - timedelta(seconds=1)))
    assert [each.attempt for each in lease(world)[1]] == [1]


def test_an_erased_person_leaves_the_ledger(world: SendingWorld) -> None:
    contact, _other = world.people(["gone@a.example", "stays@a.example"])
    snapshot(world)
    with world.database.unit_of_work(SYSTEM) as session:
        ledger.forget_contact(session, contact)
    rows = world.recipients()
    assert set(rows) == {"", "stays@a.example"}
    assert (rows[""].state, rows[""].reason) == ("skipped", "erased")


def test_the_condition_reads_a_table_that_exists() -> None:
    named = queries._first_seen
    assert named.name == FirstSeen.__tablename__
    assert set(named.columns.keys()) <= set(FirstSeen.__table__.columns.keys())
