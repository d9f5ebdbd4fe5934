"""The portal's navigation: one table for each side, narrowed to what the person may do."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for

from tmpa.kernel.http import scope
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.permissions import Permission, allowed

_P = Permission
Entry = tuple[Any, str, Permission | None]

PARTNER: tuple[Entry, ...] = (
    (_l("Home"), "web.home", None),
    (_l("Kits"), "kits.gallery", _P.SEE_KITS),
    (_l("Campaigns"), "campaigns.index", _P.RUN_CAMPAIGNS),
    (_l("Leads"), "deals.leads", _P.WORK_LEADS),
    (_l("Contacts"), "audiences.contacts", _P.MANAGE_CONTACTS),
    (_l("Deals"), "deals.index", _P.REGISTER_DEALS),
    (_l("Money"), "mdf.money", _P.SEE_FUNDS),
    (_l("Brand"), "partners.brand", _P.EDIT_BRAND),
    (_l("Team"), "accounts.people", None),
)
VENDOR: tuple[Entry, ...] = (
    (_l("Home"), "web.home", None),
    (_l("Claims"), "mdf.claims", _P.DECIDE_CLAIMS),
    (_l("Requests"), "mdf.requests", _P.DECIDE_CLAIMS),
    (_l("Payments"), "mdf.payments", _P.PAY_CLAIMS),
    (_l("Kits"), "kits.index", _P.SEE_KITS),
    (_l("Partners"), "partners.index", _P.SEE_PARTNERS),
    (_l("Deals"), "deals.queue", _P.DECIDE_DEALS),
    (_l("Money"), "mdf.vendor_money", _P.SEE_FUNDS),
    (_l("Results"), "reports.results", _P.SEE_RESULTS),
    (_l("Team"), "accounts.people", None),
)
OPERATOR: tuple[Entry, ...] = (
    (_l("Health"), "operator.health", _P.OPERATE),
    (_l("Mails"), "mail_search.search_form", _P.OPERATE),
    (_l("Jobs"), "operator.jobs_page", _P.OPERATE),
    (_l("Audit"), "operator.audit_trail", _P.OPERATE),
    (_l("Settings"), "operator.settings", _P.OPERATE),
    (_l("Team"), "accounts.people", None),
)
_SIDES = {"partner": PARTNER, "vendor": VENDOR, "operator": OPERATOR}


@dataclass(frozen=True)
class Item:
    """One link of the navigation."""

    text: str
    href: str
    active: bool
    count: int | None = None


def navigation() -> list[Item]:
    """The links of whoever asks; one of them is where the reader is."""
    entries = [
        (str(text), endpoint, url_for(endpoint))
        for text, endpoint, permission in _SIDES.get(scope().side, ())
        if (permission is None or allowed(scope(), permission)) and endpoint in current_app.view_functions
    ]
    here = _here([(endpoint, address) for _text, endpoint, address in entries])
    return [Item(text, address, endpoint == here) for text, endpoint, address in entries]


def _here(entries: list[tuple[str, str]]) -> str:
    """The entry that the page asked for stands under: by its address, or else the first of its room."""
    own = request.endpoint or ""
    if any(endpoint == own for endpoint, _address in entries):
        return own
    above = [entry for entry in entries if entry[1] != "/" and request.path.startswith(f"{entry[1]}/")]
    if above:
        return max(above, key=lambda entry: len(entry[1]))[0]
    room = own.split(".")[0]
    return next(
        (endpoint for endpoint, address in entries if address != "/" and endpoint.split(".")[0] == room), ""
    )
