"""A small kit that uses every slot kind: the one that `tmpa kit init` makes."""

from collections.abc import Callable

import pytest

from tmpa.kits.commands import SKELETON
from tmpa.kits.source import KitSource, build_source

Make = Callable[..., KitSource]


def skeleton_files() -> dict[str, bytes]:
    """The files of the starting kit."""
    files = {
        path.relative_to(SKELETON).as_posix(): path.read_bytes()
        for path in SKELETON.rglob("*")
        if path.is_file()
    }
    files["kit.toml"] = files["kit.toml"].replace(b"KIT-NAME", b"small-kit")
    return files


@pytest.fixture
def files() -> dict[str, bytes]:
    """Files to change before a source is built of them."""
    return skeleton_files()


@pytest.fixture(scope="session")
def kit() -> KitSource:
    """The starting kit."""
    return build_source(skeleton_files())


@pytest.fixture
def changed() -> Make:
    """Build the starting kit with some texts replaced: `changed("mails/announcement.mjml", "old", "new", …)`."""

    def make(path: str, *replacements: str) -> KitSource:
        held = skeleton_files()
        text = held[path].decode()
        for old, new in zip(replacements[::2], replacements[1::2], strict=True):
            assert old in text
            text = text.replace(old, new)
        held[path] = text.encode()
        return build_source(held)

    return make
