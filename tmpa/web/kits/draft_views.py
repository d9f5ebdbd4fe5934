"""A kit on its way to publishing: upload, check, look, publish; or throw it away."""

import re
from collections.abc import Mapping
from datetime import timedelta
from html import escape

from flask import request, url_for
from flask.typing import ResponseReturnValue

from tmpa.accounts.models import User
from tmpa.campaigns import previews
from tmpa.campaigns.addresses import page_url
from tmpa.campaigns.models import Campaign
from tmpa.campaigns.rendering import Frame
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import db, flash, go, render, route, services
from tmpa.kernel.i18n import current_locale, direction
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.objects import MissingObject
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load
from tmpa.kits import drafts, queries, service
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.diff import compare
from tmpa.kits.findings import Finding, KitRefused
from tmpa.kits.localisation.coverage import coverage
from tmpa.kits.models import Kit, KitDraft, KitVersion
from tmpa.kits.samples import sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource, read_zip
from tmpa.web.campaign.frames import frame_response
from tmpa.web.campaign.upgrade_views import grouped
from tmpa.web.kits.findings import by_file
from tmpa.web.kits.forms import NotesForm, UploadForm
from tmpa.web.kits.matrix import brand_of, matrix
from tmpa.web.kits.reach import audience
from tmpa.web.kits.views import blueprint, nearest_locale

PUBLISH = Permission.PUBLISH_KITS
_BROKEN = (
    '<!doctype html><html lang="{locale}" dir="{direction}"><meta charset="utf-8"><title></title>'
    '<body style="margin:0;padding:32px;background:#fff;color:#8a1c12;font:18px/1.5 system-ui,sans-serif;'
    'overflow-wrap:anywhere">{why}</body></html>'
)
PATIENCE = timedelta(seconds=60)
"""A check that takes longer has probably lost its worker: it can be asked for again."""


@route(blueprint, "/kits/publish", PUBLISH, methods=("GET", "POST"))
def publish() -> ResponseReturnValue:
    """Upload a zip: it becomes the draft of the kit that it names."""
    form = UploadForm()
    found: tuple[Finding, ...] = ()
    if form.validate_on_submit():
        try:
            return _take(read_zip(form.kit.data.read()), form.notes.data or "")
        except KitRefused as refusal:
            found = refusal.findings
            form.refuse(Refused(_("This can’t be read as a kit. See what was found."), "kit"))
        except Refused as refusal:
            form.refuse(refusal)
    return render("kits/publish.html", 422 if form.errors else 200, form=form, groups=by_file(found))


def _take(source: KitSource, notes: str) -> ResponseReturnValue:
    """Open the upload as a draft; ask first where somebody works on another one of the same kit."""
    name = source.manifest.name
    kit, store = queries.kit_named(db(), name), services().store
    kept = queries.draft_of(db(), name)
    if kept is None:
        kept = drafts.open_draft(db(), store, source, queries.latest(kit) if kit else None)
        kept.notes = notes.strip()
    elif kept.content_hash != source.content_hash:
        drafts.hold_upload(db(), store, source)
        editor = db().get(User, kept.updated_by) if kept.updated_by else None
        return render(
            "kits/replace.html",
            draft=kept,
            upload=source.content_hash,
            notes=notes,
            version=source.manifest.version,
            editor=editor.name if editor else "",
        )
    return go("kits.draft", draft=kept.public_id)


@route(blueprint, "/kits/drafts/<draft>/replace", PUBLISH, methods=("POST",))
def replace_draft(draft: str) -> ResponseReturnValue:
    """The upload takes the draft's place, as its vendor decided."""
    found = load(db(), KitDraft, draft)
    upload = request.form.get("upload", "")
    if not re.fullmatch(r"[0-9a-f]{64}", upload):
        raise NotFound
    try:
        source = drafts.held_upload(db(), services().store, upload)
    except MissingObject:
        raise NotFound from None
    if source.manifest.name != found.name:
        raise NotFound
    drafts.replace(db(), services().store, found, source)
    found.notes = request.form.get("notes", "").strip()[:2000]
    return go("kits.draft", draft=draft)


@route(blueprint, "/kits/<kit>/draft", PUBLISH, methods=("POST",))
def open_draft(kit: str) -> ResponseReturnValue:
    """Work on a published version: its files become the draft, unless there is one already."""
    found = load(db(), Kit, kit)
    asked = request.form.get("version", "")
    version = load(db(), KitVersion, asked) if asked else queries.latest(found)
    if version.kit_id != found.id:
        raise NotFound
    store = services().store
    draft = drafts.open_draft(db(), store, service.load_source(store, version), version)
    return go("kits.draft", draft=draft.public_id)


@route(blueprint, "/kits/drafts/<draft>", PUBLISH)
def draft(draft: str) -> ResponseReturnValue:
    """The draft as a place to work: findings, coverage, pictures, what changed, whom it reaches, publish."""
    return _draft(load(db(), KitDraft, draft), NotesForm())


def _number_problem(source: KitSource, kit: Kit | None) -> str:
    try:
        service.check_number(source, kit.versions if kit else ())
    except Refused as refusal:
        return str(refusal)
    return ""


def _draft(found: KitDraft, form: NotesForm, number_problem: str = "") -> ResponseReturnValue:
    try:
        source = drafts.draft_source(services().store, found)
    except Refused as refusal:
        return render("kits/draft_lost.html", 422, draft=found, refusal=str(refusal))
    if not form.is_submitted():
        form.notes.data = found.notes
    manifest = source.manifest
    near = nearest_locale(source, current_locale())
    words = load_catalogue(source, near).gettext
    kit = queries.kit_named(db(), found.name)
    before = queries.latest(kit) if kit and kit.versions else None
    findings = [Finding.from_json(item) for item in found.findings]
    # the check's process may die of a hostile kit, this one may not: nothing is shown before it has come to its end
    is_safe = found.is_checked and drafts.is_safe(services().store, found)

    def address(piece: str, locale: str, look: Mapping[str, str]) -> str:
        return url_for(".draft_preview", draft=found.public_id, piece=piece, locale=locale, **look)  # type: ignore[arg-type]

    return render(
        "kits/draft.html",
        422 if form.errors or number_problem else 200,
        draft=found,
        manifest=manifest,
        title=words(manifest.title),
        summary=words(manifest.summary),
        form=form,
        kit=kit,
        before=before,
        is_late=_is_late(found),
        is_same=before is not None and before.content_hash == source.content_hash,
        number_problem=number_problem or _number_problem(source, kit),
        next_number=service.next_number(kit.versions if kit else ()),
        groups=by_file(findings),
        errors=sum(finding.severity == "error" for finding in findings),
        warnings=sum(finding.severity != "error" for finding in findings),
        coverage=coverage(source) if found.is_checked else [],
        matrix=matrix(source, request.args, near, words, address) if is_safe else None,
        changes=grouped(compare(service.load_source(services().store, before), source)) if before else [],
        audience=audience(
            db(), found.vendor_id, kit.id if kit else None, manifest.version, manifest.model_dump(mode="json")
        ),
    )


def _is_late(found: KitDraft) -> bool:
    return found.updated_at is not None and found.updated_at < utcnow() - PATIENCE


@route(blueprint, "/kits/drafts/<draft>/check", PUBLISH)
def draft_check(draft: str) -> ResponseReturnValue:
    """How the check goes, asked for while it runs; the whole page when it has ended."""
    found = load(db(), KitDraft, draft)
    response = render("kits/_checking.html", draft=found, is_late=_is_late(found))
    if found.is_checked:
        response.headers["HX-Refresh"] = "true"
    return response


@route(blueprint, "/kits/drafts/<draft>/check", PUBLISH, methods=("POST",))
def check_again(draft: str) -> ResponseReturnValue:
    """Ask for the check again: its worker was lost, or the rules are newer than the findings."""
    found = load(db(), KitDraft, draft)
    drafts.lock(db(), found)
    found.checked_hash, found.updated_at = "", utcnow()
    drafts.ask_check(db(), found)
    return go("kits.draft", draft=draft)


@route(blueprint, "/kits/drafts/<draft>/number", PUBLISH, methods=("POST",))
def number_draft(draft: str) -> ResponseReturnValue:
    """Another version number, for those who don't edit kit.toml."""
    found = load(db(), KitDraft, draft)
    try:
        drafts.renumber(db(), services().store, found, request.form.get("version", "").strip())
    except Refused as refusal:
        if refusal.field != "version":
            raise
        return _draft(found, NotesForm(), str(refusal))
    return go("kits.draft", draft=draft)


@route(blueprint, "/kits/drafts/<draft>/publish", PUBLISH, methods=("POST",))
def publish_draft(draft: str) -> ResponseReturnValue:
    """Publish the very files that the page showed."""
    found, form = load(db(), KitDraft, draft), NotesForm()
    if form.validate():
        try:
            version = service.publish_draft(
                db(), services().store, found, request.form.get("content_hash", ""), form.notes.data or ""
            )
        except Refused as refusal:
            if refusal.code == "draft-gone":
                raise
            form.refuse(refusal)
        else:
            flash(_("%(title)s %(version)s is published.", title=version.kit.title, version=version.version))
            return go("kits.detail", kit=version.kit.public_id)
    return _draft(found, form)


@route(blueprint, "/kits/drafts/<draft>/discard", PUBLISH, methods=("POST",))
def discard_draft(draft: str) -> ResponseReturnValue:
    drafts.discard(db(), load(db(), KitDraft, draft))
    flash(_("The draft is thrown away. Published versions are as they were."))
    return go("kits.index")


@route(blueprint, "/kits/drafts/<draft>/preview/<piece>/<locale>", PUBLISH)
def draft_preview(draft: str, piece: str, locale: str) -> ResponseReturnValue:
    """A piece of a checked draft for a frame, in the brand that is asked for."""
    found = load(db(), KitDraft, draft)
    source = drafts.draft_source(services().store, found)
    is_known = piece in {each.name for each in source.manifest.pieces} and locale in source.manifest.locales
    if not is_known or not found.is_checked or not drafts.is_safe(services().store, found):
        raise NotFound
    slots = validate_slots(source, sample_values(source, locale), locale, partial=True)
    address = page_url(services().settings, Campaign(slug=found.name), locale)
    try:
        html = previews.preview(
            Frame(source, locale, brand_of(request.args), slots, address),
            piece,
            bare=bool(request.args.get("bare")),
        )
    except Refused as refusal:  # a draft may be broken: its picture says how
        html = _BROKEN.format(locale=current_locale(), direction=direction(), why=escape(str(refusal)))
    return frame_response(html)


__all__ = ["blueprint"]
