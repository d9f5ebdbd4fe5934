"""`tmpa user` and `tmpa organization`: accounts from the command line."""

import click
from sqlalchemy import select

from tmpa.accounts import service
from tmpa.accounts.models import Organization
from tmpa.db import Database
from tmpa.kernel.errors import Refused
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import Scope, load
from tmpa.settings import load_settings


@click.group("user")
def user_group() -> None:
    """People and their roles."""


@user_group.command("create")
@click.argument("email")
@click.option("--name", required=True, help="The person's name.")
@click.option("--organization", required=True, help="Public id (org_…) from `tmpa organization list`.")
@click.option(
    "--role", required=True, type=click.Choice([str(role) for role in Role]), help="What the person may do."
)
@click.option("--locale", default="en", show_default=True, help="Language of the portal for this person.")
@click.password_option(help="Asked for when not given.")
def create_user(email: str, name: str, organization: str, role: str, locale: str, password: str) -> None:
    """Create the account EMAIL with a role in an organization."""
    settings = load_settings()
    with Database(settings).unit_of_work(Scope.system()) as session:
        where = load(session, Organization, organization)
        user = service.user_by_email(session, email)
        user = user or service.create_user(session, settings, email, name, password, locale)
        service.add_member(session, user, where, Role(role))
        click.echo(f"{user.public_id} {user.email} is {role} of {where.name}.")


@user_group.command("password")
@click.argument("email")
@click.password_option(help="Asked for when not given.")
def set_password(email: str, password: str) -> None:
    """Give EMAIL a new password; signs the person out everywhere."""
    settings = load_settings()
    with Database(settings).unit_of_work(Scope.system()) as session:
        user = service.user_by_email(session, email)
        if user is None:
            raise Refused(f"There is no account {email}.")
        service.set_password(session, settings, user, password)
        click.echo("The password is changed.")


@click.group("organization")
def organization_group() -> None:
    """Vendors, partners, distributors, operators."""


@organization_group.command("create")
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(["vendor", "partner", "distributor", "operator"]))
@click.option("--country", default="", help="ISO 3166 code, such as DE.")
def create_organization(name: str, kind: str, country: str) -> None:
    """Create the organization NAME and print its id."""
    with Database(load_settings()).unit_of_work(Scope.system()) as session:
        click.echo(service.create_organization(session, kind, name, country).public_id)


@organization_group.command("list")
def list_organizations() -> None:
    """Every organization with its id."""
    with Database(load_settings()).unit_of_work(Scope.system(), write=False) as session:
        for each in session.scalars(select(Organization).order_by(Organization.kind, Organization.name)):
            click.echo(f"{each.public_id}  {each.kind:<12} {each.name}")
