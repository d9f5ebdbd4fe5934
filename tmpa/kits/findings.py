"""What a check found: a rule's name, where, what is wrong and how to mend it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tmpa.kernel.errors import Refused

KIT_FILE = "kit.toml"
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `file` is a path inside the kit ("" = the kit as a whole), `line` counts from 1 (0 = unknown).

    `message` and `mend` are whole sentences in the reader's language.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    message: str
    mend: str

    @property
    def where(self) -> str:
        """`file:line` as editors jump to it."""
        file = self.file or "."
        return f"{file}:{self.line}" if self.line else file

    def __str__(self) -> str:
        return f"{self.where}: {self.severity} {self.rule}: {self.message} ({self.mend})"

    def to_json(self) -> dict[str, Any]:
        """Plain values, as `kit check --format json` prints them."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Finding":
        """The finding that `to_json` gave."""
        return cls(**data)


def error(rule: str, file: str, line: int, message: str, mend: str) -> Finding:
    """A finding that stops publishing."""
    return Finding(rule, "error", file, line, message, mend)


def warning(rule: str, file: str, line: int, message: str, mend: str) -> Finding:
    """A finding that the vendor should know of."""
    return Finding(rule, "warning", file, line, message, mend)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any finding stops publishing."""
    return any(finding.severity == "error" for finding in findings)


class KitRefused(Refused):
    """A kit that can't be read or published; `.findings` say why."""

    def __init__(self, findings: Iterable[Finding], field: str | None = "kit") -> None:
        self.findings = tuple(findings)
        first = self.findings[0]
        super().__init__(f"{first.where}: {first.message} {first.mend}", field, first.rule)


class CompileFailed(KitRefused):
    """A piece that can't be compiled; `.findings` name file and line."""
