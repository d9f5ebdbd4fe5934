"""The vendor's translation memory: what a text was translated to before, in any kit and version.

Filled when a version is published (job kits.remember_translations) and when a person saves or imports; one row for
each text and locale, the latest word of a person counts. Machine suggestions are kept in it too, but never replace
what people wrote, and nothing takes them over unreviewed.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope, load
from tmpa.kits.localisation.similarity import LEAST, similarity
from tmpa.kits.localisation.units import units
from tmpa.kits.models import KitVersion, Translation
from tmpa.kits.service import load_source
from tmpa.kits.source import KitSource

Origin = Literal["kit", "person", "import", "machine"]
MAX_COMPARED = 4000  # rows of a length that could be similar enough
MAX_MEASURED = 40  # of them, those with most in common are measured exactly
_BATCH = 400  # keys in one statement; SQLite's own limit is 32,766


@dataclass(frozen=True, slots=True)
class Remembered:
    """A translation to keep."""

    source: str
    forms: tuple[str, ...]
    locale: str


@dataclass(frozen=True, slots=True)
class Match:
    """A translation from the memory. `score` is 1 for the very same source text."""

    source: str
    forms: tuple[str, ...]
    score: float
    origin: str
    kit_name: str

    @property
    def percent(self) -> int:
        """`score` as whole percent, 100 only for the same text."""
        return int(self.score * 100)


def source_key(source: str) -> str:
    """SHA-256 (hex) of a source text."""
    return hashlib.sha256(source.encode()).hexdigest()


def remember(
    session: Session,
    vendor_id: uuid.UUID,
    source_locale: str,
    kit_name: str,
    items: Iterable[Remembered],
    origin: Origin,
    reviewed_by: uuid.UUID | None = None,
) -> int:
    """Keep translations; how many were new or changed. Keeping the same again changes nothing.

    `reviewed_by` is the person who answers for them.
    """
    by_locale: dict[str, dict[str, Remembered]] = {}
    for item in items:
        if all(item.forms):
            by_locale.setdefault(item.locale, {})[source_key(item.source)] = item
    changed = 0
    for locale, keyed in by_locale.items():
        for keys in _batches(keyed):
            known = {
                row.source_key: row
                for row in session.scalars(
                    select(Translation).where(
                        Translation.vendor_id == vendor_id,
                        Translation.source_locale == source_locale,
                        Translation.locale == locale,
                        Translation.source_key.in_(keys),
                    )
                )
            }
            for key in keys:
                row, item = known.get(key), keyed[key]
                if row is None:
                    row = Translation(
                        vendor_id=vendor_id,
                        source_locale=source_locale,
                        locale=locale,
                        source_key=key,
                        source=item.source,
                        forms=[],
                        origin=origin,
                    )
                    session.add(row)
                elif (origin == "machine" and row.origin != "machine") or row.forms == list(item.forms):
                    if origin != "machine" and row.origin == "machine":
                        # people took the suggestion over
                        row.origin, row.kit_name, row.reviewed_by = origin, kit_name, reviewed_by
                    continue
                row.forms, row.origin, row.kit_name = list(item.forms), origin, kit_name
                row.reviewed_by, row.updated_at = reviewed_by, utcnow()
                changed += 1
    session.flush()
    return changed


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def kit_translations(source: KitSource) -> Iterator[Remembered]:
    """Every finished translation of a kit."""
    for locale in source.manifest.locales:
        if locale != source.manifest.source_locale:
            for unit in units(source, locale):
                if unit.entry.translated and not unit.broken:
                    yield Remembered(unit.source, unit.entry.forms, locale)


def remember_version(context: Services, kit_version: str) -> None:
    """Keep the translations of a published version (the job of the event kit.published)."""
    with context.database.unit_of_work(Scope.system()) as session:
        version = load(session, KitVersion, kit_version)
        source = load_source(context.store, version)
        manifest = source.manifest
        found = kit_translations(source)
        remember(session, version.vendor_id, manifest.source_locale, manifest.name, found, "kit")


@lru_cache(maxsize=20_000)
def _pairs(text: str) -> frozenset[str]:
    """Pairs of neighbouring letters: quick to compare, in scripts with and without spaces."""
    folded = text.casefold()
    return frozenset(folded[at : at + 2] for at in range(len(folded) - 1)) or frozenset((folded,))


def lookup(
    session: Session, source_locale: str, locale: str, text: str, *, limit: int = 5, least: float = LEAST
) -> list[Match]:
    """Translations of `text` and of texts like it, best first, of the vendor in scope only.

    Machine suggestions stand after what people wrote with the same score.
    """
    size = len(text)
    rows = session.execute(
        select(Translation.source, Translation.forms, Translation.origin, Translation.kit_name)
        .where(
            Translation.source_locale == source_locale,
            Translation.locale == locale,
            func.length(Translation.source) >= int(size * least / (2 - least)),
            func.length(Translation.source) <= int(size * (2 - least) / least) + 1,
        )
        .order_by(func.abs(func.length(Translation.source) - size))
        .limit(MAX_COMPARED)
    ).all()
    wanted = _pairs(text)

    def shared(source: str) -> float:
        pairs = _pairs(source)
        return len(wanted & pairs) / max(1, len(wanted | pairs))

    likely = sorted(rows, key=lambda row: -shared(row.source))[:MAX_MEASURED]
    found = [
        Match(row.source, tuple(row.forms), score, row.origin, row.kit_name)
        for row in likely
        if (score := similarity(text, row.source, least)) >= least
    ]
    return sorted(found, key=lambda match: (-match.score, match.origin == "machine", match.source))[:limit]
