"""Who may do what: one table. The sentences are the help text on the People pages."""

from enum import StrEnum
from typing import Any

from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.scope import Scope


class Role(StrEnum):
    """What a membership makes of a person in an organization."""

    VENDOR_ADMIN = "vendor_admin"
    VENDOR_MARKETER = "vendor_marketer"
    TRANSLATOR = "translator"
    MDF_APPROVER = "mdf_approver"
    MDF_PAYER = "mdf_payer"
    PARTNER_ADMIN = "partner_admin"
    PARTNER_MARKETER = "partner_marketer"
    OPERATOR = "operator"


class Permission(StrEnum):
    """One thing that a role may do."""

    SEE_KITS = "see_kits"
    PUBLISH_KITS = "publish_kits"
    TRANSLATE_KITS = "translate_kits"
    SEE_PARTNERS = "see_partners"
    MANAGE_PARTNERS = "manage_partners"
    MANAGE_PEOPLE = "manage_people"
    EDIT_BRAND = "edit_brand"
    RUN_CAMPAIGNS = "run_campaigns"
    MANAGE_CONTACTS = "manage_contacts"
    WORK_LEADS = "work_leads"
    REGISTER_DEALS = "register_deals"
    DECIDE_DEALS = "decide_deals"
    SEE_FUNDS = "see_funds"
    MANAGE_FUNDS = "manage_funds"
    REQUEST_FUNDS = "request_funds"
    DECIDE_CLAIMS = "decide_claims"
    PAY_CLAIMS = "pay_claims"
    SEE_RESULTS = "see_results"
    OPERATE = "operate"


HELP: dict[Permission, Any] = {
    Permission.SEE_KITS: _l("See campaign kits and their previews."),
    Permission.PUBLISH_KITS: _l("Publish, expire and withdraw kit versions."),
    Permission.TRANSLATE_KITS: _l("Translate kits that are being prepared."),
    Permission.SEE_PARTNERS: _l("See the partners of the programme."),
    Permission.MANAGE_PARTNERS: _l("Invite partners and change their tier and territory."),
    Permission.MANAGE_PEOPLE: _l("Invite people and change their roles."),
    Permission.EDIT_BRAND: _l("Change the brand profile."),
    Permission.RUN_CAMPAIGNS: _l("Prepare and launch campaigns."),
    Permission.MANAGE_CONTACTS: _l("Import, see and remove contacts."),
    Permission.WORK_LEADS: _l("See and work on leads."),
    Permission.REGISTER_DEALS: _l("Register deals."),
    Permission.DECIDE_DEALS: _l("Approve or decline deal registrations."),
    Permission.SEE_FUNDS: _l("See funds, requests and claims."),
    Permission.MANAGE_FUNDS: _l("Create funds and allocate money."),
    Permission.REQUEST_FUNDS: _l("Ask for funds and claim them."),
    Permission.DECIDE_CLAIMS: _l("Decide requests and claims, up to the own limit."),
    Permission.PAY_CLAIMS: _l("Record the payment of approved claims."),
    Permission.SEE_RESULTS: _l("See results and returns."),
    Permission.OPERATE: _l("See health, queues, failed jobs, audit and settings."),
}

_P = Permission
_VENDOR_READS = {_P.SEE_KITS, _P.SEE_PARTNERS, _P.SEE_FUNDS, _P.SEE_RESULTS}
_VENDOR_MARKETER = _VENDOR_READS | {
    _P.PUBLISH_KITS,
    _P.TRANSLATE_KITS,
    _P.MANAGE_PARTNERS,
    _P.MANAGE_FUNDS,
    _P.DECIDE_DEALS,
}
_PARTNER_MARKETER = {
    _P.SEE_KITS,
    _P.EDIT_BRAND,
    _P.RUN_CAMPAIGNS,
    _P.MANAGE_CONTACTS,
    _P.WORK_LEADS,
    _P.REGISTER_DEALS,
    _P.SEE_FUNDS,
    _P.REQUEST_FUNDS,
    _P.SEE_RESULTS,
}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.VENDOR_ADMIN: frozenset(_VENDOR_MARKETER | {_P.MANAGE_PEOPLE}),
    Role.VENDOR_MARKETER: frozenset(_VENDOR_MARKETER),
    Role.TRANSLATOR: frozenset({_P.SEE_KITS, _P.TRANSLATE_KITS}),
    Role.MDF_APPROVER: frozenset(_VENDOR_READS | {_P.DECIDE_CLAIMS}),
    Role.MDF_PAYER: frozenset(_VENDOR_READS | {_P.PAY_CLAIMS}),
    Role.PARTNER_ADMIN: frozenset(_PARTNER_MARKETER | {_P.MANAGE_PEOPLE}),
    Role.PARTNER_MARKETER: frozenset(_PARTNER_MARKETER),
    Role.OPERATOR: frozenset({_P.OPERATE}),
}

ROLES_OF_KIND: dict[str, tuple[Role, ...]] = {
    "vendor": (Role.VENDOR_ADMIN, Role.VENDOR_MARKETER, Role.TRANSLATOR, Role.MDF_APPROVER, Role.MDF_PAYER),
    "partner": (Role.PARTNER_ADMIN, Role.PARTNER_MARKETER),
    "distributor": (Role.PARTNER_ADMIN, Role.PARTNER_MARKETER),
    "operator": (Role.OPERATOR,),
}


def allowed(scope: Scope, permission: Permission) -> bool:
    """Whether any role of the scope grants `permission`; the system may do everything."""
    return scope.side == "system" or any(permission in GRANTS[Role(role)] for role in scope.roles)
