"""The MDF room's blueprint with all its pages."""

from tmpa.mdf import claim_views, partner_views, vendor_views
from tmpa.mdf.pages import blueprint

__all__ = ["blueprint", "claim_views", "partner_views", "vendor_views"]
