"""The designer's editor: a piece of a kit's draft, its parts, and operations that change the files and nothing else."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any

from flask import Blueprint, Response, jsonify, request
from flask import render_template as part
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.utils import secure_filename

from tmpa.campaigns import previews
from tmpa.campaigns.addresses import page_url
from tmpa.campaigns.models import Campaign
from tmpa.campaigns.rendering import Frame
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import db, go, render, route, scope, services
from tmpa.kernel.i18n import format_time, language_name, ngettext
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.objects import MissingObject
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.kits import checking, drafts
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.editing_canvas import marked
from tmpa.kits.editing_ops import (
    Applied,
    Code,
    Request,
    SetAttribute,
    Translate,
    apply,
    document_of,
    is_markup,
    quick_check,
)
from tmpa.kits.editing_places import palette
from tmpa.kits.editing_tree import Document
from tmpa.kits.findings import KitRefused
from tmpa.kits.localisation.memory import Remembered, remember
from tmpa.kits.manifest import MailPiece, Piece
from tmpa.kits.models import KitDraft
from tmpa.kits.samples import sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource, build_source, read_zip
from tmpa.web.campaign.frames import frame_response
from tmpa.web.kits.editor_panel import Panel, Section
from tmpa.web.kits.editor_tree import Tree

blueprint = Blueprint("kit_editor", __name__, template_folder="templates")

MAX_REQUEST = 1024 * 1024
MAX_PICTURE = 4 * 1024 * 1024
_BAD_NAME = re.compile(r"[^a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Desk:
    """What one request works on. The revision belongs to the source: both were read together."""

    draft: KitDraft
    draft_id: str
    revision: int
    source: KitSource
    piece: Piece
    locale: str

    @property
    def document(self) -> Document:
        return document_of(self.source, self.piece)


def _desk(draft: str, piece: str | None, locale: str = "") -> Desk:
    """The draft with its files. Read apart from the request's session: compiling must hold no database lock.

    Raises NotFound, and Refused for files that are lost or that nobody has checked yet.
    """
    with services().database.unit_of_work(scope(), write=False) as session:
        found = load(session, KitDraft, draft)
        session.expunge(found)
    source = drafts.draft_source(services().store, found)
    manifest = source.manifest
    try:
        chosen = manifest.piece(piece) if piece else manifest.pieces[0]
    except KeyError:
        raise NotFound from None
    drafts.check_safe(services().store, found)
    shown = locale if locale in manifest.locales else manifest.source_locale
    return Desk(found, found.public_id, found.revision, source, chosen, shown)


@route(blueprint, "/kits/drafts/<draft>/design", Permission.PUBLISH_KITS)
def design(draft: str) -> ResponseReturnValue:
    """The editor; where a draft can't be shown, its own page says why."""
    try:
        desk = _desk(draft, request.args.get("piece"), request.args.get("locale", ""))
    except Refused:
        return go("kits.draft", draft=draft)
    document = desk.document
    return render(
        "kits/editor.html",
        desk=desk,
        manifest=desk.source.manifest,
        markup=is_markup(desk.piece),
        tree=Tree(document, desk.source.manifest),
        sections=Panel(desk.source, desk.piece, document, desk.locale).of_piece(),
        blocks=_blocks(desk),
        width=previews.WIDTHS[desk.piece.kind],
        locale_name=language_name,
        chosen=None,
        places=[],
    )


def _blocks(desk: Desk) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    if is_markup(desk.piece):
        for block in palette(desk.source, desk.piece.kind):
            groups.setdefault(block.group, []).append(block)
    return groups


@route(blueprint, "/kits/drafts/<draft>/design/<piece>/canvas/<locale>", Permission.PUBLISH_KITS)
def canvas(draft: str, piece: str, locale: str) -> ResponseReturnValue:
    """The server's render of the piece. Its parts are marked with the ids of the tree, unless `plain` is asked for."""
    desk = _desk(draft, piece, locale)
    if locale not in desk.source.manifest.locales:
        raise NotFound
    source = desk.source
    if is_markup(desk.piece) and not request.args.get("plain"):
        source = marked(source, desk.piece, desk.document)
    try:
        html = _drawn(source, desk, bare=not request.args.get("plain"))
    except Refused as refusal:
        return Response(str(refusal), 422, content_type="text/plain; charset=utf-8")
    return frame_response(html)


def _drawn(source: KitSource, desk: Desk, *, bare: bool) -> str:
    slots = validate_slots(source, sample_values(source, desk.locale), desk.locale, partial=True)
    address = page_url(services().settings, Campaign(slug=source.manifest.name), desk.locale)
    return previews.preview(
        Frame(source, desk.locale, SAMPLE_BRAND, slots, address), desk.piece.name, bare=bare
    )


@route(blueprint, "/kits/drafts/<draft>/design/<piece>/panel", Permission.PUBLISH_KITS)
def panel(draft: str, piece: str) -> ResponseReturnValue:
    """The fields of one part, or of the piece when no part is named."""
    desk = _desk(draft, piece, request.args.get("locale", ""))
    return Response(_panel(desk, request.args.get("node", type=int)))


def _panel(desk: Desk, number: int | None) -> str:
    document = desk.document
    tree = Tree(document, desk.source.manifest)
    made = Panel(desk.source, desk.piece, document, desk.locale)
    row = tree.by_id.get(number) if number is not None else None
    node = document.nodes.get(number) if number is not None else None
    sections: list[Section] = made.of_node(node) if node else made.of_piece()
    places = []
    if row and row.movable:
        inside = {each.id for each in row.node.walk()}
        names = set(row.names.split())
        places = [
            each
            for each in tree.by_id.values()
            if each.place not in inside and each.place != row.parent and names <= set(each.accepts.split())
        ]
    return part("kits/_editor_panel.html", desk=desk, sections=sections, chosen=row, node=node, places=places)


@route(
    blueprint, "/kits/drafts/<draft>/design/<piece>/operations", Permission.PUBLISH_KITS, methods=("POST",)
)
def operations(draft: str, piece: str) -> ResponseReturnValue:
    """Apply operations to the draft; the new tree and fields, or why nothing was changed."""
    desk = _desk(draft, piece, request.args.get("locale", ""))
    try:
        asked = Request.model_validate_json(_body())
    except ValidationError:
        raise _not_understood() from None
    if asked.revision != desk.revision:
        return _conflict()
    is_code = any(isinstance(each, Code) for each in asked.operations)
    applied = apply(desk.source, desk.piece, asked.operations, compiled=not is_code)
    if is_code and applied.changes:  # anything can be typed: a process that may die compiles it first
        died = [found for found in checking.check(applied.source) if found.rule == "check-died"]
        if died:
            raise KitRefused(died)
        quick_check(applied.source, desk.piece)
    if not is_markup(desk.piece):
        _drawn(applied.source, desk, bare=True)  # Typst says only when drawing that it can't
    answer = _saved(desk, applied)
    if isinstance(answer, Response) and answer.status_code == 200:
        _remember(desk, asked)
    return answer


def _remember(desk: Desk, asked: Request) -> None:
    """A translation that somebody typed here enters the vendor's memory like one of the translator's page."""
    typed = [
        Remembered(each.text, (each.value,), each.locale)
        for each in asked.operations
        if isinstance(each, Translate) and each.value
    ]
    manifest = desk.source.manifest
    remember(db(), desk.draft.vendor_id, manifest.source_locale, manifest.name, typed, "person")


class Restore(BaseModel):
    """Undo and redo: the content hash of an earlier state of this draft."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    revision: Annotated[int, Field(ge=1)]
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@route(blueprint, "/kits/drafts/<draft>/design/<piece>/restore", Permission.PUBLISH_KITS, methods=("POST",))
def restore(draft: str, piece: str) -> ResponseReturnValue:
    """Put an earlier state of the draft back, byte for byte."""
    desk = _desk(draft, piece, request.args.get("locale", ""))
    try:
        asked = Restore.model_validate_json(_body())
    except ValidationError:
        raise _not_understood() from None
    if asked.revision != desk.revision:
        return _conflict()
    if not services().store.exists(drafts.safe_key(desk.draft, asked.hash)):
        raise Refused(_("This step can't be taken back any more."))
    try:
        earlier = read_zip(services().store.get(drafts.upload_key(desk.draft.vendor_id, asked.hash)))
    except MissingObject:
        raise Refused(_("This step can't be taken back any more.")) from None
    changes: dict[str, bytes | None] = dict.fromkeys(desk.source.files)
    changes |= earlier.files
    return _saved(
        desk,
        Applied({}, earlier),
        {path: data for path, data in changes.items() if desk.source.files.get(path) != data},
    )


@route(blueprint, "/kits/drafts/<draft>/design/<piece>/picture", Permission.PUBLISH_KITS, methods=("POST",))
def picture(draft: str, piece: str) -> ResponseReturnValue:
    """Take a new picture into the kit and show it in a part."""
    desk = _desk(draft, piece, request.args.get("locale", ""))
    file = request.files.get("file")
    node = request.form.get("node", type=int)
    if file is None or node is None:
        raise Refused(_("Choose a picture."))
    if request.form.get("revision", type=int) != desk.revision:
        return _conflict()
    data = file.read(MAX_PICTURE + 1)
    if len(data) > MAX_PICTURE:
        raise Refused(_("The picture is larger than %(limit)s MB.", limit=MAX_PICTURE // 1024 // 1024))
    path = _free_path(desk, file.filename or "", data)
    held = build_source({**desk.source.files, path: data})  # refuses what isn't a picture
    shown = SetAttribute(op="attribute", node=node, name="src", value=f"{{{{ asset('{path}') }}}}")
    applied = apply(held, desk.piece, [shown])
    applied.changes[path] = data
    return _saved(desk, applied)


def _free_path(desk: Desk, name: str, data: bytes) -> str:
    """A path among the kit's pictures that is free, or holds this very picture. Raises Refused."""
    pure = PurePosixPath(secure_filename(name).lower())
    allowed = (
        (".png", ".jpg", ".jpeg") if isinstance(desk.piece, MailPiece) else (".png", ".jpg", ".jpeg", ".svg")
    )
    if pure.suffix not in allowed:
        raise Refused(_("Choose a picture of one of these kinds: %(kinds)s.", kinds=", ".join(allowed)))
    stem = _BAD_NAME.sub("-", pure.stem).strip("-")[:60] or "picture"
    for number in range(1, 1000):
        path = f"images/{stem}{'' if number == 1 else f'-{number}'}{pure.suffix}"
        if desk.source.files.get(path, data) == data:
            return path
    raise Refused(_("The kit has too many pictures of that name."))


def _not_understood() -> Refused:
    return Refused(_("The editor asked for something that isn't understood. Load the page again."))


def _body() -> bytes:
    length = request.content_length or 0
    return request.get_data(cache=False) if length <= MAX_REQUEST else b""


def _saved(
    desk: Desk, applied: Applied, changes: dict[str, bytes | None] | None = None
) -> ResponseReturnValue:
    """Keep the new files in the draft, and answer with what the page shows next. Raises Refused."""
    session, store = db(), services().store
    held = load(session, KitDraft, desk.draft_id)
    if changes is None:
        changes = dict(applied.changes)
    try:
        source = drafts.save(session, store, held, desk.revision, changes)
    except Refused as refusal:
        if refusal.code == "draft-changed":
            return _conflict()
        raise
    for safe in (desk.source, source):
        drafts.note_safe(store, held, safe.content_hash)
    now = Desk(held, desk.draft_id, held.revision, source, _same_piece(source, desk.piece), desk.locale)
    document = now.document
    focus = document.starting_at(applied.focus) if applied.focus >= 0 else None
    return jsonify(
        revision=held.revision,
        hash=source.content_hash,
        message=_("Saved %(time)s", time=format_time(utcnow())),
        note=_review_note(applied),
        tree=part(
            "kits/_editor_tree.html", tree=Tree(document, source.manifest), markup=is_markup(now.piece)
        ),
        selected=focus.id if focus else None,
    )


def _same_piece(source: KitSource, piece: Piece) -> Piece:
    return next(
        (each for each in source.manifest.pieces if each.name == piece.name), source.manifest.pieces[0]
    )


def _review_note(applied: Applied) -> str:
    number = len(applied.reviewed)
    if not number:
        return ""
    names = ", ".join(language_name(tag) for tag in applied.reviewed)
    return ngettext(
        "The translation needs a review: %(names)s.",
        "The translations need a review: %(names)s.",
        number,
        names=names,
    )


def _conflict() -> ResponseReturnValue:
    message = _("Somebody else has changed this kit since you opened it. Your last change is not saved.")
    answer = jsonify(message=message, conflict=True)
    answer.status_code = 409
    return answer


@blueprint.errorhandler(Refused)
def _refused(refusal: Refused) -> ResponseReturnValue:
    findings = refusal.findings if isinstance(refusal, KitRefused) else ()
    answer = jsonify(
        message=_("Nothing was changed: the piece would no longer work.") if findings else str(refusal),
        findings=[{"where": each.where, "message": each.message, "mend": each.mend} for each in findings[:5]],
    )
    answer.status_code = 422
    return answer
