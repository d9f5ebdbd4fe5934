"""Weight: of each picture, of the pictures of a mail or page together, of a page without its photos."""

import re
from collections.abc import Iterator

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.catalogue import JINJA_SUFFIXES
from tmpa.kits.checks.finished import Finished
from tmpa.kits.findings import Finding, error, warning
from tmpa.kits.source import KitSource

MAX_IMAGE_BYTES = 1_000_000
WARN_IMAGE_BYTES = 300_000
MAX_TOGETHER = {"mail": 600_000, "page": 1_500_000, "snippet": 300_000}
MAX_PAGE_BYTES = 150_000
_ASSET = re.compile(r"kit:(images/[A-Za-z0-9_./-]+)")
_PHOTOS = (".jpg", ".jpeg")


def check_images(source: KitSource) -> Iterator[Finding]:
    """Weight of each picture; pictures that nothing uses."""
    everything = "\n".join(
        source.text(path) for path in source.files if path.endswith((*JINJA_SUFFIXES, ".typ", ".toml"))
    )
    for path, data in sorted(source.files.items()):
        if not path.startswith("images/"):
            continue
        message = _("The picture has %(size)s kB.", size=len(data) // 1000)
        if len(data) > MAX_IMAGE_BYTES:
            yield error("image-weight", path, 0, message, _("Make it smaller than %(n)s kB.", n=1000))
        elif len(data) > WARN_IMAGE_BYTES:
            yield warning("image-weight", path, 0, message, _("Make it smaller than %(n)s kB.", n=300))
        if path.rsplit("/", 1)[-1] not in everything:
            yield warning("image-unused", path, 0, _("No piece uses this picture."), _("Remove it."))


def check_weight(piece: Finished) -> Iterator[Finding]:
    """Pictures of a finished piece together, and a page's own bytes."""
    used = {path for path in _ASSET.findall(piece.html) if path in piece.source.files}
    together = sum(len(piece.source.files[path]) for path in used)
    limit = MAX_TOGETHER[piece.kind]
    if together > limit:
        message = _("Its pictures have %(size)s kB together.", size=together // 1000)
        mend = _("Make them smaller than %(n)s kB together.", n=limit // 1000)
        yield warning("image-weight", piece.file, 0, message, mend)
    if piece.kind == "page":
        drawn = sum(len(piece.source.files[path]) for path in used if not path.lower().endswith(_PHOTOS))
        size = len(piece.html.encode()) + drawn
        if size > MAX_PAGE_BYTES:
            message = _("The page has %(size)s kB without its photos.", size=size // 1000)
            mend = _("Make it smaller than %(n)s kB.", n=MAX_PAGE_BYTES // 1000)
            yield warning("page-weight", piece.file, 0, message, mend)
