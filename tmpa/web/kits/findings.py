"""Findings as a page shows them: by file, what stops publishing first."""

from collections.abc import Iterable
from dataclasses import dataclass

from tmpa.kits.findings import Finding


@dataclass(frozen=True, slots=True)
class FileFindings:
    """What was found in one file ("" is the kit as a whole), errors first, then by line."""

    file: str
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many of them stop publishing."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many of them don't."""
        return len(self.findings) - self.errors


def by_file(findings: Iterable[Finding]) -> list[FileFindings]:
    """The findings grouped: files with errors first, then by name."""
    files: dict[str, list[Finding]] = {}
    for finding in findings:
        files.setdefault(finding.file, []).append(finding)
    groups = [
        FileFindings(file, tuple(sorted(found, key=lambda each: (each.severity != "error", each.line))))
        for file, found in files.items()
    ]
    return sorted(groups, key=lambda group: (not group.errors, group.file))
