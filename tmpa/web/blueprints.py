"""Every blueprint of the portal, in the order of the rooms."""

from flask import Blueprint

from tmpa.accounts import views as accounts
from tmpa.web import health
from tmpa.web import views as web

BLUEPRINTS: tuple[Blueprint, ...] = (
    web.blueprint,
    health.blueprint,
    accounts.blueprint,
)
