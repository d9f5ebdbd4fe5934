"""The checks at publishing: a list of rules over a kit. `run` does them here, `tmpa.kits.checking` in a child process.

Their names, and what each wants, stand in tmpa/kits/rules.py and docs/kit-rules.md.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.checks.clients import check_client_data
from tmpa.kits.checks.expansion import check_expansion
from tmpa.kits.checks.images import check_images
from tmpa.kits.checks.legal import check_legal
from tmpa.kits.checks.pieces import check_pieces
from tmpa.kits.checks.slots import check_slots
from tmpa.kits.checks.templates import check_names, check_words
from tmpa.kits.findings import Finding, KitRefused, error
from tmpa.kits.localisation.checks import check_catalogues
from tmpa.kits.localisation.glossary import check_terms
from tmpa.kits.manifest import FILE
from tmpa.kits.rules import BY_NAME
from tmpa.kits.source import KitSource
from tmpa.kits.toml_lines import key_lines, line_of

__all__ = ["RULES", "Rule", "run"]

Rule = Callable[[KitSource], Iterable[Finding]]


def check_severities(source: KitSource) -> Iterator[Finding]:
    """Rules raised in kit.toml exist."""
    for name in source.manifest.severity:
        if name not in BY_NAME:
            line = line_of(key_lines(source.text(FILE)), ("severity", name))
            message = _("There is no rule “%(name)s”.", name=name)
            yield error("severity", FILE, line, message, _("The rules stand in docs/kit-rules.md."))


RULES: tuple[Rule, ...] = (
    check_severities,
    check_names,
    check_words,
    check_catalogues,
    check_terms,
    check_slots,
    check_images,
    check_client_data,
    check_pieces,
    check_legal,
    check_expansion,
)


def run(source: KitSource) -> list[Finding]:
    """Every finding of every rule, each once, errors first. Runs in this process: for kits that are trusted to end."""
    found: dict[Finding, None] = {}
    for rule in RULES:
        try:
            found.update(dict.fromkeys(rule(source)))
        except KitRefused as refusal:
            found.update(dict.fromkeys(refusal.findings))
    raised = dict.fromkeys(_raised(source, finding) for finding in found)
    return sorted(
        raised, key=lambda finding: (finding.severity != "error", finding.file, finding.line, finding.rule)
    )


def _raised(source: KitSource, finding: Finding) -> Finding:
    """The finding with the severity that the vendor wants: never less than the rule's own."""
    if finding.severity == "warning" and source.manifest.severity.get(finding.rule) == "error":
        return replace(finding, severity="error")
    return finding
