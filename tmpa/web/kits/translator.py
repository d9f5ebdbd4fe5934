"""The translator's page: a draft's texts in one language beside the pieces that show them."""

from typing import cast

from flask import Blueprint, Response, request, url_for
from flask import render_template as part
from flask.typing import ResponseReturnValue

from tmpa.campaigns import previews
from tmpa.campaigns.addresses import page_url
from tmpa.campaigns.models import Campaign
from tmpa.campaigns.rendering import Frame
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import db, flash, go, render, route, scope, services
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import language_name, ngettext
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load, session_scope
from tmpa.kits import drafts, queries
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.localisation import translating
from tmpa.kits.localisation.coverage import coverage
from tmpa.kits.localisation.exchange import CONTENT_TYPES, Form, Imported, export, file_name
from tmpa.kits.localisation.memory import Match, Remembered, remember
from tmpa.kits.localisation.suggestions import Wish, open_suggester
from tmpa.kits.localisation.translating import FormsRefused, Typed
from tmpa.kits.localisation.units import RANK, State, Unit
from tmpa.kits.models import KitDraft, KitVersion
from tmpa.kits.samples import sample_values
from tmpa.kits.service import load_source
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource
from tmpa.web.campaign.frames import frame_response
from tmpa.web.kits import translating as shown
from tmpa.web.kits.translating import Page, page_of

blueprint = Blueprint("kit_translations", __name__, template_folder="templates")

_MAX_FORMS = 6


def _open(draft: str) -> tuple[KitDraft, KitSource]:
    """The draft with its files. Read apart from the request's session: rendering must hold no database lock.

    Raises NotFound, and Refused for files that are lost.
    """
    with services().database.unit_of_work(scope(), write=False) as session:
        found = load(session, KitDraft, draft)
        session.expunge(found)
    return found, drafts.draft_source(services().store, found)


def _page(draft: str, locale: str) -> Page:
    """The page of a locale that the kit is translated into. Raises NotFound."""
    found, source = _open(draft)
    if locale not in source.manifest.locales or locale == source.manifest.source_locale:
        raise NotFound
    return page_of(found, source, locale, request.values.get("show", ""), request.values.get("text", ""))


@route(blueprint, "/kits/translations", Permission.TRANSLATE_KITS)
def index() -> ResponseReturnValue:
    """Kits that are open for translation, and published ones that can be opened."""
    rows = []
    open_names = set()
    for draft in db().query(KitDraft).order_by(KitDraft.title):
        open_names.add(draft.name)
        try:
            rows.append((draft, coverage(drafts.draft_source(services().store, draft))))
        except Refused:
            continue  # its own page says what is wrong with it
    closed = [
        (kit, version, coverage(load_source(services().store, version)))
        for kit in queries.kits(db())
        if kit.versions and kit.name not in open_names and (version := queries.latest(kit))
    ]
    return render("kits/translations.html", rows=rows, closed=closed, locale_name=language_name)


@route(blueprint, "/kits/translations/<version>", Permission.TRANSLATE_KITS, methods=("POST",))
def open_version(version: str) -> ResponseReturnValue:
    """Make a draft of a published version, to translate it further."""
    found = load(db(), KitVersion, version)
    source = load_source(services().store, found)
    try:
        draft = drafts.open_draft(db(), services().store, source, found)
    except Refused as refusal:
        flash(str(refusal), "error")
        return go("kit_translations.index")
    db().flush()
    return go("kit_translations.locales", draft=draft.public_id)


@route(blueprint, "/kits/drafts/<draft>/translate", Permission.TRANSLATE_KITS)
def locales(draft: str) -> ResponseReturnValue:
    """Every language of a draft with its coverage."""
    found, source = _open(draft)
    return render(
        "kits/translate_locales.html",
        draft=found,
        manifest=source.manifest,
        coverage=coverage(source),
        locale_name=language_name,
    )


@route(blueprint, "/kits/drafts/<draft>/translate/<locale>", Permission.TRANSLATE_KITS)
def texts(draft: str, locale: str) -> ResponseReturnValue:
    """The texts of one language, one of them at hand."""
    return _shown(_page(draft, locale))


def _shown(
    page: Page,
    *,
    typed: tuple[str, ...] = (),
    state: State | None = None,
    errors: dict[int, str] | None = None,
    problem: str = "",
    doubts: bool = False,
) -> ResponseReturnValue:
    unit = page.unit
    pieces = shown.pieces_of(page, unit)
    named = request.values.get("piece", "")
    piece = next((each for each in pieces if each.name == named), pieces[0])
    address = {"draft": page.draft.public_id, "locale": page.locale}
    return render(
        "kits/translate.html",
        422 if errors or problem else 200,
        page=page,
        unit=unit,
        forms=shown.forms_of(page, typed, errors),
        state=state or ("reviewed" if unit and unit.state == "reviewed" else "translated"),
        seen=shown.seen_of(unit) if unit else "",
        codes=shown.codes_of(unit) if unit else (),
        limit=shown.limit_of(page, unit) if unit else None,
        marked=lambda text: shown.marked(page, text),
        matches=shown.matches_of(db(), page, unit) if unit else [],
        problem=problem,
        doubts=doubts,
        pieces=pieces,
        piece=piece,
        width=previews.WIDTHS[piece.kind],
        preview_url=url_for(".preview", draft=page.draft.public_id, locale=page.locale, piece=piece.name),
        suggests=open_suggester(services().settings) is not None,
        locale_name=language_name,
        address=address,
    )


def _typed() -> tuple[str, ...]:
    """The forms of the text at hand as they were typed."""
    names = [f"form{number}" for number in range(_MAX_FORMS)]
    return tuple(translating.tidy(request.form[name]) for name in names if name in request.form)


def _state() -> State:
    asked = request.form.get("state", "")
    return asked if asked in RANK else "translated"


@route(blueprint, "/kits/drafts/<draft>/translate/<locale>", Permission.TRANSLATE_KITS, methods=("POST",))
def save(draft: str, locale: str) -> ResponseReturnValue:
    """Keep the text at hand and go on to the next of the view."""
    page = _page(draft, locale)
    typed, state = _typed(), _state()
    if page.unit is None or request.form.get("text") != page.unit.key:
        flash(_("The kit no longer has this text."), "error")
        return go("kit_translations.texts", **_here(page))
    wish = Typed(page.unit.key, typed, state, request.form.get("seen", ""), bool(request.form.get("insist")))
    try:
        held = load(db(), KitDraft, draft)
        translating.save_text(db(), services().store, held, locale, wish)
    except FormsRefused as refusal:
        return _shown(page, typed=typed, state=state, errors=refusal.errors, doubts=refusal.doubts)
    except Refused as refusal:
        fresh = _page(draft, locale)  # with the stamp of what stands there now: saving again replaces it
        return _shown(fresh, typed=typed, state=state, problem=str(refusal))
    following = page.next_key() if request.form.get("go") == "next" else page.unit.key
    if request.form.get("go") == "next" and not following:
        flash(_("That was the last text of this view."))
    return go("kit_translations.texts", **_here(page), text=following or None)


def _here(page: Page) -> dict[str, str]:
    return {"draft": page.draft.public_id, "locale": page.locale, "show": page.show}


@route(
    blueprint, "/kits/drafts/<draft>/translate/<locale>/stale", Permission.TRANSLATE_KITS, methods=("POST",)
)
def clean(draft: str, locale: str) -> ResponseReturnValue:
    """Take the translations out that the kit no longer needs."""
    page = _page(draft, locale)
    try:
        number = translating.remove_stale(db(), services().store, load(db(), KitDraft, draft), locale)
    except Refused as refusal:
        flash(str(refusal), "error")
    else:
        flash(
            ngettext(
                "%(num)s translation is removed. The translation memory keeps it.",
                "%(num)s translations are removed. The translation memory keeps them.",
                number,
            )
        )
    return go("kit_translations.texts", draft=page.draft.public_id, locale=locale)


@route(
    blueprint,
    "/kits/drafts/<draft>/translate/<locale>/preview/<piece>",
    Permission.TRANSLATE_KITS,
    methods=("GET", "POST"),
)
def preview(draft: str, locale: str, piece: str) -> ResponseReturnValue:
    """A piece in that language; posted to, with what is typed but not saved yet."""
    page = _page(draft, locale)
    source, typed = page.source, _typed()
    try:
        drafts.check_safe(services().store, page.draft)
        if request.method == "POST" and page.unit and len(typed) == len(page.unit.entry.forms):
            state: State = "translated" if any(typed) else "missing"
            source = translating.with_forms(source, locale, page.unit, typed, state)
        slots = validate_slots(source, sample_values(source, locale), locale, partial=True)
        address = page_url(services().settings, Campaign(slug=source.manifest.name), locale)
        html = previews.preview(Frame(source, locale, SAMPLE_BRAND, slots, address), piece)
    except Refused as refusal:
        return Response(str(refusal), 422, content_type="text/plain; charset=utf-8")
    return frame_response(html)


@route(
    blueprint, "/kits/drafts/<draft>/translate/<locale>/suggest", Permission.TRANSLATE_KITS, methods=("POST",)
)
def suggest(draft: str, locale: str) -> ResponseReturnValue:
    """Ask the suggestion service for the text at hand; nothing enters the catalogue."""
    page = _page(draft, locale)
    suggester = open_suggester(services().settings)
    if page.unit is None or suggester is None:
        raise NotFound
    unit = page.unit
    try:
        forms = suggester.suggest(_wish(page, unit))
    except Refused as refusal:
        return Response(part("kits/_suggestions.html", matches=[], problem=str(refusal), page=page), 200)
    kept = [Remembered(unit.source, forms, locale)]
    vendor = session_scope(db()).organization_id
    if vendor is not None:
        remember(db(), vendor, page.source_locale, page.source.manifest.name, kept, "machine")
    match = Match(unit.source, forms, 1.0, "machine", page.source.manifest.name)
    others = [each for each in shown.matches_of(db(), page, unit) if each.origin != "machine"]
    return Response(part("kits/_suggestions.html", matches=[match, *others], problem="", page=page))


def _wish(page: Page, unit: Unit) -> Wish:
    asked = tuple(unit.source_of(number) for number in range(len(unit.entry.forms)))
    return Wish(page.source_locale, page.locale, asked, unit.entry.hints, shown.glossary_of(page, unit))


@route(
    blueprint,
    "/kits/drafts/<draft>/translate/<locale>/file/<any(xliff, xliff12, po):form>",
    Permission.TRANSLATE_KITS,
)
def download(draft: str, locale: str, form: str) -> ResponseReturnValue:
    """All texts as a file for a translation agency."""
    page, chosen = _page(draft, locale), cast(Form, form)
    answer = Response(export(page.source, locale, chosen), content_type=CONTENT_TYPES[chosen])
    name = file_name(page.source, locale, chosen)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@route(
    blueprint,
    "/kits/drafts/<draft>/translate/<locale>/file",
    Permission.TRANSLATE_KITS,
    methods=("GET", "POST"),
)
def upload(draft: str, locale: str) -> ResponseReturnValue:
    """Files out and back; after an upload, what came of each text."""
    page = _page(draft, locale)
    done: Imported | None = None
    problem = ""
    if request.method == "POST":
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            problem = _("Choose a file.")
        else:
            try:
                held = load(db(), KitDraft, draft)
                done = translating.import_upload(
                    db(), services().store, held, locale, sent.filename[:100], sent.read()
                )
            except Refused as refusal:
                problem = str(refusal)
    return render(
        "kits/translate_files.html",
        422 if problem else 200,
        page=page,
        done=done,
        problem=problem,
        locale_name=language_name,
        address={"draft": page.draft.public_id, "locale": locale},
    )
