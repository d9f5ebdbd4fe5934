"""The compiled mails of a campaign: read from the object store once per process, piece and locale."""

import json
import threading
import uuid
from collections import OrderedDict
from email.utils import parseaddr

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.kernel.http import Services
from tmpa.kits.render import RenderedMail
from tmpa.sending.compile import Addresses, CompiledMail, Sender, compile_mail
from tmpa.sending.mime import is_mailable, one_line
from tmpa.settings import Settings

KEPT = 64
"""Compiled mails that a process keeps: about 60 kB each."""

_compiled: OrderedDict[tuple[object, ...], CompiledMail] = OrderedDict()
_lock = threading.Lock()


class MissingPiece(Exception):
    """A step's mail was never finished in a locale of the campaign."""


def sender_of(settings: Settings, campaign: Campaign) -> Sender:
    """Who the campaign's mails come from: the partner by name, the platform's address, answers to the partner.

    A partner's domain is not known to be theirs, so it never stands in From (RFC 7489 alignment would fail too).
    """
    brand = campaign.brand
    name = (brand.sender_name or brand.name) if brand else ""
    reply_to = brand.sender_email if brand and is_mailable(brand.sender_email) else ""
    return Sender(one_line(name), platform_address(settings), reply_to)


def platform_address(settings: Settings) -> str:
    """The bare address of TMPA_MAIL_FROM."""
    return parseaddr(settings.mail_from)[1]


def pieces_of(session: Session, campaign_id: uuid.UUID, piece: str) -> dict[str, CampaignPiece]:
    """The finished mails of a step's piece by locale."""
    found = session.scalars(
        select(CampaignPiece).where(CampaignPiece.campaign_id == campaign_id, CampaignPiece.piece == piece)
    )
    return {each.locale: each for each in found}


def compiled(context: Services, campaign: Campaign, piece: CampaignPiece) -> CompiledMail:
    """The piece, compiled for this campaign's sender; kept in the process."""
    settings = context.settings
    sender = sender_of(settings, campaign)
    where = Addresses(settings.tracking_url, settings.portal_url)
    key = (campaign.id, piece.piece, piece.locale, piece.content_hash, sender, where, context.signer)
    with _lock:
        if key in _compiled:
            _compiled.move_to_end(key)
            return _compiled[key]
    mail = RenderedMail.from_json(json.loads(context.store.get(piece.object_key)))
    made = compile_mail(mail, piece.locale, campaign.vendor_id, campaign.slug, sender, where, context.signer)
    with _lock:
        _compiled[key] = made
        while len(_compiled) > KEPT:
            _compiled.popitem(last=False)
    return made
