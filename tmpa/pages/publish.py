"""Publishing a campaign's pages: finished HTML becomes static files that any web server or CDN can hand out.

`pages/<slug>/<locale>/index.html`, `…/thanks/index.html` and `…/embed/<piece>/index.html`; pictures
lie under `pages/assets/` by content hash.
"""

import json
import uuid
from collections.abc import Sequence
from datetime import date
from html import escape

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.campaigns.addresses import PUBLIC, embed_key, page_url
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.campaigns.rendering import source_of
from tmpa.kernel import audit, i18n, tracking_tokens
from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.jobs import emit
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.scope import Scope
from tmpa.kernel.signing import Signer, fingerprint
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.manifest import PagePiece
from tmpa.kits.models import KitVersion
from tmpa.pages import html
from tmpa.pages.models import PublishedPage
from tmpa.settings import Settings

_HTML = "text/html; charset=utf-8"


def publish_campaign(context: Services, campaign: str) -> None:
    """The job of a launch: publish a campaign's pages, then tell the rooms above. Safe to run again."""
    with context.database.unit_of_work(Scope.system()) as session:
        row = session.get_one(Campaign, uuid.UUID(campaign))
        publish(session, context.store, context.signer, context.settings, row)
        emit(session, "pages.published", {"campaign": campaign})


def publish(
    session: Session, store: ObjectStore, signer: Signer, settings: Settings, campaign: Campaign
) -> list[PublishedPage]:
    """Write the finished pages of a campaign to the store; pages that didn't change are left as they are.

    A campaign without a page publishes nothing. Wants the system's scope.
    """
    pieces = session.scalars(
        select(CampaignPiece)
        .where(CampaignPiece.campaign_id == campaign.id, CampaignPiece.kind == "page")
        .order_by(CampaignPiece.piece, CampaignPiece.locale)
    ).all()
    # One address per locale: when a kit has several pages, the first of its manifest is the landing page.
    landing = _landing(store, campaign) if pieces else None
    pieces = [piece for piece in pieces if landing is not None and piece.piece == landing.name]
    known = {
        page.locale: page
        for page in session.scalars(select(PublishedPage).where(PublishedPage.campaign_id == campaign.id))
    }
    published = []
    for piece in pieces:
        assert landing is not None
        page = known.get(piece.locale) or _new(campaign, piece)
        session.add(page)
        page.url = page_url(settings, campaign, piece.locale)
        _write(store, signer, settings, campaign, piece, page, landing, [each.locale for each in pieces])
        published.append(page)
    _publish_embeds(session, store, campaign)
    session.flush()
    if published:
        audit.record(session, "campaign.pages_published", campaign, pages=len(published))
    return published


def _publish_embeds(session: Session, store: ObjectStore, campaign: Campaign) -> None:
    """The campaign's snippets, beside its pages."""
    for piece in _snippets(session, campaign):
        data = html.embed_document(store.get(piece.object_key).decode()).encode()
        store.put(embed_key(campaign.slug, piece.locale, piece.piece), data, _HTML, "short")


def _snippets(session: Session, campaign: Campaign) -> Sequence[CampaignPiece]:
    wanted = select(CampaignPiece).where(
        CampaignPiece.campaign_id == campaign.id, CampaignPiece.kind == "snippet"
    )
    return session.scalars(wanted.order_by(CampaignPiece.piece, CampaignPiece.locale)).all()


def _landing(store: ObjectStore, campaign: Campaign) -> PagePiece | None:
    pieces = source_of(store, campaign).manifest.pieces
    return next((piece for piece in pieces if isinstance(piece, PagePiece)), None)


def _new(campaign: Campaign, piece: CampaignPiece) -> PublishedPage:
    return PublishedPage(
        id=tracking_tokens.page_id(campaign.id, piece.piece, piece.locale),
        vendor_id=campaign.vendor_id,
        partner_id=campaign.partner_id,
        campaign_id=campaign.id,
        piece=piece.piece,
        locale=piece.locale,
        object_key="",
        content_hash="",
        published_at=utcnow(),
    )


def _write(
    store: ObjectStore,
    signer: Signer,
    settings: Settings,
    campaign: Campaign,
    piece: CampaignPiece,
    page: PublishedPage,
    landing: PagePiece,
    locales: Sequence[str],
) -> None:
    alternates = {locale: page_url(settings, campaign, locale) for locale in locales}
    beacon = tracking_tokens.beacon_url(settings.tracking_url, signer, campaign.vendor_id, page.id)
    finished = store.get(piece.object_key).decode()
    data = html.page_document(finished, page.url, alternates, beacon, settings.tracking_url).encode()
    digest = fingerprint(data)
    key = f"{PUBLIC}/{campaign.slug}/{page.locale}/index.html"
    if page.content_hash == digest and page.withdrawn_at is None and store.exists(key):
        return
    book = load_catalogue(source_of(store, campaign), page.locale)
    with i18n.use_locale(page.locale):
        thanks = html.notice_document(
            page.locale,
            book.gettext(landing.thanks_title) if landing.thanks_title else _("Thank you."),
            book.gettext(landing.thanks_text) if landing.thanks_text else "",
            finished,
            (page.url, _("Back to the page")),
        )
    store.put(f"{PUBLIC}/{campaign.slug}/{page.locale}/thanks/index.html", thanks.encode(), _HTML, "short")
    store.put(
        f"{PUBLIC}/{campaign.slug}/locales.json", json.dumps(sorted(alternates)).encode(), "application/json"
    )
    store.put(key, data, _HTML, "short")
    page.object_key, page.content_hash = key, digest
    page.published_at, page.withdrawn_at = utcnow(), None


def withdraw(session: Session, store: ObjectStore, campaign: Campaign) -> int:
    """Take a campaign's pages down: their addresses then say so in the visitor's language. How many."""
    pages = session.scalars(
        select(PublishedPage).where(
            PublishedPage.campaign_id == campaign.id, PublishedPage.withdrawn_at.is_(None)
        )
    ).all()
    for page in pages:
        with i18n.use_locale(page.locale):
            contact = campaign.brand.email if campaign.brand else ""
            text = _("This offer has ended.")
            if campaign.brand and contact:
                text = _(
                    "This offer has ended. %(partner)s is glad to answer questions:",
                    partner=campaign.brand.name,
                )
            link = (f"mailto:{escape(contact)}", contact) if contact else None
            gone = html.notice_document(
                page.locale, _("This page is no longer available."), text, "", link, gone=True
            )
        for name in ("index.html", "thanks/index.html"):
            store.put(f"{PUBLIC}/{campaign.slug}/{page.locale}/{name}", gone.encode(), _HTML, "short")
        page.withdrawn_at = utcnow()
    for piece in _snippets(session, campaign) if pages else ():
        with i18n.use_locale(piece.locale):
            ended = html.notice_document(piece.locale, _("This offer has ended."), "", "", None, gone=True)
        store.put(embed_key(campaign.slug, piece.locale, piece.piece), ended.encode(), _HTML, "short")
    if pages:
        audit.record(session, "campaign.pages_withdrawn", campaign, pages=len(pages))
    return len(pages)


def withdraw_expired(session: Session, store: ObjectStore, today: date) -> int:
    """Take down the pages of campaigns whose kit version ended before `today`; how many. Wants the system's scope."""
    live = select(PublishedPage.campaign_id).where(PublishedPage.withdrawn_at.is_(None))
    ended = (
        select(Campaign)
        .join(KitVersion, KitVersion.id == Campaign.kit_version_id)
        .where(KitVersion.valid_until < today, Campaign.id.in_(live))
    )
    return sum(withdraw(session, store, campaign) for campaign in session.scalars(ended).all())
