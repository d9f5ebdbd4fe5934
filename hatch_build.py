"""Puts the data that ship with tmpa into the release wheel; an editable install reads them where they lie."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DATA = {"campaigns": "the kits", "assets/dist": "`make assets`", "locales": "`make catalogues`"}


class ShippedData(BuildHookInterface):
    """Adds each folder of DATA as tmpa/_data/…, and refuses to build a wheel without it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling; `version` is "standard" or "editable"."""
        if version == "editable":
            return
        for folder, made_by in DATA.items():
            path = Path(self.root) / folder
            if not path.is_dir():
                raise FileNotFoundError(f"{folder} is missing: run {made_by}")
            build_data["force_include"][str(path)] = f"tmpa/_data/{folder}"
