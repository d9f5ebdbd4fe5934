"""The validator before the MJML compiler: every mistake of a mail is named with its place, and sound MJML has none."""

import re

import pytest

from tmpa.kits.mjml_guard import MjmlMistake, compile_mjml
from tmpa.kits.mjml_rules import mistakes
from tmpa.kits.mjml_tables import ATTRIBUTES, PARENTS, UNSUPPORTED_ATTRIBUTES, UNSUPPORTED_ELEMENTS

HOLE = "zq0123456789abh7qz"


def mail(body: str, head: str = "") -> str:
    """A mail around the content of its body."""
    return f'<mjml lang="en" dir="ltr">\n<mj-head>{head}</mj-head>\n<mj-body>\n{body}\n</mj-body>\n</mjml>'


def column(content: str) -> str:
    """A mail around the content of one column, which stands in line 5."""
    return mail(f"<mj-section><mj-column>\n{content}\n</mj-column></mj-section>")


@pytest.mark.parametrize(
    ("content", "rule", "says"),
    [
        ("<mj-txt>a</mj-txt>", "mjml", "no element <mj-txt>"),
        ("<mj-section></mj-section>", "mjml", "may not stand in <mj-column>"),
        ("<mj-column></mj-column>", "mjml", "may not stand in <mj-column>"),
        ("<mj-social-element src='a' />", "mjml", "may not stand in <mj-column>"),
        ("Hello", "mjml", "“Hello” stands directly in <mj-column>"),
        ("<p>Hello</p>", "mjml", "<p> stands in <mj-column>"),
        ("<mj-text><mj-button>a</mj-button></mj-text>", "mjml", "may not stand in <mj-text>"),
        ("<mj-text>a", "mjml", "comes before"),
        ('<mj-text colour="#fff">a</mj-text>', "mjml-attribute", "no attribute colour"),
        ('<mj-text color="#ff">a</mj-text>', "mjml-attribute", "“#ff” is no value for color"),
        ('<mj-text color="blau">a</mj-text>', "mjml-attribute", "“blau”"),
        ('<mj-text font-size="16">a</mj-text>', "mjml-attribute", "“16” is no value for font-size"),
        ('<mj-text align="start">a</mj-text>', "mjml-attribute", "“start”"),
        ('<mj-text padding="1 2 3">a</mj-text>', "mjml-attribute", "“1 2 3”"),
        ('<mj-text padding="1px 2px 3px 4px 5px">a</mj-text>', "mjml-attribute", "padding"),
        ('<mj-text font-weight="heavy">a</mj-text>', "mjml-attribute", "font-weight"),
        ('<mj-text color="#fff" color="#000">a</mj-text>', "mjml-attribute", "color twice"),
        ('<mj-image src="a" width="50%" />', "mjml-attribute", "“50%” is no value for width"),
        ('<mj-image src="a" width="wide" />', "mjml-attribute", "“wide”"),
        ("<mj-image />", "mjml-attribute", "has no src"),
        ('<mj-spacer height="2em" />', "mjml-attribute", "height"),
        ('<mj-table role="presentation"><tr><td>a</td></tr></mj-table>', "mjml-unsupported", "role of <mj-table>"),
        ("<mj-text><![CDATA[a]]></mj-text>", "mjml-unsupported", "CDATA"),
        ('<mj-include path="x.mjml" />', "mjml-unsupported", "mj-include"),
        ('<mj-selector path="x"></mj-selector>', "mjml-unsupported", "mj-selector"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_line(content: str, rule: str, says: str) -> None:
    text = column(content)
    found = mistakes(text)
    assert [item.rule for item in found] == [rule]
    assert says in found[0].message
    assert found[0].mend
    assert text.count("\n", 0, found[0].offset) == 4 if "comes before" not in says else True


@pytest.mark.parametrize(
    ("text", "rule", "says"),
    [
        (mail("Hello"), "mjml", "directly in <mj-body>"),
        (mail("<mj-text>a</mj-text>"), "mjml", "may not stand in <mj-body>"),
        (mail("<mj-section>a</mj-section>"), "mjml", "directly in <mj-section>"),
        (mail('<mj-wrapper gap="8px"><mj-section></mj-section></mj-wrapper>'), "mjml-unsupported", "gap"),
        (mail('<mj-section><mj-column width="60%"></mj-column><mj-column width="60%"></mj-column></mj-section>'),
         "mjml-attribute", "120 %"),
        (mail('<mj-section><mj-column width="300"></mj-column></mj-section>'), "mjml-attribute", "“300”"),
        (mail("", '<mj-style inline="inline">p{}</mj-style>'), "mjml-unsupported", "inline"),
        (mail("", "<mj-html-attributes></mj-html-attributes>"), "mjml-unsupported", "mj-html-attributes"),
        (mail("", '<mj-attributes><mj-text colour="#fff" /></mj-attributes>'), "mjml-attribute", "colour"),
        (mail("", '<mj-attributes><mj-class color="#fff" /></mj-attributes>'), "mjml-attribute", "has no name"),
        (mail("", "<mj-text>a</mj-text>"), "mjml", "may not stand in <mj-head>"),
        ('<?xml version="1.0"?>' + mail(""), "mjml-unsupported", "<?x"),
        ("<!doctype html>" + mail(""), "mjml-unsupported", "DOCTYPE"),
    ],
)  # fmt: skip
def test_mistakes_around_the_columns(text: str, rule: str, says: str) -> None:
    found = mistakes(text)
    assert [item.rule for item in found] == [rule]
    assert says.lower() in found[0].message.lower()


@pytest.mark.parametrize(
    "text",
    [
        column(f'<mj-text color="{HOLE}" css-class="a">{HOLE} > é</mj-text>'),
        column('<mj-text padding="0 40px" line-height="1.5" letter-spacing="-0.5px"><p>a <b>b</b></p></mj-text>'),
        column('<mj-button href="https://x.example" border="1px solid red" inner-padding="8px 9px">a</mj-button>'),
        column("<mj-raw><p>a</p></mj-raw>"),
        column("<!-- a note --> <mj-text>a</mj-text>"),
        mail("<mj-section><mj-group><mj-column></mj-column></mj-group></mj-section>"),
        mail("", "<mj-attributes><mj-image src='a' /><mj-all color='red' /></mj-attributes>"),
        mail("<mj-section><mj-column><mj-image /></mj-column></mj-section>",
             "<mj-attributes><mj-image src='a' /></mj-attributes>"),
        mail("", "<mj-style>.a > .b { color: red }</mj-style><mj-title>a</mj-title><mj-preview>b</mj-preview>"),
        mail('<mj-section background-color="rgba(0, 0, 0, 0.5)" direction="rtl"></mj-section>'),
    ],
)  # fmt: skip
def test_sound_mjml_has_no_mistake(text: str) -> None:
    assert mistakes(text) == []


def test_all_mistakes_of_a_mail_are_named_at_once() -> None:
    found = mistakes(
        column('<mj-text colour="x">a</mj-text>\n<mj-text size="x">a</mj-text>\nloose\n<p>x</p>')
    )
    assert len(found) == 4
    assert [item.offset for item in found] == sorted(item.offset for item in found)


def test_the_tables_agree() -> None:
    assert set(ATTRIBUTES) | {"mj-all", "mj-class"} == set(PARENTS)
    assert not UNSUPPORTED_ELEMENTS & set(PARENTS)
    assert all(attribute in ATTRIBUTES[name] for name, attribute in UNSUPPORTED_ATTRIBUTES)


_PARENT = {
    "mj-social-element": "<mj-social>{}</mj-social>",
    "mj-navbar-link": "<mj-navbar>{}</mj-navbar>",
    "mj-accordion-title": "<mj-accordion><mj-accordion-element>{}</mj-accordion-element></mj-accordion>",
    "mj-carousel-image": "<mj-carousel>{}</mj-carousel>",
}
_VALUES = {"position": "file-start", "role": "grid", "font-weight": "900", "icon-position": "left"}


@pytest.mark.parametrize(("name", "attribute"), sorted(UNSUPPORTED_ATTRIBUTES))
def test_the_compiler_really_drops_what_is_called_unsupported(name: str, attribute: str) -> None:
    def compiled(extra: str) -> str:
        inner = {"mj-raw": "<b>a</b>", "mj-table": "<tr><td>a</td></tr>"}.get(name, "")
        picture = 'src="kit:a"' if "src" in ATTRIBUTES[name] else ""
        element = f"<{name} {picture} {extra}>{inner}</{name}>"
        element = _PARENT.get(name, "{}").format(element)
        if name in {"mj-section", "mj-wrapper", "mj-hero", "mj-raw"}:
            text = mail(element)
        else:
            text = column(element)
        return re.sub(r"[0-9a-f]{8}", "", compile_mjml(text))

    value = _VALUES.get(attribute, "7px")
    assert compiled(f'{attribute}="{value}"') == compiled(""), "supported now: take it from the table"


def test_a_mistake_of_the_guard_comes_alone() -> None:
    (found,) = mistakes("<mjml><mj-body><mj-section></mj-body></mjml>")
    assert isinstance(found, MjmlMistake)
    assert found.rule == "mjml"
