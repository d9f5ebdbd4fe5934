"""Moving to a newer kit version: what stays, what doesn't fit, what is lost; never after the launch."""

import io
import threading
import uuid
from typing import Any

import pytest
from PIL import Image

from tests.factories.campaigns import KIT, Stage
from tmpa.audiences import service as audiences
from tmpa.audiences.models import ContactList
from tmpa.campaigns import service, upgrades
from tmpa.campaigns.models import Campaign
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.models import AuditRow
from tmpa.kernel.scope import Scope, load
from tmpa.kits import service as kits
from tmpa.kits.models import KitVersion
from tmpa.kits.service import publish
from tmpa.kits.source import build_source, read_folder
from tmpa.partners.pictures import add_picture
from tmpa.sending import launch

FIRST = read_folder(KIT).manifest.version
NEWER = (
    ("max_length = 80\n", "max_length = 70\n"),
    ('  { value = "practice", label = "Medical practices" },\n', ""),
    ('name = "contact_name"', 'name = "signature"'),
    ('label = "Who signs"', 'label = "Who signs it"'),
    ("required = false\nmax_length = 60", "required = true\nmax_length = 60"),
    (', "ja", ', ", "),
    ('default = "At', 'default = "Once, at'),
)
TYPED: dict[str, Any] = {
    "en": {
        "headline": "A backup that somebody has tested, last night and also the night before.",
        "contact_name": "Kim Beispiel",
    },
    "de": {"offer": "<p>Zwanzig Minuten</p>"},
    "*": {"audience": "practice", "about_link": "https://nordlicht-it.example/backup"},
}


def newer(on: Stage, *changes: tuple[str, str], number: str = "2.0.0") -> uuid.UUID:
    """Publish the kit's next version with these replacements in its manifest."""
    source = read_folder(KIT)
    files = dict(source.files)
    text = files["kit.toml"].decode()
    for old, new in (*changes, (f'version = "{FIRST}"', f'version = "{number}"')):
        assert old in text, old
        text = text.replace(old, new)
    if 'name = "signature"' in text:  # the templates follow the manifest
        files = {path: data.replace(b"contact_name", b"signature") for path, data in files.items()}
    files["kit.toml"] = text.encode()
    with on.services.database.unit_of_work(on.vendor.scope) as session:
        return publish(session, on.services.store, build_source(files), findings=[]).id


def draft(on: Stage) -> str:
    """A campaign of the first version with values in every kind of place."""
    reference = on.campaign()
    with on.services.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        source = kits.load_source(on.services.store, campaign.kit_version)
        service.save(session, campaign, TYPED, ["en", "de", "ja"], source=source)
    return reference


def do_move(on: Stage, reference: str, target_id: uuid.UUID, seen: str | None = None) -> None:
    with on.services.database.unit_of_work(on.partner.scope) as session:
        campaign, target = load(session, Campaign, reference), session.get_one(KitVersion, target_id)
        shown = seen if seen is not None else upgrades.state_seen(campaign, target)
        upgrades.move(session, on.services.store, on.services.settings, campaign, target, shown)


def test_the_review_names_what_becomes_of_each_value(on: Stage) -> None:
    reference, target = draft(on), newer(on, *NEWER)
    with on.services.database.unit_of_work(on.partner.scope, write=False) as session:
        campaign = load(session, Campaign, reference)
        offered = upgrades.offer(session, campaign)
        assert offered is not None and offered.id == target
        found = upgrades.review(session, on.services.store, on.services.settings, campaign, offered)
    said = {(each.name, each.locale): (each.outcome, each.value) for each in found.slots}
    assert said["headline", "en"] == ("unfit", TYPED["en"]["headline"])
    assert said["audience", ""] == ("unfit", "practice")
    assert said["signature", "en"] == said["signature", "de"] == ("missing", None)
    assert said["contact_name", "en"] == ("gone", "Kim Beispiel")
    assert said["offer", "de"] == ("kept", "<p>Zwanzig Minuten</p>")
    assert said["about_link", ""] == ("kept", "https://nordlicht-it.example/backup")
    assert said["headline", "de"][0] == "text"
    assert found.locales == ("en", "de") and found.lost_locales == ("ja",)
    assert found.slots[0].outcome == "unfit" and found.to_mend == 4
    sentences = {each.name: each.sentence for each in found.slots if each.outcome == "unfit"}
    assert "70" in sentences["headline"] and "Choose one of the listed values." in sentences["audience"]
    assert any(change.section == "slots" for change in found.changes)


def test_a_move_keeps_values_and_can_be_undone(on: Stage) -> None:
    reference, target = draft(on), newer(on, *NEWER)
    do_move(on, reference, target)
    moved = on.load(reference)
    assert moved.kit_version.version == "2.0.0" and moved.locales == ["en", "de"]
    assert moved.slots == {
        "en": {"headline": TYPED["en"]["headline"]},
        "de": TYPED["de"],
        "*": TYPED["*"],
    }
    assert {"headline", "audience", "signature"} <= set(moved.slot_errors["en"])
    assert [step.name for step in moved.steps] == ["announcement", "reminder"]
    with on.services.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        source = kits.load_source(on.services.store, campaign.kit_version)
        service.save(session, campaign, {"en": {"headline": "Short", "signature": "Sam"}}, source=source)
    with on.services.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        assert upgrades.move_back(session, on.services.store, on.services.settings, campaign).version == FIRST
        assert upgrades.previous(session, campaign) is None
        with pytest.raises(Refused, match="no version"):
            upgrades.move_back(session, on.services.store, on.services.settings, campaign)
    back = on.load(reference)
    assert back.locales == ["en", "de", "ja"]
    assert back.slots["en"] == {
        "headline": "Short",
        "contact_name": "Kim Beispiel",
    }  # typed since, and lost before
    do_move(on, reference, target)
    assert on.load(reference).slots["en"] == {"headline": "Short", "signature": "Sam"}
    with on.services.database.unit_of_work(Scope.system(), write=False) as session:
        actions = [row.action for row in session.query(AuditRow) if row.action.startswith("campaign.moved")]
    assert actions == ["campaign.moved", "campaign.moved_back", "campaign.moved"]


@pytest.mark.backends("sqlite")
def test_a_stale_page_a_strange_kit_and_a_withdrawn_version_move_nothing(on: Stage) -> None:
    reference, target = draft(on), newer(on, *NEWER)
    with on.services.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        seen = upgrades.state_seen(campaign, session.get_one(KitVersion, target))
        service.save(session, campaign, {"en": {"headline": "Typed meanwhile"}})
    with pytest.raises(Refused) as stale:
        do_move(on, reference, target, seen)
    assert stale.value.code == "stale"
    strange = newer(on, ('name = "calm-backup"', 'name = "another"'))
    with pytest.raises(NotFound):
        do_move(on, reference, strange)
    with on.services.database.unit_of_work(on.vendor.scope) as session:
        kits.withdraw(session, session.get_one(KitVersion, target), "A wrong price.")
    with pytest.raises(Refused, match="withdrawn"):
        do_move(on, reference, target)
    assert on.load(reference).kit_version.version == FIRST


@pytest.mark.backends("sqlite")
def test_who_may_not_use_the_newer_version_is_not_offered_it(on: Stage) -> None:
    reference = draft(on)
    newer(on, ("accent = ", 'tiers = ["Gold"]\naccent = '))
    with on.services.database.unit_of_work(on.partner.scope, write=False) as session:
        assert upgrades.offer(session, load(session, Campaign, reference)) is None
    last = newer(on, number="2.1.0")
    with on.services.database.unit_of_work(on.partner.scope, write=False) as session:
        offered = upgrades.offer(session, load(session, Campaign, reference))
        assert offered is not None and offered.id == last


@pytest.mark.backends("sqlite")
def test_a_withdrawn_version_says_so_and_offers_what_is_left(on: Stage) -> None:
    newest = newer(on, *NEWER)
    with on.services.database.unit_of_work(on.partner.scope) as session:
        reference = service.create(session, session.get_one(KitVersion, newest)).public_id
    with on.services.database.unit_of_work(on.vendor.scope) as session:
        kits.withdraw(session, session.get_one(KitVersion, newest), "A wrong price.")
    with on.services.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        assert "withdrawn" in service.readiness(session, campaign)[0].message
        offered = upgrades.offer(session, campaign)
        assert offered is not None and offered.version == FIRST


@pytest.mark.parametrize("state", ["launching", "running", "paused", "done", "cancelled"])
@pytest.mark.backends("sqlite")
def test_what_was_launched_stays_on_its_version(on: Stage, state: str) -> None:
    reference, target = draft(on), newer(on, *NEWER)
    with on.services.database.unit_of_work(Scope.system()) as session:
        load(session, Campaign, reference).state = state
    with pytest.raises(Refused) as refused:
        do_move(on, reference, target)
    assert refused.value.code == "launched"
    assert on.load(reference).kit_version.version == FIRST


@pytest.mark.backends("sqlite")
def test_a_save_for_the_old_version_does_not_overwrite_a_moved_campaign(on: Stage) -> None:
    reference = draft(on)
    source = kits.load_source(on.services.store, on.load(reference).kit_version)
    do_move(on, reference, newer(on, *NEWER))
    with on.services.database.unit_of_work(on.partner.scope) as session, pytest.raises(Refused) as refused:
        service.hold(session, load(session, Campaign, reference), source)
    assert refused.value.code == "moved"


@pytest.mark.backends("postgresql")
@pytest.mark.parametrize("first", ["launch", "move"])
def test_of_a_launch_and_a_move_at_once_one_comes_second(on: Stage, first: str) -> None:
    """The second waits for the first's row lock, then sees what it did: never a launch of half-moved steps."""
    reference = on.campaign()
    target = newer(on, ('step = "reminder"', 'step = "again"'))
    database = on.services.database
    with database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        seen = upgrades.state_seen(campaign, session.get_one(KitVersion, target))
        audiences.set_campaign_lists(session, campaign, [session.get_one(ContactList, on.list_id)])
    is_holding = threading.Event()
    outcomes: dict[str, str] = {}

    def act(name: str, hold: bool) -> None:
        try:
            with database.unit_of_work(on.partner.scope) as session:
                campaign = load(session, Campaign, reference)
                assert campaign.steps and campaign.kit_version  # read before the other's change
                if not hold:
                    read.set()
                    assert is_holding.wait(10)
                if name == "launch":
                    launch.launch(session, campaign)
                else:
                    upgrades.move(
                        session,
                        on.services.store,
                        on.services.settings,
                        campaign,
                        session.get_one(KitVersion, target),
                        seen,
                    )
                session.flush()
                if hold:
                    is_holding.set()
                    second.join(0.3)  # it waits for the row
            outcomes[name] = "done"
        except Refused as refusal:
            outcomes[name] = str(refusal.code)

    read = threading.Event()
    other = "move" if first == "launch" else "launch"
    second = threading.Thread(target=act, args=(other, False))
    second.start()
    assert read.wait(10)
    act(first, True)
    second.join(20)
    after = on.load(reference)
    steps = [step.name for step in after.steps]
    if first == "launch":
        assert outcomes == {"launch": "done", "move": "launched"}
        assert (after.kit_version.version, steps[-1]) == (FIRST, "reminder")
    else:
        assert outcomes == {"move": "done", "launch": "done"}
        assert (after.kit_version.version, steps[-1]) == ("2.0.0", "again")
    assert after.state == "launching"


@pytest.mark.backends("sqlite")
def test_a_picture_is_cut_for_the_new_version_or_named_as_too_small(on: Stage) -> None:
    slot = '[[slots]]\nname = "photo"\nkind = "image"\nlabel = "Photo"\n{}\n[[pieces]]\nname = "announcement"'
    plain = '[[pieces]]\nname = "announcement"'
    versions = [
        newer(on, (plain, slot.format(rule)), number=number)
        for number, rule in (
            ("7.0.0", 'ratio = "1:1"'),
            ("7.1.0", 'ratio = "2:1"'),
            ("7.2.0", "min_width = 4000"),
        )
    ]
    services = on.services
    data = io.BytesIO()
    Image.new("RGB", (600, 400), "#1d4f91").save(data, "PNG")
    with services.database.unit_of_work(on.partner.scope) as session:
        picture = add_picture(
            session, services.store, on.partner.organization_id, data.getvalue(), "blue.png"
        )
        campaign = service.create(session, session.get_one(KitVersion, versions[0]))
        campaign.slots = {"*": {"photo": {"picture": picture.public_id, "alt": {"en": "Blue"}}}}
        reference = campaign.public_id
    do_move(on, reference, versions[1])
    value = on.load(reference).slots["*"]["photo"]
    assert value["picture"] == picture.public_id and value["url"] and "2:1" in str(value["crop"])
    with services.database.unit_of_work(on.partner.scope, write=False) as session:
        campaign, target = load(session, Campaign, reference), session.get_one(KitVersion, versions[2])
        found = upgrades.review(session, services.store, services.settings, campaign, target)
    (photo,) = [each for each in found.slots if each.name == "photo"]
    assert (photo.outcome, photo.text) == ("unfit", "Blue") and "4000" in photo.sentence
