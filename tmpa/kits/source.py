"""A kit's files, read safely from a folder or a zip into an immutable source with a content hash."""

import hashlib
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.findings import Finding, KitRefused, error
from tmpa.kits.images import RASTER_FORMATS, check_raster, check_svg
from tmpa.kits.manifest import FILE, Manifest
from tmpa.kits.manifest_reading import parse_manifest
from tmpa.kits.packing import pack_files

MAX_BYTES = 20 * 1024 * 1024
MAX_FILES = 500
MAX_DEPTH = 4
MAX_RATIO = 200  # deflate of text seldom passes 20; a bomb passes 1000
MAX_TEXT_BYTES = 512 * 1024
TEXT_SUFFIXES = {".toml", ".po", ".mjml", ".html", ".txt", ".typ", ".svg", ".md"}
SUFFIXES = TEXT_SUFFIXES | set(RASTER_FORMATS)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,80}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,80})*")
IGNORED = {".git", ".gitignore", ".gitattributes", ".DS_Store", "__MACOSX", "Thumbs.db", ".editorconfig",
           "kit.schema.json", "messages.pot"}  # fmt: skip
"""What lies in a kit's folder without being a part of it: what editors and translators need."""
CONTENT_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".svg": "image/svg+xml",
    ".html": "text/html; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class KitSource:
    """The files of one kit, checked for safety, with its manifest. Never changes; equal hash = equal content."""

    files: Mapping[str, bytes] = field(repr=False)
    manifest: Manifest = field(repr=False)
    content_hash: str

    def text(self, path: str) -> str:
        """A text file's content. Raises KeyError."""
        return self.files[path].decode("utf-8")

    def __hash__(self) -> int:
        return hash(self.content_hash)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KitSource) and other.content_hash == self.content_hash


def content_hash(files: Mapping[str, bytes]) -> str:
    """SHA-256 (hex) over the sorted list of `sha256  path` lines: the same files give the same hash anywhere."""
    lines = (f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def content_type(path: str) -> str:
    """The media type under which a kit file is stored."""
    return CONTENT_TYPES.get(PurePosixPath(path).suffix.lower(), "text/plain; charset=utf-8")


def _refuse(rule: str, file: str, message: str, mend: str) -> KitRefused:
    return KitRefused([error(rule, file, 0, message, mend)])


def _too_large() -> KitRefused:
    message = _("The kit is larger than %(limit)s MB.", limit=MAX_BYTES // 1024 // 1024)
    return _refuse("size", "", message, _("Make the pictures smaller."))


def _too_many() -> KitRefused:
    message = _("The kit has more than %(limit)s files.", limit=MAX_FILES)
    return _refuse("size", "", message, _("Leave out what no piece uses."))


def build_source(files: Mapping[str, bytes]) -> KitSource:
    """A source from files in memory. Raises KitRefused with every finding."""
    if len(files) > MAX_FILES:
        raise _too_many()
    if sum(map(len, files.values())) > MAX_BYTES:
        raise _too_large()
    if FILE not in files:
        raise _refuse(
            "manifest", "", _("The folder has no kit.toml."), _("Point at the folder that holds it.")
        )
    findings = [finding for path in sorted(files) for finding in _check_file(path, files[path])]
    if findings:
        raise KitRefused(findings)
    manifest = parse_manifest(files[FILE])
    return KitSource(MappingProxyType(dict(files)), manifest, content_hash(files))


def _check_file(path: str, data: bytes) -> Iterable[Finding]:
    pure = PurePosixPath(path)
    suffix = pure.suffix.lower()
    if not _NAME.fullmatch(path):
        message = _("File names use letters, digits, “-”, “_” and “.” only.")
        return [error("files", path, 0, message, _("Rename it."))]
    if len(pure.parts) > MAX_DEPTH:
        message = _("The file lies more than %(limit)s folders deep.", limit=MAX_DEPTH - 1)
        return [error("files", path, 0, message, _("Move it up."))]
    if suffix not in SUFFIXES:
        message = _("Files of this type don't belong in a kit.")
        allowed = ", ".join(sorted(SUFFIXES))
        return [error("files", path, 0, message, _("Remove it; allowed are %(types)s.", types=allowed))]
    if suffix in TEXT_SUFFIXES:
        if len(data) > MAX_TEXT_BYTES:
            message = _("The text file is larger than %(limit)s kB.", limit=MAX_TEXT_BYTES // 1024)
            return [error("files", path, 0, message, _("Split it or make it smaller."))]
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as problem:
            line = data.count(b"\n", 0, problem.start) + 1
            return [error("files", path, line, _("The file is not UTF-8."), _("Save it as UTF-8."))]
        if "\x00" in text:
            return [
                error("files", path, 0, _("The file holds binary data."), _("Replace it by a text file."))
            ]
    if suffix == ".svg":
        return check_svg(path, data)
    if suffix in RASTER_FORMATS:
        return check_raster(path, data)
    return []


def pack(source: KitSource) -> bytes:
    """The kit as a zip that `read_zip` reads; the same kit gives the same bytes."""
    return pack_files(source.files)


def read_folder(folder: Path) -> KitSource:
    """The kit in a folder. Symbolic links, hidden files and unknown types are refused. Raises KitRefused."""
    if not folder.is_dir():
        raise _refuse(
            "files", "", _("%(folder)s is not a folder.", folder=str(folder)), _("Name a kit folder.")
        )
    files: dict[str, bytes] = {}
    total = 0
    pending = [folder]
    while pending:
        for entry in sorted(pending.pop().iterdir()):
            path = entry.relative_to(folder).as_posix()
            if entry.name in IGNORED:
                continue
            if entry.is_symlink():
                raise _refuse(
                    "files", path, _("The file is a symbolic link."), _("Put the file itself there.")
                )
            if entry.is_dir():
                if len(entry.relative_to(folder).parts) >= MAX_DEPTH:
                    message = _("The folder lies more than %(limit)s folders deep.", limit=MAX_DEPTH - 1)
                    raise _refuse("files", path, message, _("Move it up."))
                pending.append(entry)
                continue
            if not entry.is_file():
                raise _refuse("files", path, _("This is not a plain file."), _("Remove it."))
            total += entry.stat().st_size
            if total > MAX_BYTES:
                raise _too_large()
            if len(files) >= MAX_FILES:
                raise _too_many()
            files[path] = entry.read_bytes()
    return build_source(files)


def read_zip(data: bytes) -> KitSource:
    """The kit in a zip, with or without one folder around it. Raises KitRefused.

    Refused: absolute or climbing paths, links, encrypted entries, duplicate names, bombs (ratio, size, number).
    Sizes are counted while unpacking: what the zip's directory claims is not believed.
    """
    if len(data) > MAX_BYTES:
        raise _too_large()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = _unpack(archive)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        zlib.error,
        NotImplementedError,
        EOFError,
        OSError,
        ValueError,
    ):
        raise _refuse(
            "zip", "", _("The file is not a zip that can be read."), _("Zip the kit again.")
        ) from None
    except RuntimeError:  # what zipfile raises for an encrypted entry
        raise _refuse("zip", "", _("The zip is encrypted."), _("Zip the kit without a password.")) from None
    return build_source(_without_top_folder(files))


def _unpack(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > 4 * MAX_FILES:
        raise _too_many()
    files: dict[str, bytes] = {}
    total = 0
    for entry in entries:
        name = entry.filename
        parts = PurePosixPath(name).parts
        if (
            name.startswith(("/", "\\"))
            or "\\" in name
            or ".." in parts
            or (len(name) > 1 and name[1] == ":")
            or any(ord(char) < 32 for char in name)
        ):
            message = _("The path leads out of the kit.")
            raise _refuse("zip", name[:200], message, _("Zip the folder again with plain relative paths."))
        mode = entry.external_attr >> 16
        if stat.S_ISLNK(mode) or (stat.S_IFMT(mode) and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))):
            raise _refuse(
                "zip", name, _("The entry is a link or a special file."), _("Put the file itself there.")
            )
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            # as zipfile does for a method it can't read; the others have failures and memory needs of their own
            raise NotImplementedError
        if entry.is_dir() or any(part in IGNORED for part in parts):
            continue
        path = PurePosixPath(name).as_posix()
        if path in files:
            raise _refuse("zip", path, _("The zip holds this file twice."), _("Zip the kit again."))
        if len(files) >= MAX_FILES:
            raise _too_many()
        with archive.open(entry) as stream:
            content = stream.read(MAX_BYTES - total + 1)
        total += len(content)
        if total > MAX_BYTES or len(content) > MAX_RATIO * max(entry.compress_size, 1024):
            message = _("The zip unpacks to far more than it should.")
            raise _refuse("zip", path, message, _("Zip only the kit's own files."))
        files[path] = content
    return files


def _without_top_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    """Many tools zip the folder, not its content: one folder around everything is taken off."""
    tops = {path.split("/", 1)[0] for path in files}
    if FILE not in files and len(tops) == 1 and all("/" in path for path in files):
        return {path.split("/", 1)[1]: data for path, data in files.items()}
    return files
