"""Public addresses of what a campaign publishes: its pages, and the pictures its mails and pages show."""

import re
from urllib.parse import urlencode

from tmpa.campaigns.models import Campaign
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.signing import fingerprint
from tmpa.settings import Settings

PUBLIC = "pages"
"""Prefix in the object store of everything that TMPA_PAGES_URL serves."""

CONTENT_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
}
_ASSET = re.compile(r"[0-9a-f]{64}\.(png|jpg|jpeg|gif|webp|svg)")


def page_url(settings: Settings, campaign: Campaign, locale: str) -> str:
    """The address of a campaign's landing page in one locale; ends in a slash."""
    return f"{settings.pages_address}/{campaign.slug}/{locale}/"


def thanks_url(settings: Settings, campaign: Campaign, locale: str) -> str:
    """Where the form of a campaign's page leads in one locale."""
    return f"{page_url(settings, campaign, locale)}thanks/"


def tagged(address: str, source: str, medium: str, campaign: str) -> str:
    """An address that tells any web analytics where its visitors come from (UTM parameters)."""
    values = {"utm_source": source, "utm_medium": medium, "utm_campaign": campaign}
    return f"{address}?{urlencode(values)}"


def embed_key(slug: str, locale: str, piece: str) -> str:
    """Where a published snippet lies in the store."""
    return f"{PUBLIC}/{slug}/{locale}/embed/{piece}/index.html"


def embed_url(settings: Settings, campaign: Campaign, locale: str, piece: str) -> str:
    """The address of a snippet that a partner frames on its own site; ends in a slash."""
    return f"{page_url(settings, campaign, locale)}embed/{piece}/"


def asset_key(name: str) -> str | None:
    """Where a published picture lies in the store; None for a name that `put_asset` would not give."""
    return f"{PUBLIC}/assets/{name}" if _ASSET.fullmatch(name) else None


def asset_content_type(name: str) -> str:
    """The media type of a published picture by its name."""
    return CONTENT_TYPES[name[name.rindex(".") :]]


def put_asset(store: ObjectStore, settings: Settings, data: bytes, suffix: str) -> str:
    """Publish a picture under its content's hash; its address, which never changes. `suffix` as in ".png"."""
    name = fingerprint(data) + suffix.lower()
    key = asset_key(name)
    if key is None:
        raise ValueError(f"not a picture's suffix: {suffix!r}")
    if not store.exists(key):
        store.put(key, data, asset_content_type(name), "immutable")
    return f"{settings.pages_address}/assets/{name}"
