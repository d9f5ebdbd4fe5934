"""The proof kept beside each finished piece, and its check: that the piece is the vendor's, value holes apart.

``keep(store, row, …)`` at the launch, ``verify(session, store, campaign)`` at any time after. What is proved is said in
`tmpa.kits.locked` and `tmpa.kits.locked_typst`.
"""

import json
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.kernel.objects import MissingObject, ObjectStore
from tmpa.kernel.signing import fingerprint
from tmpa.kits import locked, locked_typst
from tmpa.kits.banner import locked_digest as banner_digest
from tmpa.kits.brand import Brand
from tmpa.kits.compile import CompiledPiece, compile_piece
from tmpa.kits.findings import CompileFailed
from tmpa.kits.manifest import BannerPiece
from tmpa.kits.service import load_source
from tmpa.kits.slots import SlotValues
from tmpa.kits.source import KitSource

_TYPESET = {"document", "banner"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one finished piece. `problem` is empty where it holds; else `region` says where.

    Problems: "gone" (the file), "changed" (not the file that was finished), "unproved" (nothing was kept beside it),
    "kit" (the kit gives another region than at the launch), "differs" (the piece differs from the kit).
    """

    piece: str
    locale: str
    kind: str
    problem: str = ""
    region: str = ""

    @property
    def holds(self) -> bool:
        return not self.problem


def shared_key(digest: str) -> str:
    """Where the record of a mail, page, post or snippet lies: the same for every partner with the same shape."""
    return f"locked/{digest}.json"


def own_key(object_key: str) -> str:
    """Where the record of a document or banner lies, with the values it was made with: beside the piece."""
    return f"{object_key}.locked.json"


def file_key(digest: str) -> str:
    """Where a file that a document was made with (a logo) lies, by its SHA-256."""
    return f"locked/files/{digest}"


def keep_compiled(store: ObjectStore, compiled: CompiledPiece) -> None:
    """Keep the digest of every region of a compiled piece; once for all partners."""
    known = _known(cast(Hashable, store))
    if compiled.locked_digest in known:
        return
    key = shared_key(compiled.locked_digest)
    if not store.exists(key):
        store.put(key, _json(locked.record_of(compiled)), "application/json")
    known.add(compiled.locked_digest)


@lru_cache(maxsize=8)
def _known(_store: Hashable) -> set[str]:
    """The digests whose records this process has seen in a store: a thousand partners ask for the same few."""
    return set()


def keep_typeset(
    store: ObjectStore, object_key: str, source: KitSource, piece: str, locale: str,
    brand: Brand, slots: SlotValues, page_url: str, size: str = "",
) -> None:  # fmt: skip
    """Keep the digest of every part of a document or banner, and the values to make it again."""
    record, files = locked_typst.record_of(source, piece, locale, brand, slots, page_url, size)
    for digest, content in files.items():
        if not store.exists(file_key(digest)):
            store.put(file_key(digest), content, "application/octet-stream")
    store.put(own_key(object_key), _json(record), "application/json")


def verify(session: Session, store: ObjectStore, campaign: Campaign) -> list[Verdict]:
    """A verdict on every finished piece of a campaign, from its bytes and the files of its kit version."""
    rows: Iterable[CampaignPiece] = session.scalars(
        select(CampaignPiece)
        .where(CampaignPiece.campaign_id == campaign.id)
        .order_by(CampaignPiece.piece, CampaignPiece.locale)
    )
    source = load_source(store, campaign.kit_version)
    return [Verdict(row.piece, row.locale, row.kind, *_judged(store, source, row)) for row in rows]


def _judged(store: ObjectStore, source: KitSource, row: CampaignPiece) -> tuple[str, str]:
    """Problem and region of one piece; two empty texts where it holds."""
    try:
        data = store.get(row.object_key)
    except MissingObject:
        return "gone", ""
    if fingerprint(data) != row.content_hash:
        return "changed", ""
    is_typeset = row.kind in _TYPESET
    try:
        record = json.loads(
            store.get(own_key(row.object_key) if is_typeset else shared_key(row.locked_digest))
        )
    except (MissingObject, ValueError):
        return "unproved", ""
    try:
        return (_typeset if is_typeset else _compiled)(store, source, row, record, data)
    except (KeyError, TypeError, ValueError, CompileFailed):
        return "kit", "piece"  # the kit can't give this piece at all


def _compiled(
    _store: ObjectStore, source: KitSource, row: CampaignPiece, record: dict[str, Any], data: bytes
) -> tuple[str, str]:
    compiled = compile_piece(source, row.piece, row.locale, locked.shape_in(record))
    if region := locked.changed_region(record, compiled):
        return "kit", region
    if compiled.locked_digest != row.locked_digest:
        return "kit", "holes"
    found = locked.verify_finished(data, compiled, source)
    return ("differs", found) if found else ("", "")


def _typeset(
    store: ObjectStore, source: KitSource, row: CampaignPiece, record: dict[str, Any], data: bytes
) -> tuple[str, str]:
    name, _at, size = row.piece.partition("@")
    if (record["piece"], record["locale"], record["size"]) != (name, row.locale, size):
        return "unproved", ""
    if part := locked_typst.changed_part(record, source):
        return "kit", part
    piece = source.manifest.piece(name)
    if isinstance(piece, BannerPiece):
        expected = banner_digest(source, piece, row.locale, size)
    else:
        expected = locked_typst.digest_of(source, name, row.locale, record["country"])
    if expected != row.locked_digest:
        return "kit", "digest"
    differs = locked_typst.remade_differs(data, record, source, lambda digest: store.get(file_key(digest)))
    return ("differs", differs) if differs else ("", "")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
