"""Every blueprint of the portal, in the order of the rooms."""

from flask import Blueprint

from tmpa.accounts import views as accounts
from tmpa.audiences import views as audiences
from tmpa.deals import views as deals
from tmpa.engagement import views as engagement
from tmpa.mdf import views as mdf
from tmpa.pages import views as pages
from tmpa.reports import views as reports
from tmpa.sending import views as sending
from tmpa.web import health, mail_search, operator
from tmpa.web import views as web
from tmpa.web.campaign import live_views as campaigns
from tmpa.web.campaign import picture_views as pictures
from tmpa.web.campaign import upgrade_views as upgrades
from tmpa.web.kits import editor as kit_editor
from tmpa.web.kits import leaving_views as kits
from tmpa.web.kits import translator as kit_translations
from tmpa.web.partners import brand_views as partners

BLUEPRINTS: tuple[Blueprint, ...] = (
    web.blueprint,
    health.blueprint,
    accounts.blueprint,
    audiences.blueprint,
    kits.blueprint,
    kit_editor.blueprint,
    kit_translations.blueprint,
    partners.blueprint,
    campaigns.blueprint,
    pictures.blueprint,
    upgrades.blueprint,
    sending.blueprint,
    pages.blueprint,
    engagement.blueprint,
    deals.blueprint,
    mdf.blueprint,
    reports.blueprint,
    operator.blueprint,
    mail_search.blueprint,
)
