"""Files: pictures with the pieces that show them, and whatever changed without a change that people see."""

from tmpa.kernel.i18n import format_number
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.diff.changes import Changes
from tmpa.kits.diff.pieces import files_of
from tmpa.kits.manifest import FILE
from tmpa.kits.source import KitSource

PICTURES = (".svg", ".png", ".jpg", ".jpeg")


def compare_files(found: Changes, old: KitSource, new: KitSource) -> None:
    """Add every changed file that no other change explains. Called last."""
    if any(change.place != "files" for change in found.listed if "/" not in change.place):
        found.explain(FILE)
    users = _users(old) | _users(new)
    for path in sorted(old.files.keys() | new.files.keys()):
        was, now = old.files.get(path), new.files.get(path)
        if was == now or path in found.explained:
            continue
        before, after = _size(was), _size(now)
        if path.endswith(PICTURES):
            shown = ", ".join(users.get(path, [])) or _("no piece")
            if was is None:
                what = _("There is a new picture %(file)s, shown in: %(pieces)s.", file=path, pieces=shown)
            elif now is None:
                what = _(
                    "The picture %(file)s is gone; it was shown in: %(pieces)s.", file=path, pieces=shown
                )
            else:
                what = _("The picture %(file)s changed, shown in: %(pieces)s.", file=path, pieces=shown)
        elif was is None:
            what = _("There is a new file %(file)s.", file=path)
        elif now is None:
            what = _("The file %(file)s is gone.", file=path)
        elif path.endswith(".po"):
            what = _("Only remarks or entries that no text uses changed in %(file)s.", file=path)
        elif path == FILE or path in users:
            what = _("Only spacing or remarks changed in %(file)s.", file=path)
        else:
            what = _("The file %(file)s changed; no piece uses it.", file=path)
        found.add("files", "added" if was is None else "removed" if now is None else "changed", path, what,
                  before, after)  # fmt: skip


def _size(data: bytes | None) -> str:
    return "" if data is None else _("%(count)s bytes", count=format_number(len(data)))


def _users(source: KitSource) -> dict[str, list[str]]:
    """The pieces that show each file."""
    found: dict[str, list[str]] = {}
    for piece in source.manifest.pieces:
        for path in files_of(source, piece):
            found.setdefault(path, []).append(piece.name)
    return found
