"""Tenancy (invariant 6): whatever the statement, a scope's session meets its own rows only."""

import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import delete, exists, func, insert, literal, select, text, true, update
from sqlalchemy.orm import Session, aliased, joinedload, selectinload, subqueryload

from tests.factories.world import World
from tests.unit.kernel.conftest import Worlds
from tmpa.accounts.models import Membership, Organization, User
from tmpa.audiences.models import Contact, ContactList, ListMember
from tmpa.campaigns.models import Campaign, CampaignStep
from tmpa.db import Database
from tmpa.kernel.base import Base
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound
from tmpa.kernel.ids import new_id, public
from tmpa.kernel.models import AuditRow
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import (
    OperatorOwned,
    OutsideScope,
    PartnerOwned,
    PartnerPrivate,
    Scope,
    Scoped,
    VendorOwned,
    lifted,
    load,
)
from tmpa.mdf.models import LedgerEntry, LedgerLine
from tmpa.models import Base as AllTables
from tmpa.partners.models import Partnership

ROOT = Path(__file__).resolve().parents[3]
MODELS: list[type[Any]] = sorted(
    (mapper.class_ for mapper in AllTables.registry.mappers), key=lambda model: model.__name__
)
STRANGERS = ("vendor", "partner", "operator", "nobody")


def scope_of(world: World, side: str) -> Scope:
    return {
        "vendor": world.vendor,
        "partner": world.partner,
        "operator": Scope("operator", new_id(), new_id(), (), frozenset({Role.OPERATOR.value})),
        "nobody": Scope.nobody(),
    }[side]


def own(world: World, model: type[Any], side: str) -> set[uuid.UUID]:
    """The ids that a side of the world may see of a class, by its mixin."""
    kept = {rows[model].id for rows in (world.rows, world.vendor_rows) if model in rows}
    if issubclass(model, PartnerPrivate):
        return kept if side == "partner" else set()
    if issubclass(model, PartnerOwned):
        return kept
    if issubclass(model, VendorOwned):
        return kept if side == "vendor" or model.partner_reads else set()
    if model is Organization:
        return kept
    if issubclass(model, OperatorOwned):
        return set()
    if model in (LedgerEntry, LedgerLine):
        return kept
    return {(world.rows if side == "partner" else world.vendor_rows)[model].id}


def their_rows(theirs: World, model: type[Any]) -> list[Any]:
    return [rows[model] for rows in (theirs.rows, theirs.vendor_rows) if model in rows]


def test_every_table_has_an_owner_and_a_row_in_the_world(worlds: Worlds) -> None:
    mine, _theirs = worlds
    missing = [model.__name__ for model in MODELS if model not in mine.rows and model not in mine.vendor_rows]
    assert not missing, f"add a row of {missing} to tests/factories/world.py"
    unowned = [model.__name__ for model in MODELS if not issubclass(model, Scoped)]
    assert not unowned, f"{unowned} belong to nobody: give them a mixin of tmpa.kernel.scope"


def test_each_side_sees_exactly_its_own(worlds: Worlds, database: Database) -> None:
    mine, _theirs = worlds
    for side in ("vendor", "partner"):
        with database.unit_of_work(scope_of(mine, side), write=False) as session:
            for model in MODELS:
                expected = own(mine, model, side)
                assert set(session.scalars(select(model.id))) == expected, model.__name__
                assert session.scalar(select(func.count()).select_from(model)) == len(expected), (
                    model.__name__
                )
                assert session.query(model).count() == len(expected), model.__name__


def test_no_statement_reads_a_strangers_row(worlds: Worlds, database: Database) -> None:
    # SQL is built the same way for every database and side: all shapes are tried once, on SQLite by a partner
    for side in STRANGERS:
        check_no_statement_reads_a_strangers_row(*worlds, database, side)


def check_no_statement_reads_a_strangers_row(
    mine: World, theirs: World, database: Database, side: str
) -> None:
    scope = scope_of(mine, side)
    with database.unit_of_work(scope, write=False) as session:
        for model in MODELS:
            if side == "operator" and (issubclass(model, OperatorOwned) or model is AuditRow):
                continue  # the operator's own pages show these
            for row in their_rows(theirs, model):
                every = side == "partner" and database.is_sqlite
                for how, found in read_in_every_way(session, model, row.id, every).items():
                    assert found in (None, 0, []), f"{side} reads {model.__name__} by {how}: {found}"
                with pytest.raises(NotFound):
                    load(session, model, row.public_id)
                with pytest.raises(NotFound):
                    load(session, model, row.id)


def read_in_every_way(session: Session, model: type[Any], key: uuid.UUID, every: bool) -> dict[str, Any]:
    """What statements of many shapes (or only two) find of a row that is out of scope."""
    alias, other = aliased(model), aliased(model)
    inner = select(model.id).where(model.id == key)
    ways: dict[str, Any] = {
        "entity": select(model).where(model.id == key),
        "column": inner,
        "alias": select(alias.id).where(alias.id == key),
        "count": select(func.count(model.id)).where(model.id == key),
        "aggregate": select(func.max(alias.created_at)).where(alias.id == key),
        "subquery": select(inner.subquery().c.id),
        "count of a subquery": select(func.count()).select_from(inner.subquery()),
        "cte": select(inner.cte().c.id),
        "scalar subquery": select(inner.scalar_subquery()),
        "union": inner.union_all(select(alias.id).where(alias.id == key)),
        "union as subquery": select(inner.union_all(inner).subquery()),
        "joined alias": select(other.id).select_from(alias).join(other, other.id == key),
        "cross join": select(other.id).select_from(alias).join(other, true()).where(other.id == key),
        "aliased subquery": select(aliased(model, select(model).where(model.id == key).subquery()).id),
        "in": select(alias.id).where(alias.id.in_(inner)),
    }
    if not every:
        ways = {how: ways[how] for how in ("alias", "joined alias")}
    found: dict[str, Any] = {}
    for how, statement in ways.items():
        values = session.execute(statement).scalars().all()
        found[how] = [value for value in values if value]
    if not every:
        return found
    found["exists"] = session.scalar(select(inner.exists())) or None
    outer = select(literal(1), other.id).outerjoin_from(Organization, other, other.id == key)
    found["outer join"] = [value for _one, value in session.execute(outer) if value]
    identity = tuple(
        key if column.name == "id" else uuid.UUID(int=0) for column in sqlalchemy.inspect(model).primary_key
    )
    found["get"] = session.get(model, identity)
    return found


def test_no_statement_writes_a_strangers_row(worlds: Worlds, database: Database) -> None:
    for side in STRANGERS:
        check_no_statement_writes_a_strangers_row(*worlds, database, side)


def check_no_statement_writes_a_strangers_row(
    mine: World, theirs: World, database: Database, side: str
) -> None:
    with database.session(scope_of(mine, side)) as session:
        for model in MODELS:
            if side == "operator" and issubclass(model, OperatorOwned):
                continue  # the operator runs failed jobs again
            for row in their_rows(theirs, model):
                changed = session.execute(
                    update(model).where(model.id == row.id).values(created_at=utcnow()),
                    execution_options={"synchronize_session": False},
                )
                gone = session.execute(
                    delete(model).where(model.id == row.id), execution_options={"synchronize_session": False}
                )
                assert (changed.rowcount, gone.rowcount) == (0, 0), model.__name__  # type: ignore[attr-defined]


@pytest.mark.backends("sqlite")  # decided before a statement is sent
@pytest.mark.parametrize("side", STRANGERS)
def test_no_row_is_added_changed_or_removed_for_a_stranger(
    worlds: Worlds, database: Database, side: str
) -> None:
    mine, theirs = worlds
    for model in MODELS:
        if issubclass(model, OperatorOwned):
            continue  # any change may bring a job
        for row in their_rows(theirs, model):
            with database.session(scope_of(mine, side)) as session:
                session.add(copy_of(row))
                with pytest.raises(NotFound):
                    session.flush()
            with database.session(scope_of(mine, side)) as session:
                with lifted(session):
                    held = session.query(model).filter(model.id == row.id).one()
                held.created_at = utcnow()
                with pytest.raises(NotFound):
                    session.flush()
            with database.session(scope_of(mine, side)) as session:
                with lifted(session):
                    held = session.query(model).filter(model.id == row.id).one()
                session.delete(held)
                with pytest.raises(NotFound):
                    session.flush()


def copy_of(row: Base) -> Base:
    """A new row with the same values."""
    columns = [prop.key for prop in sqlalchemy.inspect(type(row)).column_attrs if prop.key != "id"]
    return type(row)(id=new_id(), **{name: getattr(row, name) for name in columns})


@pytest.mark.backends("sqlite")
def test_a_row_can_not_be_moved_to_another_owner(worlds: Worlds, database: Database) -> None:
    mine, theirs = worlds
    with database.session(mine.partner) as session:
        contact = load(session, Contact, mine[Contact].id)
        contact.partner_id = theirs.partner_id
        with pytest.raises(NotFound):
            session.flush()
    with database.session(mine.partner) as session, pytest.raises(OutsideScope):
        session.execute(update(Contact).values(partner_id=theirs.partner_id))
    with database.session(mine.vendor) as session:
        place = load(session, Partnership, mine[Partnership].id)
        place.vendor_id = theirs.vendor_id
        with pytest.raises(NotFound):
            session.flush()


@pytest.mark.backends("sqlite")
def test_what_a_partner_has_left_is_read_but_no_longer_written(worlds: Worlds, database: Database) -> None:
    mine, _theirs = worlds
    gone = Scope("partner", mine.partner_id, mine[User].id, (), frozenset({Role.PARTNER_ADMIN.value}))
    with database.session(gone) as session:
        campaign = load(session, Campaign, mine[Campaign].id)
        campaign.name = "Another name"
        with pytest.raises(NotFound):
            session.flush()


@pytest.mark.backends("sqlite")
def test_a_vendor_invites_only_the_first_person_of_its_own_partners(
    worlds: Worlds, database: Database
) -> None:
    from_mine = worlds[0]
    model = type(from_mine.rows[next(m for m in MODELS if m.__name__ == "Invitation")])

    def invitation(organization_id: uuid.UUID, role: Role) -> Base:
        return model(  # type: ignore[call-arg]
            organization_id=organization_id, email="x@y.example", role=role, expires_at=utcnow()
        )

    with database.session(from_mine.vendor) as session:
        session.add(invitation(from_mine.partner_id, Role.PARTNER_ADMIN))
        session.flush()
    for organization_id, role in (
        (worlds[1].partner_id, Role.PARTNER_ADMIN),
        (worlds[1].vendor_id, Role.VENDOR_ADMIN),
        (from_mine.partner_id, Role.PARTNER_MARKETER),
    ):
        with database.session(from_mine.vendor) as session:
            session.add(invitation(organization_id, role))
            with pytest.raises(NotFound):
                session.flush()


@pytest.mark.backends("sqlite")
def test_ways_around_the_mapped_classes_are_refused(worlds: Worlds, database: Database) -> None:
    mine, theirs = worlds
    table: Any = Contact.__table__
    ways = (
        select(table.c.email),
        update(table).values(first_name="x"),
        delete(table),
        insert(Contact).values(partner_id=theirs.partner_id, email="x", email_key="x"),
        insert(ContactList).from_select(
            ["id", "created_at", "partner_id", "name"],
            select(Contact.id, Contact.created_at, literal(mine.partner_id), Contact.email),
        ),
        select(Contact).from_statement(text("SELECT * FROM contacts")),
        select(exists().where(Contact.email_key == "x")),  # SQLAlchemy doesn't know it for a mapped class's
    )
    for statement in ways:
        with database.session(mine.partner) as session, pytest.raises(OutsideScope):
            session.execute(statement)


def test_relationships_lead_to_own_rows_only(worlds: Worlds, database: Database) -> None:
    """A row that points at a stranger's (as a bug could make it) doesn't open the way there."""
    mine, theirs = worlds
    with database.unit_of_work(Scope.system()) as session:
        session.get_one(Campaign, mine[Campaign].id).brand_id = theirs.rows[
            type(mine.rows[next(m for m in MODELS if m.__name__ == "BrandProfile")])
        ].id
        stray = session.get_one(CampaignStep, theirs[CampaignStep].id)
        stray.campaign_id, stray.name = mine[Campaign].id, "stray"
    with database.unit_of_work(mine.partner, write=False) as session:
        campaign = load(session, Campaign, mine[Campaign].id)
        assert campaign.brand is None
        assert [step.id for step in campaign.steps] == [mine[CampaignStep].id]
    for eager in (joinedload, selectinload, subqueryload):
        with database.unit_of_work(mine.partner, write=False) as session:
            found = session.scalars(select(Campaign).options(eager(Campaign.steps), eager(Campaign.brand)))
            campaign = found.unique().one()
            assert [step.id for step in campaign.steps] == [mine[CampaignStep].id]
            assert campaign.brand is None


@pytest.mark.backends("sqlite")
def test_lazy_loads_follow_the_scope_of_their_own_time(worlds: Worlds, database: Database) -> None:
    mine, theirs = worlds
    with database.unit_of_work(mine.partner, write=False) as session:
        with lifted(session):
            row = session.scalars(select(Membership).where(Membership.id == theirs[Membership].id)).one()
        assert row.user is None  # looked up outside of the lifted part
    with database.session(mine.partner) as session:
        fresh = ListMember(
            partner_id=mine.partner_id, list_id=mine[ContactList].id, contact_id=theirs[Contact].id
        )
        session.add(fresh)
        session.flush()
        assert session.scalar(select(Contact.email).where(Contact.id == fresh.contact_id)) is None


@pytest.mark.backends("sqlite")
def test_lifted_ends_with_its_block(worlds: Worlds, database: Database) -> None:
    mine, _theirs = worlds
    with database.unit_of_work(mine.partner, write=False) as session:
        with lifted(session):
            assert session.query(Contact).count() == 2
        assert session.query(Contact).count() == 1
        with pytest.raises(ZeroDivisionError), lifted(session):
            raise ZeroDivisionError
        assert session.query(Contact).count() == 1


@pytest.mark.backends("sqlite")
def test_a_session_without_a_scope_does_nothing(database: Database) -> None:
    with database.session(Scope.system()) as session:
        del session.info["scope"]
        with pytest.raises(KeyError):
            session.scalars(select(Contact)).all()


@pytest.mark.backends("sqlite")
@pytest.mark.parametrize(
    "reference", ["", "con_", "con_" + "z" * 26, "usr_" + "0" * 26, "../x", "con_\x00", "🙂"]
)
def test_bad_references_are_nothing_found(database: Database, reference: str) -> None:
    with database.unit_of_work(Scope.system(), write=False) as session, pytest.raises(NotFound):
        load(session, Contact, reference)
    with database.unit_of_work(Scope.system(), write=False) as session, pytest.raises(NotFound):
        load(session, Contact, public("con", new_id()))
