"""The zip of a dossier: written in one way only, so that a changed byte anywhere in it is found.

Every entry is stored, not compressed, dated 1980-01-01, in the order of names, without comments or extra fields. A
reader writes what it read again and compares: any other way of writing the same files is refused.
"""

import io
import re
import zipfile
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_DATE = (1980, 1, 1, 0, 0, 0)
MAX_BYTES = 1_000_000_000


class BadContainer(Exception):
    """The file is not a dossier's zip; the text says why."""


def write(files: Mapping[str, bytes]) -> bytes:
    """The zip's bytes. Raises ValueError for a name that isn't a plain relative path."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            if not _NAME.fullmatch(name) or len(name) > 200:
                raise ValueError(f"not a dossier's file name: {name!r}")
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def read(data: bytes) -> dict[str, bytes]:
    """The files by name. Raises BadContainer unless the bytes are exactly what `write` gives for them."""
    if len(data) > MAX_BYTES:
        raise BadContainer("it is larger than a gigabyte")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            # Stored entries can't grow: whatever they claim, the file holds no more than its own length.
            if any(
                entry.compress_type != zipfile.ZIP_STORED or entry.file_size > len(data) for entry in entries
            ):
                raise BadContainer("it is compressed")
            files = {entry.filename: archive.read(entry) for entry in entries}
    except BadContainer:
        raise
    except (
        Exception
    ) as error:  # a damaged zip makes the reader raise nearly anything; all of it means damaged
        raise BadContainer(f"it is not a readable zip ({error})") from error
    try:
        again = write(files)
    except ValueError as error:
        raise BadContainer(str(error)) from None
    if again != data:
        raise BadContainer("its bytes are not those that a dossier is written with")
    return files
