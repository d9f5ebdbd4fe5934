"""The rules of engagement, read from `rules.toml` once per process."""

import tomllib
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Rules(BaseModel):
    """A programme's rules of engagement. Hours and days are calendar hours and days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision_hours: int = Field(ge=1)
    protection_days: int = Field(ge=1)
    longest_protection_days: int = Field(ge=1)
    name_ratio: float = Field(gt=0.5, le=1)
    government_excluded: bool
    free_mail_domains: frozenset[str]
    legal_forms: frozenset[str]
    joined_legal_forms: tuple[str, ...]


@lru_cache(maxsize=1)
def rules() -> Rules:
    """The rules that hold."""
    return Rules.model_validate(
        tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))
    )
