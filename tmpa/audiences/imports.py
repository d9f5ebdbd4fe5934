"""Importing contact lists: in steps that each commit, so that a crash goes on where it was."""

import csv
import io
import secrets
import uuid
from datetime import datetime
from itertools import islice
from typing import Any

from babel import Locale, UnknownLocaleError
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from tmpa.accounts.addresses import check_address, fold
from tmpa.audiences import parsing
from tmpa.audiences.models import Consent, Contact, ContactImport, ContactList, ListMember
from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import Services
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.ids import new_id
from tmpa.kernel.jobs import enqueue
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.scope import Scope, session_scope

STEP = 500
KEPT_REFUSALS = 1000
BASES: dict[str, Any] = {
    "opt_in": _l("They opted in (double opt-in or a ticked box)"),
    "soft_opt_in": _l("They are our customers and could object when we got the address (soft opt-in)"),
    "express": _l("They agreed expressly, in writing or in person"),
    "implied": _l("Business relationship of the last two years (implied, CASL)"),
}
REASONS: dict[str, Any] = {
    "no_address": _l("There is no e-mail address."),
    "bad_address": _l("The e-mail address is not valid."),
    "formula": _l("A cell begins like a spreadsheet formula."),
    "too_long": _l("A cell is longer than 2,000 characters."),
    "columns": _l("The line has more cells than the heading."),
    "duplicate": _l("The address stands in the file already; empty cells were filled from this line."),
}


def new_list(session: Session, name: str) -> ContactList:
    """A new list of the partner's. Raises Refused without a name."""
    partner_id = session_scope(session).organization_id
    if not name.strip():
        raise Refused(_l("Give the list a name."), "name")
    if partner_id is None:
        raise NotFound
    made = ContactList(partner_id=partner_id, name=name.strip()[:200])
    session.add(made)
    session.flush()
    return made


def import_file(
    session: Session,
    store: ObjectStore,
    target: ContactList,
    file_name: str,
    data: bytes,
    basis: str,
    source: str,
) -> ContactImport:
    """Take an uploaded list and have it imported by a job.

    `basis` (a key of BASES) and `source` are the evidence of consent kept for each person. Raises Refused for a
    file that can't be read, before anything is stored.
    """
    if basis not in BASES:
        raise Refused(_l("Say on what ground you may write to these people."), "basis")
    if not source.strip():
        raise Refused(_l("Say where the addresses come from, such as “Customers 2026, CRM”."), "source")
    table = parsing.read(data)
    row = ContactImport(
        id=new_id(),
        partner_id=target.partner_id,
        list_id=target.id,
        file_name=file_name[:200] or "contacts.csv",
        object_key="",
        basis=basis,
        source=source.strip()[:300],
        mapping=table.mapping,
        encoding=table.encoding,
        refusals=[],
    )
    row.object_key = f"imports/{row.id}/list.csv"
    store.put(row.object_key, data, "text/csv")
    session.add(row)
    session.flush()
    enqueue(session, "audiences.run_import", {"import_id": str(row.id)})
    audit.record(session, "contacts.import_started", row, file=row.file_name, basis=basis, source=row.source)
    return row


def run_import(context: Services, import_id: str) -> None:
    """The job: import STEP lines a transaction; run again, it goes on behind the last committed step.

    What was uploaded is deleted at the end: it holds people whom nobody could be asked to forget there.
    """
    key = uuid.UUID(import_id)
    with context.database.unit_of_work(Scope.system()) as session:
        row = session.get_one(ContactImport, key)
        done, object_key = row.rows_done, row.object_key
        over = row.state in ("done", "failed")
        row.state = row.state if over else "running"
    if over:
        context.store.delete(object_key)
        return
    table = parsing.read(context.store.get(object_key))
    rows = table.rows()
    try:
        for _ in islice(rows, done):
            pass
        while step := list(islice(rows, STEP)):
            with context.database.unit_of_work(Scope.system()) as session:
                row = session.get_one(ContactImport, key, with_for_update=True)
                if row.rows_done != done:  # the same job runs twice; the other one is ahead
                    return
                if refusals := _take(session, row, step):
                    context.store.put(f"{_parts(key)}{done:012}.csv", _report(refusals), "text/csv")
            done += len(step)
    except Refused as refusal:
        with context.database.unit_of_work(Scope.system()) as session:
            row = session.get_one(ContactImport, key)
            row.state, row.error, row.finished_at = "failed", str(refusal), utcnow()
        context.store.delete(object_key)
        return
    report = b"".join([_report([["row", "value", "reason"]]), *_take_parts(context.store, key)])
    with context.database.unit_of_work(Scope.system()) as session:
        row = session.get_one(ContactImport, key)
        row.report_key = f"imports/{row.id}/report.csv"
        context.store.put(row.report_key, b"\xef\xbb\xbf" + report, "text/csv")
        row.state, row.finished_at = "done", utcnow()
    for part in [*context.store.list(_parts(key)), object_key]:
        context.store.delete(part)


def delete_report(context: Services, import_id: str) -> None:
    """The job: an import's report named somebody who was erased."""
    context.store.delete(f"imports/{uuid.UUID(import_id)}/report.csv")


def _parts(key: uuid.UUID) -> str:
    """Where the report's parts lie, one a step, until they are joined."""
    return f"imports/{key}/parts/"


def _take_parts(store: ObjectStore, key: uuid.UUID) -> list[bytes]:
    return [store.get(part) for part in sorted(store.list(_parts(key)))]


def _take(session: Session, row: ContactImport, step: list[parsing.Row]) -> list[list[Any]]:
    """Import a step; the lines that weren't taken as they are, as [line, address, reason]."""
    good: dict[str, dict[str, str]] = {}
    lines: dict[str, int] = {}
    refusals: list[dict[str, Any]] = []
    for line in step:
        problem = line.problem or _address_problem(line.cells)
        if not problem:
            key = fold(line.cells["email"])
            if key in good:
                good[key] = {**line.cells, **{k: v for k, v in good[key].items() if v}}
                problem = "duplicate"
            else:
                good[key], lines[key] = line.cells, line.number
        if problem:
            refusals.append(
                {"row": line.number, "value": line.cells.get("email", "")[:120], "reason": problem}
            )
    now = utcnow()
    known = {
        contact.email_key: contact
        for contact in session.scalars(
            select(Contact).where(Contact.partner_id == row.partner_id, Contact.email_key.in_(good))
        )
    }
    listed = set(
        session.scalars(
            select(ListMember.contact_id).where(
                ListMember.list_id == row.list_id, ListMember.contact_id.in_([c.id for c in known.values()])
            )
        )
    )
    earlier = {key for key in known if known[key].id in listed and known[key].created_at >= row.created_at}
    for key in earlier:  # came in an earlier step of this very file
        refusals.append({"row": lines[key], "value": good[key]["email"][:120], "reason": "duplicate"})
    for key, contact in known.items():
        _fill(contact, good[key], now)
    fresh = [_contact(row, key, cells) for key, cells in good.items() if key not in known]
    if fresh:
        session.execute(insert(Contact), fresh)
    ids = [contact["id"] for contact in fresh] + [c.id for c in known.values() if c.id not in listed]
    if ids:
        session.execute(
            insert(ListMember),
            [{"partner_id": row.partner_id, "list_id": row.list_id, "contact_id": each} for each in ids],
        )
    consenting = [c["id"] for c in fresh] + [c.id for c in known.values() if c.consent == "none"]
    if consenting:
        session.execute(insert(Consent), [_consent(row, each, now) for each in consenting])
    for contact in known.values():
        if contact.consent == "none":  # a consent withdrawn stays withdrawn: an import doesn't revive it
            contact.consent = "given"
    row.rows_done += len(step)
    row.imported += len(fresh)
    row.updated += len(known) - len(earlier)
    duplicates = sum(1 for each in refusals if each["reason"] == "duplicate")
    row.duplicates += duplicates
    row.refused += len(refusals) - duplicates
    refusals.sort(key=lambda each: each["row"])
    row.refusals = [*row.refusals, *refusals][:KEPT_REFUSALS]
    return [[each["row"], each["value"], each["reason"]] for each in refusals]


def _address_problem(cells: dict[str, str]) -> str:
    if not cells.get("email"):
        return "no_address"
    try:
        cells["email"] = check_address(cells["email"])
    except Refused:
        return "bad_address"
    return ""


def _contact(row: ContactImport, key: str, cells: dict[str, str]) -> dict[str, Any]:
    return {
        "id": new_id(),
        "partner_id": row.partner_id,
        "email": cells["email"],
        "email_key": key,
        "consent": "given",
        "pseudonym_key": secrets.token_bytes(32),
        **_details(cells),
    }


def _details(cells: dict[str, str]) -> dict[str, str]:
    country = cells.get("country", "").upper()
    return {
        "first_name": cells.get("first_name", "")[:200],
        "last_name": cells.get("last_name", "")[:200],
        "company": cells.get("company", "")[:200],
        "country": country if len(country) == 2 else "",
        "phone": cells.get("phone", "")[:60],
        "locale": _locale(cells.get("locale", "")),
    }


def _locale(text: str) -> str:
    try:
        return str(Locale.parse(text.replace("-", "_"))).replace("_", "-")[:16] if text else ""
    except (UnknownLocaleError, ValueError):
        return ""


def _fill(contact: Contact, cells: dict[str, str], now: datetime) -> None:
    for name, value in _details(cells).items():
        if value and not getattr(contact, name):
            setattr(contact, name, value)
            contact.updated_at = now


def _consent(row: ContactImport, contact_id: uuid.UUID, now: datetime) -> dict[str, Any]:
    return {
        "partner_id": row.partner_id,
        "contact_id": contact_id,
        "state": "given",
        "basis": row.basis,
        "source": f"{row.source} ({row.file_name})"[:300],
        "wording": "",
        "occurred_at": now,
    }


def _report(rows: list[list[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    for number, value, reason in rows:
        # a report opened in a spreadsheet must not run what was refused (OWASP, CSV injection)
        writer.writerow([number, "'" + value if value and value[0] in "=+-@\t\r" else value, reason])
    return out.getvalue().encode()
