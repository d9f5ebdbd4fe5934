"""From the spool into the database: in order, exactly once across crashes of either side.

The offset of a file moves in the transaction that stores its lines: either both happened or neither. Lines that
can't be stored are set aside beside their file and never hold up the others. A file is deleted when its writer has
let go of it and all of it is stored.
"""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import Counter
from sqlalchemy import delete, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from tmpa.engagement import spool
from tmpa.engagement.models import SpoolOffset
from tmpa.engagement.recording import Incoming, store
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope

KINDS = {"open": "opened", "click": "clicked", "visit": "visited", "form": "submitted"}
CHUNK_BYTES = 200_000  # about 700 events: a writing transaction that on SQLite holds up nobody for long

STORED = Counter("tmpa_engagement_events_total", "Engagement events stored from spools.")
REJECTED = Counter("tmpa_engagement_rejected_total", "Spool lines set aside because they can't be stored.")

log = structlog.get_logger("drain")


def drain_once(context: Services, spool_dir: Path) -> int:
    """Store everything that lies in the spool now; how many events that were new. Any number may run at once."""
    return sum(_drain_file(context, path) for path in spool.files(spool_dir))


def _drain_file(context: Services, path: Path) -> int:
    total = 0
    while True:
        try:
            if not _is_behind(context, path):
                _let_go(context, path)
                return total
            done, moved = _drain_chunk(context, path)
        except (DataError, IntegrityError):
            # Another drain began the same file in the same moment, or one line holds what the database refuses:
            # go on line by line, set that one aside.
            done, moved = _drain_one(context, path)
        except FileNotFoundError:  # another drain was faster and has deleted it
            return total
        total += done
        if not moved:
            _let_go(context, path)
            return total


def _is_behind(context: Services, path: Path) -> bool:
    # Read-only first: on SQLite a quiet spool must not be in everybody's way several times a second.
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        offset = session.scalars(
            select(SpoolOffset.offset).where(SpoolOffset.name == path.name)
        ).one_or_none()
    return path.stat().st_size > (offset or 0)


def _drain_one(context: Services, path: Path) -> tuple[int, bool]:
    try:
        return _drain_chunk(context, path, max_bytes=1)
    except (DataError, IntegrityError) as error:
        log.warning("drain.refused_by_database", file=path.name, error=str(error.orig)[:200])
        with context.database.unit_of_work(Scope.system()) as session:
            offset = _offset(session, path.name)
            lines, offset.offset = spool.read_lines(path, offset.offset, 1)
            spool.set_aside(path, lines)
        REJECTED.inc(len(lines))
        return 0, True


def _drain_chunk(context: Services, path: Path, max_bytes: int = CHUNK_BYTES) -> tuple[int, bool]:
    """Store the next lines of a file; how many events were new, and whether there was anything to read."""
    with context.database.unit_of_work(Scope.system()) as session:
        offset = _offset(session, path.name)
        lines, end = spool.read_lines(path, offset.offset, max_bytes)
        if not lines:
            session.rollback()  # half a line: its other half comes, or its writer is gone
            return 0, False
        batch, bad = _parse(lines)
        stored = store(session, context.store, list(batch.values()))
        bad += [lines[_line_of(batch, lines, orphan)] for orphan in stored.orphans]
        # Before the commit: a crash between the two sets a line aside twice, the other order would lose it.
        spool.set_aside(path, bad)
        offset.offset = end
    STORED.inc(stored.new)
    if bad:
        REJECTED.inc(len(bad))
        log.warning("drain.rejected", file=path.name, lines=len(bad))
    return stored.new, True


def _offset(session: Session, name: str) -> SpoolOffset:
    found = session.scalars(
        select(SpoolOffset).where(SpoolOffset.name == name).with_for_update()
    ).one_or_none()
    if found is None:
        found = SpoolOffset(name=name, offset=0)
        session.add(found)
        session.flush()
    return found


def _parse(lines: list[bytes]) -> tuple[dict[int, Incoming], list[bytes]]:
    """The events by their line's place, and the lines that aren't any."""
    good: dict[int, Incoming] = {}
    bad: list[bytes] = []
    for place, line in enumerate(lines):
        try:
            if b"\\ud" in line:  # half a character can't be stored: UnicodeEncodeError is a ValueError
                json.dumps(json.loads(line), ensure_ascii=False).encode()
            good[place] = incoming(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            bad.append(line)
    return good, bad


def incoming(line: dict[str, Any]) -> Incoming:
    """An intake's line as an event. Raises ValueError, KeyError, TypeError, AttributeError or OverflowError."""
    fields = line.get("f")
    if fields is not None and not all(isinstance(x, str) for pair in fields.items() for x in pair):
        raise ValueError("form fields are texts")
    visitor = line.get("r")
    return Incoming(
        id=uuid.UUID(hex=line["i"]),
        kind=KINDS[line["k"]],
        occurred_at=datetime.fromtimestamp(line["t"] / 1000, UTC),
        vendor_id=uuid.UUID(hex=line["v"]),
        subject_id=uuid.UUID(hex=line["s"]),
        link=int(line["l"]),
        method=str(line["m"])[:8],
        agent=str(line["a"])[:200].replace("\x00", ""),
        network=str(line["n"])[:48],
        visitor_id=uuid.UUID(hex=visitor) if visitor else None,
        signs=frozenset(str(line.get("g", "")).split()) & {"active", "trap", "fast"},
        fields={name: text.replace("\x00", "") for name, text in fields.items()}
        if fields is not None
        else None,
        email=str(line.get("e", "")),
        wording=str(line.get("c", "")),
    )


def _line_of(batch: dict[int, Incoming], lines: list[bytes], event_id: uuid.UUID) -> int:
    return next(place for place, item in batch.items() if item.id == event_id and place < len(lines))


def _let_go(context: Services, path: Path) -> None:
    """Delete a file that is finished and stored; a last line without an end was never answered, it is set aside."""
    try:
        with spool.finished(path) as is_finished:
            if not is_finished:
                return
            with context.database.unit_of_work(Scope.system()) as session:
                stored = session.scalars(
                    select(SpoolOffset.offset).where(SpoolOffset.name == path.name)
                ).one_or_none()
                rest = path.read_bytes()[stored or 0 :]
                if b"\n" in rest:  # written after we looked and before its writer let go: the next drain's
                    return
                spool.set_aside(path, [rest] if rest else [])
                # The file first: an offset without a file harms nobody, a file without its offset is read again.
                path.unlink()
                session.execute(delete(SpoolOffset).where(SpoolOffset.name == path.name))
    except FileNotFoundError:
        return
