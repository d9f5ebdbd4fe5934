"""Findings as SARIF 2.1.0 (OASIS), which editors and code hosts show beside the lines."""

import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from tmpa.kernel.i18n import current_locale
from tmpa.kits.findings import Finding
from tmpa.kits.rules import BY_NAME, DOCUMENT, RULES, RuleInfo

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def to_sarif(findings: Iterable[Finding], base: str = "") -> dict[str, Any]:
    """The log of one check, with every rule that the check knows.

    `base` is where the kit lies, relative to the root of the repository or absolute: paths of the results start with
    it. Findings must have a file and a line.
    """
    listed = list(findings)
    unknown = dict.fromkeys(finding.rule for finding in listed if finding.rule not in BY_NAME)
    names = [rule.name for rule in RULES] + list(unknown)
    numbers = {name: number for number, name in enumerate(names)}
    driver = {
        "name": "tmpa kit check",
        "semanticVersion": version("tmpa"),
        "language": current_locale(),
        "rules": [_rule(rule) for rule in RULES] + [{"id": name} for name in unknown],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "results": [_result(finding, numbers, base) for finding in listed],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: RuleInfo) -> dict[str, Any]:
    text = str(rule.help)
    return {
        "id": rule.name,
        "shortDescription": {"text": str(rule.title)},
        "fullDescription": {"text": text},
        "help": {"text": f"{text} {DOCUMENT}#{rule.name}"},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(finding: Finding, numbers: Mapping[str, int], base: str) -> dict[str, Any]:
    path = f"{base.rstrip('/')}/{finding.file}" if base not in ("", ".") else finding.file
    artifact = {"uri": quote(path), "uriBaseId": "%SRCROOT%"}
    if path.startswith("/"):
        artifact = {"uri": f"file://{quote(path)}"}
    # the line is left out: a finding stays the same one when lines above it are added
    identity = "|".join((finding.rule, finding.file, finding.message))
    return {
        "ruleId": finding.rule,
        "ruleIndex": numbers[finding.rule],
        "level": finding.severity,
        "message": {"text": f"{finding.message} {finding.mend}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": artifact,
                    "region": {"startLine": finding.line},
                }
            }
        ],
        "partialFingerprints": {"finding/v1": hashlib.sha256(identity.encode()).hexdigest()[:32]},
    }
