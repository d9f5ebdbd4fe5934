"""Invoices: what may be uploaded, and whether one has been claimed before."""

import hashlib
import io
import re
import unicodedata
import uuid
import warnings
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tmpa.deals.conflicts import customer_key
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.scope import lifted
from tmpa.mdf.models import Claim, ClaimLine

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 60_000_000
KINDS = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice file whose content has been checked."""

    name: str
    data: bytes
    extension: str

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same invoice in another place. `claim_id` is None when the claim is another vendor's."""

    claim_id: uuid.UUID | None
    same_partner: bool
    same_file: bool
    state: str


def check_document(name: str, data: bytes) -> Document:
    """The file, known by its content to be a PDF, PNG or JPEG of at most 10 MB. Raises Refused (field document)."""
    if not data:
        raise Refused(_l("Choose the invoice file."), "document")
    if len(data) > MAX_BYTES:
        raise Refused(_l("The file is larger than 10 MB."), "document")
    return Document(_clean(name), data, _extension(data))


def _extension(data: bytes) -> str:
    if data.startswith(b"%PDF-"):
        # readers allow some bytes after the end marker (PDF 1.7, annex H)
        if b"%%EOF" not in data[-2048:]:
            raise Refused(_l("This PDF is not whole; export it again."), "document")
        return "pdf"
    found = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}
    extension = next((value for magic, value in found.items() if data.startswith(magic)), None)
    if extension is None:
        raise Refused(_l("An invoice is a PDF, PNG or JPEG file; this is something else."), "document")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit follows
            with Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise Refused(_l("The picture has too many pixels."), "document")
                picture.verify()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise Refused(_l("This picture is damaged; save it again."), "document") from None
    return extension


def _clean(name: str) -> str:
    """A file name for showing and for downloads: no path, no control characters."""
    base = re.split(r"[/\\]", name)[-1]
    shown = "".join(c for c in unicodedata.normalize("NFC", base) if unicodedata.category(c)[0] != "C")
    return shown.strip()[-200:] or "invoice"


def keep(store: ObjectStore, claim: Claim, document: Document) -> str:
    """Store the file under its content's digest; the key."""
    key = f"claims/{claim.id}/{document.digest}.{document.extension}"
    store.put(key, document.data, KINDS[document.extension])
    return key


def issuer_key(name: str) -> str:
    """An issuer's name as compared between invoices."""
    return customer_key(name)


def number_key(number: str) -> str:
    """An invoice number as compared: letters and digits alone, since people type the dashes differently."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", number)).casefold()


def duplicates(session: Session, lines: Iterable[ClaimLine]) -> dict[uuid.UUID, list[Duplicate]]:
    """By line: where the same invoice (issuer, number and amount, or the very same file) is claimed already.

    Drafts of others don't count; what was declined does, since it may not be claimed again.
    """
    wanted = list(lines)
    if not wanted:
        return {}
    found: defaultdict[uuid.UUID, list[Duplicate]] = defaultdict(list)
    vendor_id, partner_id = wanted[0].vendor_id, wanted[0].partner_id
    digests = [line.document_digest for line in wanted if line.document_digest]
    same = or_(
        ClaimLine.issuer_key.in_({line.issuer_key for line in wanted}), ClaimLine.document_digest.in_(digests)
    )
    # Looks across partners and vendors: the same costs may be claimed twice from two programmes. A claim of another
    # vendor is told to exist, and nothing else of it.
    with lifted(session):
        others = session.execute(
            select(ClaimLine, Claim).join(Claim, Claim.id == ClaimLine.claim_id).where(same)
        ).all()
    for line in wanted:
        for other, claim in others:
            if other.id == line.id or (claim.state == "draft" and claim.id != line.claim_id):
                continue
            same_file = bool(line.document_digest) and other.document_digest == line.document_digest
            if not same_file and not _same_invoice(line, other):
                continue
            # several lines of one claim may stand on one invoice file; only a repeated cost is a duplicate there
            if claim.id == line.claim_id and not (_same_invoice(line, other) and other.id < line.id):
                continue
            found[line.id].append(
                Duplicate(
                    claim.id if claim.vendor_id == vendor_id else None,
                    claim.partner_id == partner_id,
                    same_file,
                    claim.state,
                )
            )
    return dict(found)


def _same_invoice(one: ClaimLine, other: ClaimLine) -> bool:
    return (
        one.issuer_key == other.issuer_key
        and number_key(one.invoice_number) == number_key(other.invoice_number)
        and (one.gross_minor, one.currency) == (other.gross_minor, other.currency)
    )
