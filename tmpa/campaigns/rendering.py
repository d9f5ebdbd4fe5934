"""A campaign's pieces: as previews while they are being filled, and finished, kept by content hash, at launch."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.accounts.models import User
from tmpa.campaigns import locks, pictures, typed
from tmpa.campaigns.addresses import page_url, put_asset, tagged, thanks_url
from tmpa.campaigns.brands import as_render_brand, brand_problems
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.kernel import audit, tracking_tokens
from tmpa.kernel.errors import Refused
from tmpa.kernel.form_specs import FormSpec, field_specs, sign_form
from tmpa.kernel.i18n import current_locale, use_locale
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.jobs import emit
from tmpa.kernel.objects import MissingObject, ObjectStore
from tmpa.kernel.signing import Signer, fingerprint
from tmpa.kits.banner import render_banner
from tmpa.kits.brand import Brand
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.compile import compile_piece, shape_of
from tmpa.kits.document import render_document
from tmpa.kits.findings import CompileFailed
from tmpa.kits.locked import verify_finished
from tmpa.kits.locked_typst import digest_of
from tmpa.kits.manifest import (
    BannerPiece,
    DocumentPiece,
    MailPiece,
    PagePiece,
    Piece,
    SnippetPiece,
    SocialPiece,
)
from tmpa.kits.render import (
    RenderedPage,
    render_mail,
    render_page,
    render_post,
    render_snippet,
)
from tmpa.kits.service import load_source
from tmpa.kits.slots import SlotValues
from tmpa.kits.source import KitSource
from tmpa.settings import Settings

SUFFIXES = {"mail": (".json", "application/json"), "page": (".html", "text/html"),
            "social": (".txt", "text/plain"), "document": (".pdf", "application/pdf"),
            "snippet": (".html", "text/html"), "banner": (".png", "image/png")}  # fmt: skip


class LockBroken(Exception):
    """A finished piece is not the vendor's constants with values between: never published, a bug to report."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What every piece of one locale is rendered with."""

    source: KitSource
    locale: str
    brand: Brand
    slots: SlotValues
    page_url: str
    asset_url: Callable[[str], str] | None = None


def source_of(store: ObjectStore, campaign: Campaign) -> KitSource:
    """The files of the kit version that a campaign is pinned to (kept in the process by content hash)."""
    return load_source(store, campaign.kit_version)


def step_titles(store: ObjectStore, campaign: Campaign) -> dict[str, str]:
    """The title of each step's mail in the reader's language, by the step's name (itself where the kit is gone)."""
    try:
        source = source_of(store, campaign)
    except MissingObject:  # figures are still shown when a kit's files were lost
        return {step.name: step.name for step in campaign.steps}
    mine = current_locale().split("-")[0]
    locales = source.manifest.locales
    locale = next((tag for tag in locales if tag.split("-")[0] == mine), source.manifest.source_locale)
    words = load_catalogue(source, locale).gettext
    return {step.name: words(source.manifest.piece(step.piece).title) for step in campaign.steps}


def finish_pieces(
    session: Session, store: ObjectStore, signer: Signer, settings: Settings, campaign: Campaign
) -> list[CampaignPiece]:
    """Render every piece in every locale of the campaign and keep it by content hash; safe to run again.

    A mail is kept as JSON of stretches (`RenderedMail.from_json`), a page or snippet as HTML, a post as text, a
    document as PDF, a banner as a row and PNG for each size (`banner_name`), the finer picture beside it (`fine_key`).
    Raises Refused when a value can't be used, LockBroken when a locked region would differ from the vendor's.
    """
    source = source_of(store, campaign)
    if campaign.brand is None:
        raise Refused(_("The campaign has no brand yet."), code="brand")
    for sentence in brand_problems(store, source, campaign):
        raise Refused(sentence, "logo", "brand")
    brand = as_render_brand(store, campaign.brand, lambda logo: put_asset(store, settings, logo, ".png"))

    def asset_url(path: str) -> str:
        return put_asset(store, settings, source.files[path], PurePosixPath(path).suffix)

    kept = {
        (piece.piece, piece.locale): piece
        for piece in session.scalars(select(CampaignPiece).where(CampaignPiece.campaign_id == campaign.id))
    }
    finished = []
    shared = campaign.slots.get(typed.EVERY, {})
    settled = pictures.settle(session, store, settings, source, campaign.partner_id, shared, shared)
    for locale in campaign.locales:
        slots, errors = typed.checked(source, {**campaign.slots, typed.EVERY: settled}, locale)
        for name, sentence in errors.items():
            raise Refused(sentence, name, "slots")
        frame = Frame(source, locale, brand, slots, page_url(settings, campaign, locale), asset_url)
        for piece in source.manifest.pieces:
            if isinstance(piece, BannerPiece):
                finished += _banners(session, store, campaign, frame, piece, kept)
                continue
            data, digest = _finished(frame, piece, signer, settings, campaign, store)
            row = _keep(session, store, campaign, (piece.name, piece.kind), locale, data, digest, kept)
            if isinstance(piece, DocumentPiece):
                locks.keep_typeset(
                    store, row.object_key, source, piece.name, locale, brand, slots, frame.page_url
                )
            finished.append(row)
    session.flush()
    audit.record(session, "campaign.pieces_finished", campaign, pieces=len(finished))
    return finished


def _finished(
    frame: Frame, piece: Piece, signer: Signer, settings: Settings, campaign: Campaign, store: ObjectStore
) -> tuple[bytes, str]:
    """A piece's bytes and the digest of its locked regions. Raises LockBroken naming the region that differs."""
    source, locale, brand, slots = frame.source, frame.locale, frame.brand, frame.slots
    if isinstance(piece, DocumentPiece):
        document = render_document(source, piece.name, locale, brand, slots, page_url=frame.page_url)
        return document.pdf, digest_of(source, piece.name, locale, brand.country)
    if isinstance(piece, MailPiece):
        mail = render_mail(
            source, piece.name, locale, brand, slots, page_url=frame.page_url, asset_url=frame.asset_url
        )
        data, digest = _canonical(mail.to_json()), mail.locked_digest
    elif isinstance(piece, PagePiece):
        page = _page(frame, piece, signer, settings, campaign)
        data, digest = page.html.encode(), page.locked_digest
    elif isinstance(piece, SnippetPiece):
        address = link_of(frame, piece, campaign.slug)
        snippet = render_snippet(
            source, piece.name, locale, brand, slots, page_url=address, asset_url=frame.asset_url
        )
        data, digest = snippet.html.encode(), snippet.locked_digest
    else:
        address = link_of(frame, piece, campaign.slug)
        post = render_post(source, piece.name, locale, brand, slots, page_url=address)
        data, digest = post.text.encode(), post.locked_digest
    compiled = compile_piece(source, piece.name, locale, shape_of(brand, slots))
    if (region := verify_finished(data, compiled, source)) is not None:
        raise LockBroken(f"{piece.name} in {locale}: {region}")
    locks.keep_compiled(store, compiled)
    return data, digest


def link_of(frame: Frame, piece: Piece, slug: str) -> str:
    """The address under which a piece links the campaign's page: posts and snippets tell where people come from."""
    if isinstance(piece, SocialPiece):
        return tagged(frame.page_url, piece.network, "social", slug)
    return tagged(frame.page_url, "partner-site", "syndication", slug)


def banner_name(piece: str, size: str) -> str:
    """The name under which one size of a banner is kept; no piece's own name has an “@”."""
    return f"{piece}@{size}"


def fine_key(object_key: str) -> str:
    """Where the picture with twice the pixels lies, beside a banner's own."""
    return object_key.removesuffix(".png") + "-2x.png"


def _banners(
    session: Session,
    store: ObjectStore,
    campaign: Campaign,
    frame: Frame,
    piece: BannerPiece,
    kept: dict[tuple[str, str], CampaignPiece],
) -> list[CampaignPiece]:
    """Every size of a banner. Raises Refused where the partner's values have no room."""
    try:
        made = render_banner(
            frame.source, piece.name, frame.locale, frame.brand, frame.slots, page_url=frame.page_url
        )
    except CompileFailed as problem:
        raise Refused(problem.findings[0].message, "slots", "banner") from None
    rows = []
    for banner in made:
        named = (banner_name(piece.name, banner.size), piece.kind)
        row = _keep(session, store, campaign, named, frame.locale, banner.png, banner.digest, kept)
        if not store.exists(fine_key(row.object_key)):
            store.put(fine_key(row.object_key), banner.png_2x, "image/png")
        locks.keep_typeset(
            store, row.object_key, frame.source, piece.name, frame.locale, frame.brand, frame.slots,
            frame.page_url, banner.size,
        )  # fmt: skip
        rows.append(row)
    return rows


def _page(
    frame: Frame, piece: PagePiece, signer: Signer, settings: Settings, campaign: Campaign
) -> RenderedPage:
    """A page whose form carries the signed list of what it takes, and whose beacon counts visits."""
    page_id = tracking_tokens.page_id(campaign.id, piece.name, frame.locale)
    render = partial(
        render_page,
        frame.source,
        piece.name,
        frame.locale,
        frame.brand,
        frame.slots,
        page_url=frame.page_url,
        form_action=tracking_tokens.form_action(settings.tracking_url, signer, campaign.vendor_id, page_id),
        asset_url=frame.asset_url,
        beacon_url=tracking_tokens.beacon_url(settings.tracking_url, signer, campaign.vendor_id, page_id),
    )
    spec = FormSpec(
        page_id,
        frame.locale,
        frame.page_url,
        thanks_url(settings, campaign, frame.locale),
        field_specs(render(form_token="").fields),
    )
    return render(form_token=sign_form(signer, spec))


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _keep(
    session: Session,
    store: ObjectStore,
    campaign: Campaign,
    named: tuple[str, str],
    locale: str,
    data: bytes,
    digest: str,
    kept: dict[tuple[str, str], CampaignPiece],
) -> CampaignPiece:
    name, kind = named
    suffix, content_type = SUFFIXES[kind]
    content_hash = fingerprint(data)
    key = f"campaigns/{campaign.id}/{content_hash}{suffix}"
    if not store.exists(key):
        store.put(key, data, content_type)
    row = kept.get((name, locale))
    if row is None:
        row = CampaignPiece(
            vendor_id=campaign.vendor_id,
            partner_id=campaign.partner_id,
            campaign_id=campaign.id,
            piece=name,
            kind=kind,
            locale=locale,
        )
        session.add(row)
    row.object_key, row.content_hash, row.locked_digest = key, content_hash, digest
    return row


def finish_campaign(
    session: Session, store: ObjectStore, signer: Signer, settings: Settings, campaign_id: uuid.UUID
) -> None:
    """The job of a launch: finish the pieces and tell the rooms above. Nothing for a campaign that isn't launching.

    What the partner's values make impossible (a post too long for its network) would fail again and again: the
    campaign becomes a draft that says why.
    """
    campaign = session.get_one(Campaign, campaign_id)
    if campaign.state != "launching":
        return
    starter = session.get(User, campaign.launched_by) if campaign.launched_by else None
    try:
        with session.begin_nested(), use_locale(starter.locale if starter else "en"):
            finish_pieces(session, store, signer, settings, campaign)
    except Refused as refusal:
        campaign.state, campaign.launch_problem, campaign.launched_at = "draft", str(refusal), None
        audit.record(session, "campaign.launch_refused", campaign, campaign.launch_problem)
        return
    emit(session, "campaigns.pieces_ready", {"campaign": str(campaign.id)})
