"""Campaigns before launch: what they begin with, what is missing, what may change."""

from datetime import timedelta

import pytest

from tests.factories.campaigns import Stage
from tmpa.campaigns import queries, service
from tmpa.campaigns.models import Campaign
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotAllowed, NotFound, Refused
from tmpa.kernel.models import AuditRow
from tmpa.kernel.scope import Scope, load
from tmpa.kits.models import KitVersion
from tmpa.partners import service as partners
from tmpa.partners.models import Partnership


def test_a_campaign_is_pinned_belongs_to_both_and_is_audited(on: Stage) -> None:
    reference = on.campaign()
    with on.services.database.unit_of_work(on.vendor.scope, write=False) as session:
        campaign = load(session, Campaign, reference)
        assert campaign.kit_version_id == on.version_id and campaign.partner_id == on.partner.organization_id
    with on.services.database.unit_of_work(on.rival.scope, write=False) as session, pytest.raises(NotFound):
        load(session, Campaign, reference)
    with on.services.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.query(AuditRow).filter(AuditRow.action == "campaign.created").count() == 1


def test_only_a_partner_begins_one(on: Stage) -> None:
    for scope in (on.vendor.scope, Scope.system()):
        with on.services.database.unit_of_work(scope) as session, pytest.raises(NotAllowed):
            service.create(session, session.get_one(KitVersion, on.version_id))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"state": "withdrawn"}, "withdrawn"),
        ({"state": "expired"}, "expired"),
        ({"valid_until": (utcnow() - timedelta(days=1)).date()}, "expired"),
        ({"valid_from": (utcnow() + timedelta(days=9)).date()}, "can be used from"),
    ],
)
def test_a_kit_out_of_its_time_begins_nothing_and_stops_a_launch(
    on: Stage, values: dict[str, object], word: str
) -> None:
    reference = on.campaign()
    with on.services.database.unit_of_work(Scope.system()) as session:
        version = session.get_one(KitVersion, on.version_id)
        for name, value in values.items():
            setattr(version, name, value)
    with on.services.database.unit_of_work(on.partner.scope) as session:
        with pytest.raises(Refused, match=word):
            service.create(session, session.get_one(KitVersion, on.version_id))
        problems = service.readiness(session, load(session, Campaign, reference))
    assert [problem.part for problem in problems] == ["kit"] and word in problems[0].message


def test_a_suspended_partner_begins_nothing(on: Stage) -> None:
    with on.services.database.unit_of_work(on.vendor.scope) as session:
        row = session.query(Partnership).filter(Partnership.partner_id == on.partner.organization_id).one()
        partners.set_status(session, row, "suspended", "Unpaid invoices")
    with pytest.raises(Refused, match="paused your place"):
        on.campaign()


def test_addresses_differ_and_cannot_be_guessed(on: Stage) -> None:
    slugs = {on.load(on.campaign()).slug for _each in range(20)}
    assert len(slugs) == 20 and all(len(slug.rsplit("-", 1)[1]) == 10 for slug in slugs)


def test_problems_name_field_and_place(on: Stage) -> None:
    reference = on.campaign()
    with on.services.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        campaign.brand.sender_email = ""  # type: ignore[union-attr]
        campaign.slot_errors = {"en": {"headline": "Too long."}, "de": {"headline": "Not used."}}
        problems = service.readiness(session, campaign)
    assert [(problem.part, problem.field) for problem in problems] == [
        ("brand", "sender_email"),
        ("pieces", "slot-en-headline"),
    ]
    assert problems[1].message == "Headline (English): Too long."


def test_a_launched_campaign_does_not_change(on: Stage) -> None:
    reference = on.campaign()
    with on.services.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        campaign.state = "running"
        for change in (
            lambda: service.save(session, campaign, name="New"),
            lambda: service.set_time(session, campaign, None),
            lambda: service.discard(session, campaign),
        ):
            with pytest.raises(Refused):
                change()


def test_a_copy_leaves_behind_what_the_newer_version_lacks(on: Stage) -> None:
    reference = on.campaign()
    with on.services.database.unit_of_work(Scope.system()) as session:
        old = session.get_one(KitVersion, on.version_id)
        manifest = {**old.manifest, "slots": old.manifest["slots"][:1], "locales": ["en"]}
        session.add(
            KitVersion(
                vendor_id=old.vendor_id, kit_id=old.kit_id, version="1.2.0", content_hash="f" * 64,
                manifest=manifest, findings=[],
            )
        )  # fmt: skip
    with on.services.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        service.save(session, campaign, {"en": {"headline": "Kept", "contact_name": "Gone"}}, ["en", "de"])
        copy = service.duplicate(session, campaign)
        assert copy.kit_version.version == "1.2.0"
        assert copy.slots == {"en": {"headline": "Kept"}} and copy.locales == ["en"]
        assert campaign.kit_version.version == "1.1.0"  # moving is never silent


def test_activity_is_counted_by_partner(on: Stage) -> None:
    on.campaign()
    reference = on.campaign()
    with on.services.database.unit_of_work(Scope.system()) as session:
        load(session, Campaign, reference).state = "running"
    with on.services.database.unit_of_work(on.vendor.scope, write=False) as session:
        found = queries.activity_by_partner(session)
    activity = found[on.partner.organization_id]
    assert (activity.launched, activity.running, activity.drafts) == (1, 1, 1)
    assert on.rival.organization_id not in found
