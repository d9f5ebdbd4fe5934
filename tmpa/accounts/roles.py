"""The names of roles as people read them."""

from typing import Any

from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.permissions import Role

ROLE_NAMES: dict[str, Any] = {
    Role.VENDOR_ADMIN: _l("Vendor administrator"),
    Role.VENDOR_MARKETER: _l("Vendor marketer"),
    Role.TRANSLATOR: _l("Translator"),
    Role.MDF_APPROVER: _l("MDF approver"),
    Role.MDF_PAYER: _l("MDF payer"),
    Role.PARTNER_ADMIN: _l("Partner administrator"),
    Role.PARTNER_MARKETER: _l("Partner marketer"),
    Role.OPERATOR: _l("Operator"),
}
