"""The register of rules, the code that reports them and the document that explains them say the same."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.unit.kits.conftest import Make
from tmpa.kits.checks import check_severities, run
from tmpa.kits.rules import BY_NAME, DOCUMENT, RULES
from tmpa.resources import CHECKOUT

# Where a call names its rule: the name of the callable and the position of the argument.
_PLACES = {"error": 0, "warning": 0, "_refuse": 0, "Finding": 0, "TemplateMistake": 2, "MjmlMistake": 3}


def reported() -> Iterator[tuple[str, str]]:
    """Every rule that code reports, with the place."""
    for path in sorted((CHECKOUT / "tmpa" / "kits").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            at = _PLACES.get(getattr(node.func, "id", ""))
            if at is not None and len(node.args) > at:
                name = node.args[at]
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    yield name.value, f"{path.name}:{node.lineno}"


def test_every_rule_that_is_reported_is_registered() -> None:
    found = dict(reported())
    assert len(found) > 40
    assert {name: place for name, place in found.items() if name not in BY_NAME} == {}


def test_the_document_has_one_paragraph_for_each_rule_and_no_more() -> None:
    text = (CHECKOUT / DOCUMENT).read_text("utf-8")
    titles = re.findall(r"^### `([a-z-]+)`$", text, re.MULTILINE)
    assert sorted(titles) == sorted(BY_NAME)
    assert len(BY_NAME) == len(RULES)
    paragraphs = re.split(r"^### `[a-z-]+`\n", text, flags=re.MULTILINE)[1:]
    for name, paragraph in zip(titles, paragraphs, strict=True):
        body = re.split(r"^## ", paragraph, flags=re.MULTILINE)[0].strip()
        assert "\n\n" not in body, name
        assert body.lower().startswith(BY_NAME[name].severity), name


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_has_a_title_and_a_sentence(rule: object) -> None:
    info = BY_NAME[getattr(rule, "name", "")]
    assert str(info.title)
    assert str(info.help).endswith(".")


def test_a_vendor_may_raise_a_rule_but_not_invent_one(changed: Make) -> None:
    path = "kit.toml"
    spare = '[severity]\nimage-unused = "error"\n\n[[pieces]]\nname = "announcement"'
    kit = changed(path, '[[pieces]]\nname = "announcement"', spare)
    files = {**kit.files, "images/spare.svg": kit.files["images/line.svg"]}
    found = [item for item in run(type(kit)(files, kit.manifest, "x")) if item.rule == "image-unused"]
    assert [item.severity for item in found] == ["error"]
    wrong = changed(path, '[[pieces]]\nname = "announcement"', spare.replace("image-unused", "image-unusedd"))
    (finding,) = check_severities(wrong)
    assert finding.rule == "severity"
    assert wrong.text(path).splitlines()[finding.line - 1].startswith("image-unusedd")
