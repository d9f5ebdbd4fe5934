"""The guard before the MJML compiler: no panic, no crash, no silence. The fuzz runs in a child that may die."""

import json
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.kits.conftest import Make
from tmpa.kits import checking
from tmpa.kits.mjml_guard import MAX_DEPTH, MjmlMistake, compile_mjml, guard

_FRAME = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>"
)


@pytest.mark.parametrize(
    "text", ["é >", "日本 > 中国", "a—>b", "]]>", "é]]>", "a < b", "< é >", "<<é>>", "é>é>é>"]
)
def test_ordinary_text_that_panics_the_compiler_is_escaped(text: str) -> None:
    assert "<div" in compile_mjml(_FRAME.format(text))


def test_css_keeps_its_child_selectors() -> None:
    head = "<mj-head><mj-style>.é > div > p { color: red; }</mj-style></mj-head>"
    html = compile_mjml(_FRAME.format("x").replace("<mj-body>", head + "<mj-body>"))
    assert ".é > div > p {" in " ".join(html.split())
    assert "&gt; div" not in html


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 3_000, 30_000])
@pytest.mark.parametrize("element", ["div", "b", "mj-wrapper"])
def test_deep_nesting_is_refused_before_it_crashes(depth: int, element: str) -> None:
    for closing in (f"</{element}>" * depth, ""):
        with pytest.raises(MjmlMistake) as caught:
            guard(_FRAME.format(f"<{element}>" * depth + closing))
        assert "nested" in caught.value.message or "long" in caught.value.message


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("<mj-bogus>x</mj-bogus>", "no element"),
        ("<b>x", "before </b>"),
        ("x</i>", "comes before"),
        ('<mj-include path="../x.mjml" />', "not supported"),
        ('<mj-style inline="inline">p{}</mj-style>', "inline"),
    ],
)
def test_what_the_compiler_would_pass_silently_is_named(body: str, says: str) -> None:
    text = _FRAME.format("\n\n" + body)
    with pytest.raises(MjmlMistake) as caught:
        guard(text)
    assert says in caught.value.message
    assert text[: caught.value.offset].count("\n") == 2


def test_other_mistakes_are_mistakes_not_errors() -> None:
    for text in ("", "<p>x</p>", "<mjml></mjml><mjml>", "<mjml><mj-body><mj-text /></mj-body>"):
        with pytest.raises(MjmlMistake):
            compile_mjml(text)


_PIECES = "\t".join(
    (
        """<\t>\t</\t/>\t&\t&amp;\t"\t'\t=\té\t日本\t—\t😀\t \t\n\ta\t]]>\t<!--\t-->\t<b>\t</b>\t<br>\t<p>\t</p>""",
        """<a href="é>">\t</a>\t<mj-raw>\t</mj-raw>\t<![CDATA[\t<?xml?>\t<!doctype html>\t<mj-style>""",
        """</mj-style>\t<img alt='é>' />\t{{ x }}\t\u2028\t%""",
    )
)


def fuzz(seed: int, rounds: int) -> dict[str, int]:
    """Compile `rounds` made-up mails; how many compiled, and how many were refused."""
    chance = random.Random(seed)
    pieces = _PIECES.split("\t")
    counts = {"compiled": 0, "refused": 0}
    for _round in range(rounds):
        text = "".join(chance.choice(pieces) for _n in range(chance.randrange(1, 40)))
        try:
            compile_mjml(_FRAME.format(text))
            counts["compiled"] += 1
        except MjmlMistake as mistake:
            counts["refused"] += 1
            assert "panic" not in mistake.message.lower()
            assert "char boundary" not in mistake.message
    return counts


def test_no_made_up_mail_panics_or_kills() -> None:
    code = "import json; from tests.unit.kits.test_mjml_guard import fuzz; print(json.dumps(fuzz(7, 2500)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "panicked" not in done.stderr
    counts = json.loads(done.stdout)
    assert counts["compiled"] > 100


_PARTS = st.one_of(
    st.sampled_from([part for part in _PIECES.split("\t") if part]),
    st.text(max_size=12),
    st.text(alphabet="<>/&\"'= é日😀\u2028", max_size=12),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_PARTS, max_size=25).map("".join))
def test_whatever_the_guard_lets_pass_compiles_or_is_a_mistake(text: str) -> None:
    for whole in (_FRAME.format(text), text, f"<mjml {text}></mjml>"):
        try:
            guarded = guard(whole)
        except MjmlMistake as mistake:
            assert 0 <= mistake.offset <= len(whole)
            continue
        assert guard(guarded) == guarded  # nothing is escaped twice
        try:
            assert "<html" in compile_mjml(whole)
        except MjmlMistake as mistake:
            assert "panic" not in mistake.message


def test_mjml_that_kills_the_compiler_is_a_finding_and_no_dead_worker(
    changed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "MODULE", "tests.unit.kits.dying_mjml")
    mail = "mails/announcement.mjml"
    kit = changed(mail, "{{ recipient.greeting }}", "{{ recipient.greeting }}<p>deep</p>")
    (finding,) = checking.check(kit)
    assert finding.rule == "check-died"
    assert "SIGSEGV" in finding.message or "SIGABRT" in finding.message
