"""Contacts: lists, search, import with its report, suppressed addresses, erasing a person."""

from pathlib import PurePath

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from tmpa.accounts.addresses import check_address
from tmpa.audiences import imports, service, suppression
from tmpa.audiences.forms import ImportForm, SuppressForm
from tmpa.audiences.models import Consent, Contact, ContactImport, ContactList, Suppression
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import db, flash, go, render, route, safe_next, scope, services
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.permissions import Permission
from tmpa.kernel.scope import load

blueprint = Blueprint("audiences", __name__, template_folder="templates")


@route(blueprint, "/contacts", Permission.MANAGE_CONTACTS)
def contacts() -> ResponseReturnValue:
    return _contacts_page(None)


@route(blueprint, "/contacts/lists/<list_id>", Permission.MANAGE_CONTACTS)
def contact_list(list_id: str) -> ResponseReturnValue:
    return _contacts_page(load(db(), ContactList, list_id))


def _contacts_page(chosen: ContactList | None) -> ResponseReturnValue:
    search = request.args.get("q", "").strip()[:200]
    number = request.args.get("page", 1, type=int)
    return render(
        "audiences/contacts.html",
        lists=service.lists(db()),
        chosen=chosen,
        page=service.contacts(db(), search, number, chosen.id if chosen else None),
        search=search,
    )


@route(blueprint, "/contacts/import", Permission.MANAGE_CONTACTS, methods=("GET", "POST"))
def import_contacts() -> ResponseReturnValue:
    form = ImportForm()
    target = safe_next(request.args.get("next"))
    if form.validate_on_submit():
        try:
            started = _start_import(form)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return go(
                "audiences.contact_import",
                import_id=started.public_id,
                **({"next": target} if target else {}),
            )
    return render("audiences/import.html", 422 if form.errors else 200, form=form)


def _start_import(form: ImportForm) -> ContactImport:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise Refused(_("Choose a file."), "file")
    name = PurePath(upload.filename).name
    target = imports.new_list(db(), form.list_name.data or PurePath(name).stem)
    return imports.import_file(
        db(), services().store, target, name, upload.read(), form.basis.data, form.source.data or ""
    )


@route(blueprint, "/contacts/imports/<import_id>", Permission.MANAGE_CONTACTS)
def contact_import(import_id: str) -> ResponseReturnValue:
    row = load(db(), ContactImport, import_id)
    return render(
        "audiences/contact_import.html",
        row=row,
        list=db().get_one(ContactList, row.list_id),
        reasons=imports.REASONS,
        bases=imports.BASES,
        next_url=safe_next(request.args.get("next")),
    )


@route(blueprint, "/contacts/imports/<import_id>/progress", Permission.MANAGE_CONTACTS)
def import_progress(import_id: str) -> ResponseReturnValue:
    row = load(db(), ContactImport, import_id)
    response = render("audiences/_progress.html", row=row)
    if row.state in ("done", "failed"):
        response.headers["HX-Refresh"] = "true"
    return response


@route(blueprint, "/contacts/imports/<import_id>/report.csv", Permission.MANAGE_CONTACTS)
def import_report(import_id: str) -> ResponseReturnValue:
    row = load(db(), ContactImport, import_id)
    if row.report_key is None:
        raise NotFound
    return Response(
        services().store.get(row.report_key),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="report-{row.public_id}.csv"'},
    )


@route(blueprint, "/contacts/<contact_id>", Permission.MANAGE_CONTACTS)
def contact(contact_id: str) -> ResponseReturnValue:
    found = load(db(), Contact, contact_id)
    consents = db().scalars(
        select(Consent).where(Consent.contact_id == found.id).order_by(Consent.occurred_at)
    )
    stopped = suppression.suppressed(db(), [found.email_key], found.partner_id, None).get(found.email_key)
    return render(
        "audiences/contact.html",
        contact=found,
        consents=consents.all(),
        bases={**imports.BASES, "form": _("They ticked the box of a form")},
        stopped=suppression.REASON_NAMES[stopped] if stopped else None,
    )


@route(blueprint, "/contacts/<contact_id>/erase", Permission.MANAGE_CONTACTS, methods=("POST",))
def erase(contact_id: str) -> ResponseReturnValue:
    service.erase_contact(db(), load(db(), Contact, contact_id))
    flash(_("The person is forgotten. Counts and proofs stay as they were."))
    return go("audiences.contacts")


@route(blueprint, "/contacts/stopped", Permission.MANAGE_CONTACTS, methods=("GET", "POST"))
def stopped() -> ResponseReturnValue:
    form = SuppressForm()
    if form.validate_on_submit():
        try:
            address = check_address(form.email.data or "")
            suppression.suppress(
                db(), scope().organization_id, address, "asked", {"by": str(scope().user_id)}
            )
        except Refused as refusal:
            form.refuse(refusal)
        else:
            flash(_("No more mails go to %(email)s.", email=address))
            return go("audiences.stopped")
    rows = db().scalars(select(Suppression).order_by(Suppression.created_at.desc()).limit(500)).all()
    return render(
        "audiences/stopped.html",
        422 if form.errors else 200,
        form=form,
        rows=rows,
        reasons=suppression.REASON_NAMES,
    )
