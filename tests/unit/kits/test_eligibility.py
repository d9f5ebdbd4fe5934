"""Who may use a kit: tiers, territories, certifications, against a partner's place."""

import uuid
from typing import Any

import pytest

from tests.factories.campaigns import KIT, Stage, stage
from tmpa.app import open_services
from tmpa.campaigns import service as campaigns
from tmpa.campaigns.models import Campaign
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import use_locale
from tmpa.kernel.scope import Scope, load
from tmpa.kits import eligibility
from tmpa.kits.models import KitVersion
from tmpa.kits.service import publish
from tmpa.kits.source import build_source, read_folder
from tmpa.partners.models import Partnership
from tmpa.settings import Settings

GOLD: dict[str, Any] = {"tiers": ["Gold", "Platinum"]}


def place(tier: str = "", territory: str = "", certifications: tuple[str, ...] = ()) -> Partnership:
    return Partnership(tier=tier, territory=territory, certifications=list(certifications))


@pytest.mark.parametrize(
    ("manifest", "where", "says"),
    [
        ({}, place(), ""),
        ({"tiers": [], "territories": [], "certifications": []}, None, ""),
        (GOLD, place("gold"), ""),
        (GOLD, place(" Platinum "), ""),
        (GOLD, place("Silver"), "For Gold or Platinum partners."),
        (GOLD, place(), "For Gold or Platinum partners."),
        (GOLD, None, "For Gold or Platinum partners."),
        ({"territories": ["DACH"]}, place(territory="dach"), ""),
        ({"territories": ["DACH"]}, place("Gold", "Nordics"), "For partners in DACH."),
        ({"certifications": ["Backup"]}, place(certifications=("BACKUP", "Cloud")), ""),
        (
            {"certifications": ["Backup", "Cloud"]},
            place(certifications=("Backup",)),
            "For partners with the certifications Backup and Cloud.",
        ),
        (
            {**GOLD, "territories": ["DACH"]},
            place("Silver", "Nordics"),
            "For Gold or Platinum partners. For partners in DACH.",
        ),
    ],
)
def test_the_reason_names_what_is_asked_for(
    manifest: dict[str, Any], where: Partnership | None, says: str
) -> None:
    with use_locale("en"):
        assert eligibility.obstacle(manifest, where) == says


@pytest.mark.backends("sqlite")
def test_the_server_holds_the_rule_from_the_start_to_the_launch(settings: Settings) -> None:
    services = open_services(settings)
    on = stage(services)
    files = dict(read_folder(KIT).files)
    first = f'version = "{read_folder(KIT).manifest.version}"'.encode()
    files["kit.toml"] = files["kit.toml"].replace(first, b'version = "9.0.0"\ntiers = ["Gold"]')
    with services.database.unit_of_work(on.vendor.scope) as session:
        version_id = publish(session, services.store, build_source(files), findings=[]).id

    def begin() -> str:
        with services.database.unit_of_work(on.partner.scope) as session:
            return campaigns.create(session, session.get_one(KitVersion, version_id)).public_id

    with pytest.raises(Refused, match="This kit is not for you: For Gold partners"):
        begin()
    set_tier(on, "Gold")
    reference = begin()
    set_tier(on, "Silver")
    with services.database.unit_of_work(on.partner.scope) as session:
        problems = campaigns.readiness(session, load(session, Campaign, reference))
    assert [(problem.part, problem.message) for problem in problems] == [
        ("kit", "This kit is not for you: For Gold partners.")
    ]
    with services.database.unit_of_work(on.vendor.scope, write=False) as session:
        reach = eligibility.reach(session, on.vendor.organization_id, {"tiers": ["Silver"]})
    assert [row.partner.name for row in reach.partners] == ["Nordlicht north"]
    assert [(row.partner.name, reason) for row, reason in reach.others] == [
        ("Rival north", "For Silver partners.")
    ]


def set_tier(on: Stage, tier: str) -> uuid.UUID:
    with on.services.database.unit_of_work(Scope.system()) as session:
        row = session.query(Partnership).filter(Partnership.partner_id == on.partner.organization_id).one()
        row.tier = tier
        return row.id
