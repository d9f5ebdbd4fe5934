"""Every table, for migrations and for wiring (importing this maps them all)."""

from tmpa.accounts import models as accounts
from tmpa.audiences import models as audiences
from tmpa.campaigns import models as campaigns
from tmpa.deals import models as deals
from tmpa.engagement import models as engagement
from tmpa.kernel import models as kernel
from tmpa.kernel.base import Base
from tmpa.kits import models as kits
from tmpa.mdf import models as mdf
from tmpa.pages import models as pages
from tmpa.partners import models as partners
from tmpa.sending import models as sending

__all__ = [
    "Base",
    "accounts",
    "audiences",
    "campaigns",
    "deals",
    "engagement",
    "kernel",
    "kits",
    "mdf",
    "pages",
    "partners",
    "sending",
]
