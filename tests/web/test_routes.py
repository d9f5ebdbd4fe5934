"""Every address of the portal, as everybody: who isn't signed in, each role, and strangers (invariant 6).

The routes are read from the app, so new ones are walked without being named here. A parameter that isn't known yet
fails the tests: say in PARAMETERS which row of tests/factories/world.py (or which text) it stands for.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.routing.converters import AnyConverter

from tests.factories.accounts import PASSWORD, member, organization, partnership
from tests.factories.world import World, make_world
from tests.web.conftest import Browser, SignIn
from tmpa.accounts import passwords
from tmpa.accounts.models import Membership, User
from tmpa.accounts.models import SignIn as SignInRow
from tmpa.audiences.models import Contact, ContactImport, ContactList
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.deals.models import DealRegistration, Lead
from tmpa.kernel.http import PUBLIC, SIGNED_IN, Services
from tmpa.kernel.models import Job
from tmpa.kernel.permissions import GRANTS, Permission, Role
from tmpa.kernel.scope import Scope
from tmpa.kits.models import Kit, KitDraft, KitVersion
from tmpa.kits.service import publish
from tmpa.kits.source import read_folder
from tmpa.mdf.models import Claim, ClaimLine, Fund, FundRequest
from tmpa.models import Base
from tmpa.partners.models import BrandProfile, Partnership, Picture

pytestmark = pytest.mark.backends("sqlite")

KIT = Path(__file__).resolve().parents[2] / "campaigns" / "calm-backup"

# What stands for a parameter: a class of which the world has a row, or a text.
PARAMETERS: dict[str, Any] = {
    "brand": BrandProfile,
    "campaign": Campaign,
    "campaign_id": Campaign,
    "claim_id": Claim,
    "contact_id": Contact,
    "deal_id": DealRegistration,
    "draft": KitDraft,
    "fund_id": Fund,
    "import_id": ContactImport,
    "job_id": Job,
    "kit": Kit,
    "lead_id": Lead,
    "line_id": ClaimLine,
    "list_id": ContactList,
    "member_id": Membership,
    "partnership": Partnership,
    "piece_id": CampaignPiece,
    "picture": Picture,
    "request_id": FundRequest,
    "user_id": User,
    "version": KitVersion,
    "which": "wide-light",
    "key": "imports/none.csv",
    "locale": "en",
    "name": "none.png",
    "piece": "announcement",
    "slot": "none",
    "slug": "none",
    "token": "x" * 70,
}

# Rows of a bare world that lack what the page shows: a 404 to their owner is right.
NOTHING_THERE = {
    "campaigns.document",
    "campaigns.everything",
    "campaigns.piece_file",
    "mdf.dossier_file",
    "mdf.invoice",
    "mdf.piece",
    "partners.brand_logo",
    "partners.brand_swatch",
    "pictures.thumbnail",
}


@dataclass
class Town:
    """Three programmes' worth of people: mine, strangers, a rival in my programme, the operator."""

    app: Flask
    services: Services
    mine: World
    theirs: World
    sign_in: SignIn
    addresses: dict[str, str]

    def browser(self, who: str) -> "Walker":
        """Somebody, signed in."""
        return Walker(self.sign_in(self.addresses[who]))


class Walker:
    """A browser that fetched its token once."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.csrf = browser.token("/people")

    def go(self, method: str, path: str) -> Any:
        """The answer to a request with nothing but a token."""
        if method == "GET":
            return self.browser.get(path)
        return self.browser.client.open(path, method=method, data={"csrf_token": self.csrf})


@pytest.fixture
def town(app: Flask, services: Services, sign_in: SignIn) -> Town:
    database, settings = services.database, services.settings
    maker = organization(database, "vendor", "Maker of the kit")
    author = member(database, settings, maker, Role.VENDOR_ADMIN, "author@maker.example")
    with database.unit_of_work(author.scope) as session:
        version = publish(session, services.store, read_folder(KIT), findings=[])
    hashed = passwords.hash_password(settings, PASSWORD)
    with database.unit_of_work(Scope.system()) as session:
        mine, theirs = (make_world(session, name, hashed, version) for name in ("mine", "theirs"))
    services.store.put(mine[ContactImport].report_key, b"row,value,reason\n", "text/csv")
    rival = organization(database, "partner", "Rival")
    partnership(database, mine.vendor_id, rival)
    member(database, settings, rival, Role.PARTNER_ADMIN, "rival@rival.example", (mine.vendor_id,))
    operators = organization(database, "operator", "Operator")
    member(database, settings, operators, Role.OPERATOR, "operator@operator.example")
    addresses = {
        "operator": "operator@operator.example",
        "rival partner": "rival@rival.example",
        "strange vendor": "vendor@theirs.example",
        "strange partner": "partner@theirs.example",
    }
    for role in Role:
        if role is Role.OPERATOR:
            addresses[role] = addresses["operator"]
            continue
        where = mine.vendor_id if role in (Role.VENDOR_ADMIN, Role.VENDOR_MARKETER, Role.TRANSLATOR, Role.MDF_APPROVER, Role.MDF_PAYER) else mine.partner_id  # fmt: skip  # noqa: E501
        addresses[role] = member(database, settings, where, role, f"{role}@mine.example").email
    return Town(app, services, mine, theirs, sign_in, addresses)


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def permission_of(app: Flask, rule: Rule) -> Any:
    return getattr(app.view_functions[rule.endpoint], "tmpa_permission", None)


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


def paths(app: Flask, rule: Rule, pick: Callable[[str], World]) -> Iterator[str]:
    """The rule's addresses; `pick` says from which world a parameter's row is. Several where a word is chosen."""
    values: dict[str, list[str]] = {}
    for name in sorted(rule.arguments):
        converter = rule._converters[name]
        if isinstance(converter, AnyConverter):
            values[name] = sorted(converter.items)
            continue
        assert name in PARAMETERS, (
            f"{rule.endpoint} {rule} has the parameter <{name}>: add it to PARAMETERS in {__name__}"
        )
        meant = PARAMETERS[name]
        values[name] = [meant if isinstance(meant, str) else pick(name)[meant].public_id]
    adapter = app.url_map.bind("localhost")
    for combination in itertools.product(*values.values()):
        yield adapter.build(rule.endpoint, dict(zip(values, combination, strict=True)))


def row_parameters(rule: Rule) -> list[str]:
    return [name for name in sorted(rule.arguments) if isinstance(PARAMETERS.get(name), type)]


def state_of(services: Services) -> dict[str, str]:
    """A digest of each table, to tell that nothing was done. Sign-ins are touched by being used."""
    found = {}
    with services.database.unit_of_work(Scope.system(), write=False) as session:
        for mapper in Base.registry.mappers:
            if mapper.class_ is not SignInRow:
                rows = session.execute(select(mapper.local_table).order_by("id")).all()
                found[mapper.class_.__name__] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return found


def test_every_route_says_who_may_use_it(app: Flask) -> None:
    for rule in rules(app):
        permission = permission_of(app, rule)
        assert permission in (PUBLIC, SIGNED_IN) or isinstance(permission, Permission), (
            f"{rule.endpoint}: register views with tmpa.kernel.http.route, and name a permission"
        )


def test_public_routes_are_these(app: Flask) -> None:
    """A new public one wants a second look: it is there for everybody."""
    public = {rule.endpoint for rule in rules(app) if permission_of(app, rule) == PUBLIC}
    assert public == {
        "accounts.ask_reset",
        "accounts.join",
        "accounts.preferences",
        "accounts.reset",
        "accounts.sign_in",
        "assets",
        "campaigns.asset",
        "health.healthz",
        "health.metrics",
        "health.readyz",
        "pages.any_language",
        "pages.embed",
        "pages.page",
        "pages.signed_object",
        "pages.thanks",
        "sending.unsubscribe",
    }


def test_nobody_gets_in_without_signing_in(town: Town, anybody: Browser) -> None:
    token = anybody.token("/sign-in")
    before = state_of(town.services)
    for rule in rules(town.app):
        if permission_of(town.app, rule) == PUBLIC:
            continue
        for path, method in itertools.product(paths(town.app, rule, lambda _name: town.mine), methods(rule)):
            if method == "GET":
                answer = anybody.get(path)
                assert answer.status_code == 303, path
                assert answer.headers["Location"].split("?")[0] == "/sign-in", path
                continue
            assert anybody.client.open(path, method=method).status_code == 400, path  # no token
            answer = anybody.client.open(path, method=method, data={"csrf_token": token})
            assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in"), path
    assert state_of(town.services) == before


@pytest.mark.parametrize("role", list(Role))
def test_each_role_reaches_what_the_table_grants_and_nothing_else(town: Town, role: Role) -> None:
    walker = town.browser(role)
    before = state_of(town.services)
    for rule in rules(town.app):
        permission = permission_of(town.app, rule)
        if permission == PUBLIC:
            continue
        granted = permission == SIGNED_IN or permission in GRANTS[role]
        for path, method in itertools.product(paths(town.app, rule, lambda _name: town.mine), methods(rule)):
            if not granted:
                assert walker.go(method, path).status_code == 404, f"{role} {method} {path}"
            elif method == "GET":
                status = walker.go(method, path).status_code
                assert status < 500, f"{role} {method} {path}"
                side = Scope(walker_side(role)).side
                if rule.endpoint not in NOTHING_THERE and owner_side(rule) in (side, "both"):
                    assert status != 404, f"{role} {method} {path}"
    assert state_of(town.services) == before


def walker_side(role: Role) -> Any:
    if role is Role.OPERATOR:
        return "operator"
    return "partner" if role in (Role.PARTNER_ADMIN, Role.PARTNER_MARKETER) else "vendor"


def owner_side(rule: Rule) -> str:
    """Who must be able to open the page of a world's row, told by its first word."""
    first = str(rule).split("/")[1]
    sides = {"campaigns": "partner", "contacts": "partner", "leads": "partner", "deals": "partner"}
    sides |= {"partners": "vendor", "registrations": "vendor", "people": "both", "operator": "operator"}
    return sides.get(first, "")


@pytest.mark.parametrize("who", ["strange vendor", "strange partner", "rival partner", "operator"])
def test_a_strangers_visit_finds_nothing_and_changes_nothing(town: Town, who: str) -> None:
    walker = town.browser(who)
    before = state_of(town.services)
    for rule in rules(town.app):
        if permission_of(town.app, rule) == PUBLIC or not row_parameters(rule):
            continue
        if set(row_parameters(rule)) <= SHARED[who]:
            continue
        for path, method in itertools.product(paths(town.app, rule, lambda _name: town.mine), methods(rule)):
            answer = walker.go(method, path)
            assert answer.status_code == 404, f"{who} {method} {path} ({rule.endpoint})"
            assert "mine" not in answer.text, path
    assert state_of(town.services) == before


# What is rightly seen: an operator's jobs, and the vendor's kits and funds by every partner of its programme.
SHARED: dict[str, set[str]] = {
    "strange vendor": set(),
    "strange partner": set(),
    "rival partner": {"kit", "version", "fund_id"},
    "operator": {"job_id"},
}


@pytest.mark.parametrize("who", [Role.VENDOR_ADMIN, Role.MDF_APPROVER, Role.MDF_PAYER, Role.PARTNER_ADMIN])
def test_a_strangers_row_under_an_own_one_is_not_found(town: Town, who: Role) -> None:
    """/claims/<mine>/lines/<theirs>, and the other way round."""
    walker = town.browser(who)
    before = state_of(town.services)
    for rule in rules(town.app):
        names = row_parameters(rule)
        for foreign in names if len(names) > 1 else ():
            worlds = {name: town.theirs if name == foreign else town.mine for name in names}
            for path, method in itertools.product(paths(town.app, rule, worlds.__getitem__), methods(rule)):
                answer = walker.go(method, path)
                assert answer.status_code == 404, f"{who} {method} {path} ({rule.endpoint})"
    assert state_of(town.services) == before


@pytest.mark.parametrize("role", list(Role))
def test_an_empty_form_breaks_nothing(town: Town, role: Role) -> None:
    """Every POST that a role may send, with nothing in it, to its own rows: an answer, never an error of ours."""
    walker = town.browser(role)
    for rule in rules(town.app):
        if "POST" in methods(rule) and rule.endpoint not in (
            "accounts.sign_out",
            "accounts.switch_organization",
        ):
            for path in paths(town.app, rule, lambda _name: town.mine):
                assert walker.go("POST", path).status_code < 500, f"{role} POST {path}"
