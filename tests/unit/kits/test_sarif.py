"""SARIF of findings against the published structure (models made from the standard's own schema)."""

import json
from pathlib import Path

from click.testing import CliRunner
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Log

from tmpa.cli import main
from tmpa.kits.findings import error, warning
from tmpa.kits.rules import RULES
from tmpa.kits.sarif import to_sarif


def test_every_finding_has_its_rule_its_level_and_its_place() -> None:
    found = [
        error("contrast", "mails/a b.mjml", 12, "“Grey” is too pale.", "Make it darker."),
        warning("slot-unused", "kit.toml", 3, "Nothing shows it.", "Remove it."),
        error("not-registered", "kit.toml", 1, "Odd.", "Report it."),
    ]
    data = to_sarif(found, "kits/mine/")
    (run,) = data["runs"]
    assert Log.model_validate_json(json.dumps(data)).runs[0].tool.driver.name == "tmpa kit check"
    rules = run["tool"]["driver"]["rules"]
    assert [rules[item["ruleIndex"]]["id"] for item in run["results"]] == [item.rule for item in found]
    assert [item["level"] for item in run["results"]] == ["error", "warning", "error"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "kits/mine/mails/a%20b.mjml"
    assert place["region"] == {"startLine": 12}
    assert len(rules) == len(RULES) + 1
    assert all(
        rule["shortDescription"]["text"] and rule["help"]["text"].endswith(f"#{rule['id']}")
        for rule in rules[:-1]
    )


def test_the_fingerprint_outlives_lines_that_are_added_above() -> None:
    first, later = (
        to_sarif([error("mjml", "mails/a.mjml", line, "No.", "Yes.")])["runs"][0]["results"][0]
        for line in (3, 9)
    )
    assert first["partialFingerprints"] == later["partialFingerprints"]


def test_the_command_prints_it(tmp_path: Path) -> None:
    folder = tmp_path / "my-kit"
    runner = CliRunner()
    assert runner.invoke(main, ["kit", "init", str(folder)]).exit_code == 0
    (folder / "kit.toml").unlink()
    done = runner.invoke(main, ["kit", "check", str(folder), "--format", "sarif"])
    assert done.exit_code == 1
    log = Log.model_validate_json(done.output)
    (result,) = log.runs[0].results or []
    (place,) = result.locations or []
    assert place.physicalLocation is not None
    assert place.physicalLocation.region is not None
    location = place.physicalLocation.artifactLocation
    assert location is not None
    assert (location.uri, location.uriBaseId) == (f"file://{folder}/kit.toml", None)
    assert (result.ruleId, place.physicalLocation.region.startLine) == ("manifest", 1)
