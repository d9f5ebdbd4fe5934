"""The built front-end files: where they lie and under which address the pages ask for them."""

import json
import logging
import secrets
from functools import lru_cache
from pathlib import Path

from tmpa.resources import data_dir

URL_PREFIX = "/assets/"
"""Address under which the folder of `dist_dir` is served. File names carry a hash: cache them for ever."""

log = logging.getLogger(__name__)


def dist_dir() -> Path:
    """The folder of built files (`make assets`; part of the release wheel)."""
    return data_dir("assets/dist")


def asset_url(name: str) -> str:
    """The address of a built file by its plain name, such as "app.css".

    Without a build the pages still work, unstyled: the plain name is returned and a warning is logged once.
    """
    return URL_PREFIX + manifest().get(name, name)


def manifest() -> dict[str, str]:
    """Plain name → path inside the dist folder, hash included. Empty when nothing has been built."""
    path = dist_dir() / "manifest.json"
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        _warn_unbuilt(str(path))
        return {}
    return _read(path, changed)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> dict[str, str]:
    # `changed` is the key that makes a new build show without a restart.
    names: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return names


@lru_cache(maxsize=1)
def _warn_unbuilt(path: str) -> None:
    log.warning("The front-end files are not built (%s is missing): run `make assets`.", path)


def new_nonce() -> str:
    """A fresh value for one answer's Content-Security-Policy (128 random bits, CSP level 3)."""
    return secrets.token_urlsafe(16)
