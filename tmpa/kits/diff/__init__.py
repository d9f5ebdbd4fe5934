"""What changed between two versions of a kit, for those who work with it and those who read it.

``compare(old: KitSource, new: KitSource) -> list[Change]`` is pure; its sentences are in the current language. Equal
content gives an empty list, other content never does.
"""

from tmpa.kits.diff.changes import SECTIONS, Change, Changes
from tmpa.kits.diff.files import compare_files
from tmpa.kits.diff.keys import compare_keys
from tmpa.kits.diff.pieces import compare_pieces
from tmpa.kits.diff.slots import compare_slots
from tmpa.kits.diff.translations import compare_translations
from tmpa.kits.source import KitSource

__all__ = ["SECTIONS", "Change", "compare"]


def compare(old: KitSource, new: KitSource) -> list[Change]:
    """Every change from `old` to `new`, by section in the order of SECTIONS. Empty when the content is equal."""
    if old.content_hash == new.content_hash:
        return []
    found = Changes()
    compare_keys(found, old, new)
    compare_slots(found, old, new)
    compare_pieces(found, old, new)
    compare_translations(found, old, new)
    compare_files(found, old, new)
    order = list(SECTIONS)
    return sorted(found.listed, key=lambda change: order.index(change.section))
