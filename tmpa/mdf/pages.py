"""What the MDF room's pages share: the blueprint, its words, files of claims, the funds' picture."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app
from flask.typing import ResponseReturnValue

from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.forms import Form
from tmpa.kernel.http import db, flash, route, scope, services
from tmpa.kernel.i18n import current_locale, format_money, lazy_gettext
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.objects import MissingObject
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import Side, load
from tmpa.mdf import claims, decisions, dossier, requests
from tmpa.mdf.ledger import Balance
from tmpa.mdf.models import Claim, Fund
from tmpa.mdf.rules import ACTIVITY_NAMES, expiry_warning

blueprint = Blueprint("mdf", __name__, template_folder="templates")

ENTRY_NAMES = {
    "allocated": lazy_gettext("Put into the fund"),
    "request approved": lazy_gettext("Request approved"),
    "request closed": lazy_gettext("Request closed, the rest given back"),
    "claim submitted": lazy_gettext("Claim handed in"),
    "claim decided": lazy_gettext("Claim decided"),
    "claim paid": lazy_gettext("Claim paid"),
}
_FRAME_POLICY = (
    "default-src 'none'; img-src 'self' data: http: https:; style-src 'unsafe-inline'; font-src 'self' data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-same-origin"
)


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {
        "request_states": requests.STATE_NAMES,
        "request_tones": requests.STATE_TONES,
        "claim_states": claims.STATE_NAMES,
        "claim_tones": claims.STATE_TONES,
        "line_states": decisions.LINE_STATE_NAMES,
        "line_tones": decisions.LINE_STATE_TONES,
        "activity_names": ACTIVITY_NAMES,
        "entry_names": ENTRY_NAMES,
        "moves_of": lambda entry: {line.account: line.amount_minor for line in entry.lines},
    }


def on_side(side: Side) -> None:
    """Raises NotFound for whoever asks from the other side of the business."""
    if scope().side != side:
        raise NotFound


def refused(form: Form, refusal: Refused) -> None:
    """Undo what the request did and say why: next to the field that the refusal names, else above the form."""
    db().rollback()
    form.refuse(refusal)
    if (refusal.field or "") not in form:
        flash(str(refusal.message), "error")


def picture_of_funds(
    pairs: list[tuple[Fund, Balance]], vendors: Mapping[uuid.UUID, str] | None = None
) -> dict[str, Any]:
    """Shares of each fund as one stacked bar (ECharts), with its table's columns and rows.

    `vendors` names whose fund it is, for partners who have funds of several.
    """
    names = [
        f"{vendors[fund.vendor_id]}, {fund.name}" if vendors and len(vendors) > 1 else fund.name
        for fund, _held in pairs
    ]
    parts = [
        (_("Available"), "available"),
        (_("Approved"), "approved"),
        (_("Claimed, not paid"), "pending"),
        (_("Paid"), "paid"),
    ]

    def share(held: Balance, name: str) -> float:
        return round(100 * getattr(held, name) / held.allocated, 1) if held.allocated else 0

    return {
        "option": {
            "xAxis": {"type": "value", "max": 100, "show": False},
            "yAxis": {"type": "category", "data": names},
            "series": [
                {
                    "type": "bar",
                    "stack": "money",
                    "name": text,
                    "data": [share(held, name) for _fund, held in pairs],
                }
                for text, name in parts
            ],
        },
        "columns": [_("Fund"), _("In the fund"), *(text for text, _name in parts)],
        "rows": [
            [
                name,
                format_money(held.allocated, held.currency),
                *(format_money(getattr(held, name), held.currency) for _text, name in parts),
            ]
            for name, (_fund, held) in zip(names, pairs, strict=True)
        ],
    }


def expiring(pairs: list[tuple[Fund, Balance]]) -> list[tuple[Fund, Balance, int]]:
    """Funds whose unused money is about to lapse, with the days left."""
    today = utcnow().date()
    found = []
    for fund, held in pairs:
        days = expiry_warning(fund, today)
        if days is not None and held.available + held.approved > 0:
            found.append((fund, held, days))
    return found


@route(blueprint, "/claims/<claim_id>/dossier.zip", Permission.SEE_FUNDS)
def dossier_file(claim_id: str) -> ResponseReturnValue:
    claim = load(db(), Claim, claim_id)
    if not claim.dossier_key:
        raise NotFound
    answer = _object(claim.dossier_key, "application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="dossier-{claim.public_id}.zip"'
    return answer


@route(blueprint, "/claims/<claim_id>/lines/<line_id>/invoice", Permission.SEE_FUNDS)
def invoice(claim_id: str, line_id: str) -> ResponseReturnValue:
    claim = load(db(), Claim, claim_id)
    if scope().side == "vendor" and claim.submitted_at is None:  # a draft is the partner's own affair
        raise NotFound
    line = next((each for each in claim.lines if each.public_id == line_id), None)
    if line is None or not line.document_key:
        raise NotFound
    suffix = line.document_key.rpartition(".")[2]
    kind = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg"}.get(suffix)
    if kind is None:
        raise NotFound
    answer = _object(line.document_key, kind)
    answer.headers["Content-Disposition"] = f'inline; filename="invoice.{suffix}"'
    # the browser's own PDF viewer does not start inside a sandbox; the file can't run anything under this policy
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
    )
    return answer


@route(blueprint, "/claims/<claim_id>/pieces/<piece_id>", Permission.SEE_FUNDS)
def piece(claim_id: str, piece_id: str) -> ResponseReturnValue:
    """A final piece of the claim's campaign, as it went out to nobody in particular."""
    claim = load(db(), Claim, claim_id)
    if claim.campaign_id is None:
        raise NotFound
    found = next(
        (each for each in dossier.campaign_pieces(db(), claim.campaign_id) if each.public_id == piece_id),
        None,
    )
    if found is None:
        raise NotFound
    kinds = {"mail": "text/html", "page": "text/html", "social": "text/plain", "document": "application/pdf",
             "snippet": "text/html", "banner": "image/png"}  # fmt: skip
    try:
        data = dossier.piece_data(services().store, found)
    except MissingObject:
        raise NotFound from None
    answer = current_app.response_class(data, mimetype=kinds[found.kind])
    answer.headers["Content-Security-Policy"] = _FRAME_POLICY
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _object(key: str, content_type: str) -> Response:
    try:
        data = services().store.get(key)
    except MissingObject:
        raise NotFound from None
    answer = current_app.response_class(data, mimetype=content_type)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def frames_of(claim: Claim) -> list[tuple[str, str, str, int]]:
    """The claim's mails and page as `previews` wants them (name, title, address id, width), one language: the
    reader's when the campaign has it."""
    if claim.campaign_id is None:
        return []
    pieces = [
        each for each in dossier.campaign_pieces(db(), claim.campaign_id) if each.kind in ("mail", "page")
    ]
    locale = _shown_locale([each.locale for each in pieces])
    widths = {"mail": 680, "page": 1120}
    return [
        (each.piece, _title(claim, each.piece), each.public_id, widths[each.kind])
        for each in pieces
        if each.locale == locale
    ]


def _shown_locale(locales: list[str]) -> str:
    return current_locale() if current_locale() in locales else next(iter(locales), "")


def _title(claim: Claim, name: str) -> str:
    manifest = claim.campaign.kit_version.manifest if claim.campaign else {}
    pieces = manifest.get("pieces", [])
    return next((str(each.get("title") or name) for each in pieces if each.get("name") == name), name)


def fresh_key() -> str:
    """A key for a form whose sending twice must count once."""
    return uuid.uuid4().hex
