"""MJML's components and features one by one, as its documentation has them: each compiles, is found sound by the
validator, and gives the output that makes it what it is. What the compiler lacks is in test_mjml_rules.py."""

import re

import pytest

from tmpa.kits.mjml_guard import compile_mjml
from tmpa.kits.mjml_rules import mistakes
from tmpa.kits.mjml_tables import PARENTS


def mail(body: str, head: str = "") -> str:
    """A mail around the content of its body."""
    return f'<mjml lang="ar" dir="rtl"><mj-head>{head}</mj-head><mj-body>{body}</mj-body></mjml>'


def column(content: str, head: str = "") -> str:
    """A mail around the content of one column."""
    return mail(f"<mj-section><mj-column>{content}</mj-column></mj-section>", head)


TEXT = column("<mj-text>a</mj-text>")
FEATURES: list[tuple[str, str, list[str]]] = [
    ("language and direction", TEXT, ['<html lang="ar" dir="rtl"']),
    ("title", mail("", "<mj-title>The title</mj-title>"), ["<title>The title</title>", 'aria-label="The title"']),
    ("preview", mail("", "<mj-preview>First words</mj-preview>"), ["display:none", "First words"]),
    ("style", mail("", "<mj-style>.x > p { color: red; }</mj-style>"), [".x   > p { color: red; }"]),
    ("breakpoint", column("<mj-text>a</mj-text>", '<mj-breakpoint width="321px" />'), ["(min-width:321px)"]),
    ("default breakpoint", TEXT, ["(min-width:480px)", ".mj-column-per-100 { width:100% !important"]),
    ("attributes of one element", column("<mj-text>a</mj-text>",
     '<mj-attributes><mj-text font-size="31px" /></mj-attributes>'), ["font-size:31px"]),
    ("attributes of all", column("<mj-text>a</mj-text>",
     '<mj-attributes><mj-all font-family="Georgia" /></mj-attributes>'), ["font-family:Georgia"]),
    ("classes", column('<mj-text mj-class="b c">a</mj-text>',
     '<mj-attributes><mj-class name="b" color="#123456" /><mj-class name="c" align="right" /></mj-attributes>'),
     ["color:#123456", "text-align:right"]),
    ("own attribute over class over all", column('<mj-text mj-class="b" color="#333333">a</mj-text>',
     '<mj-attributes><mj-all color="#111111" /><mj-class name="b" color="#222222" /></mj-attributes>'),
     ["color:#333333"]),
    ("css class", column('<mj-text css-class="note">a</mj-text>'), ['class="note"']),
    ("body", mail("<mj-section></mj-section>").replace(
        "<mj-body>", '<mj-body width="500px" background-color="#eeeeee">'),
     ["max-width:500px", "background-color:#eeeeee", 'width="500"']),
    ("section", mail('<mj-section background-color="#abcdef" padding="7px" border-radius="4px"></mj-section>'),
     ["background-color:#abcdef", "padding:7px", "border-radius:4px", 'bgcolor="#abcdef"']),
    ("section with picture", mail('<mj-section background-url="kit:b.png" background-size="cover" '
     'background-repeat="no-repeat" background-position="top center"></mj-section>'),
     ["url('kit:b.png')", "<v:rect", "<v:fill", "background-size:cover"]),
    ("full width", mail('<mj-section full-width="full-width" background-color="#abcdef"></mj-section>'),
     ['style="background:#abcdef;background-color:#abcdef;width:100%;"']),
    ("direction of a section", mail('<mj-section direction="rtl"></mj-section>'), ["direction:rtl"]),
    ("wrapper", mail('<mj-wrapper background-color="#fedcba"><mj-section></mj-section></mj-wrapper>'),
     ["background-color:#fedcba"]),
    ("columns share the width", mail("<mj-section><mj-column></mj-column><mj-column></mj-column></mj-section>"),
     ["mj-column-per-50", "width:300px"]),
    ("columns with widths", mail('<mj-section><mj-column width="200px"></mj-column>'
     '<mj-column width="25%"></mj-column></mj-section>'), ["mj-column-px-200", "mj-column-per-25"]),
    ("a column's box", mail('<mj-section><mj-column padding="5px" inner-background-color="#101010" '
     'inner-border="1px solid #202020" vertical-align="middle"></mj-column></mj-section>'),
     ["padding:5px", "#101010", "1px solid #202020", "vertical-align:middle"]),
    ("group", mail('<mj-section><mj-group><mj-column width="50%"></mj-column><mj-column width="50%"></mj-column>'
     "</mj-group></mj-section>"), ["mj-column-per-100", "display:inline-block;vertical-align:top;width:50%"]),
    ("text", column('<mj-text color="#102030" font-size="17px" line-height="1.6" font-weight="700" align="center" '
     'letter-spacing="1px" text-transform="uppercase" text-decoration="underline"><p>a <b>b</b></p></mj-text>'),
     ["color:#102030", "font-size:17px", "line-height:1.6", "font-weight:700", "text-align:center",
      "letter-spacing:1px", "text-transform:uppercase", "text-decoration:underline", "<p>a <b>b</b></p>"]),
    ("height of a text", column('<mj-text height="90px">a</mj-text>'), ["height:90px"]),
    ("button", column('<mj-button href="https://x.example/" background-color="#0b6e4f" inner-padding="14px 28px" '
     'border-radius="6px" width="220px" target="_self" rel="nofollow">Go</mj-button>'),
     ['href="https://x.example/"', 'bgcolor="#0b6e4f"', "padding:14px 28px", "mso-padding-alt:14px 28px",
      "border-radius:6px", "width:220px", 'target="_self"', 'rel="nofollow"', 'role="presentation"']),
    ("button without link", column("<mj-button>Go</mj-button>"), ["<p style"]),
    ("image", column('<mj-image src="kit:a.png" alt="A" width="200px" href="https://x.example/" title="T" '
     'border-radius="9px" srcset="kit:b.png 2x" />'),
     ['src="kit:a.png"', 'alt="A"', 'width="200"', "<a href", 'title="T"', "border-radius:9px", "kit:b.png 2x"]),
    ("image fluid on phones", column('<mj-image src="kit:a.png" alt="" fluid-on-mobile="true" />'),
     ["mj-full-width-mobile", "table.mj-full-width-mobile"]),
    ("divider", column('<mj-divider border-color="#123456" border-width="2px" border-style="dashed" width="50%" />'),
     ["border-top:dashed 2px #123456", "width:50%"]),
    ("spacer", column('<mj-spacer height="33px" />'), ["height:33px"]),
    ("table", column('<mj-table cellpadding="4" color="#102030"><tr><th>a</th></tr><tr><td>1</td></tr></mj-table>'),
     ["<tr><th>a</th></tr>", 'cellpadding="4"', "color:#102030"]),
    ("social", column('<mj-social mode="horizontal" icon-size="24px"><mj-social-element src="kit:f.png" '
     'href="https://x.example/" alt="F" background-color="#3b5998">Follow</mj-social-element></mj-social>'),
     ['src="kit:f.png"', 'alt="F"', "Follow", "background:#3b5998", "width:24px"]),
    ("social, one below the other", column('<mj-social mode="vertical"><mj-social-element src="kit:f.png">F'
     '</mj-social-element><mj-social-element src="kit:g.png">G</mj-social-element></mj-social>'),
     ["kit:f.png", "kit:g.png", "margin:0px"]),
    ("hero", mail('<mj-hero mode="fixed-height" height="300px" background-url="kit:h.png" background-width="600px" '
     'background-height="300px" background-color="#102030" vertical-align="middle"><mj-text>H</mj-text></mj-hero>'),
     ["mj-hero-content", 'background="kit:h.png"', "<v:image", 'height="300"', "vertical-align:middle"]),
    ("navbar", column('<mj-navbar base-url="https://x.example" hamburger="hamburger" ico-color="#102030">'
     '<mj-navbar-link href="/a" color="#405060">A</mj-navbar-link></mj-navbar>'),
     ['href="https://x.example/a"', "mj-menu-checkbox", "mj-menu-trigger", "color:#102030", "color:#405060"]),
    ("accordion", column('<mj-accordion icon-wrapped-url="kit:plus.png" icon-unwrapped-url="kit:minus.png">'
     "<mj-accordion-element><mj-accordion-title>Q</mj-accordion-title><mj-accordion-text>A</mj-accordion-text>"
     "</mj-accordion-element></mj-accordion>"),
     ["mj-accordion-checkbox", "mj-accordion-content", "kit:plus.png", "kit:minus.png"]),
    ("carousel", column('<mj-carousel left-icon="kit:l.png" right-icon="kit:r.png" thumbnails="hidden">'
     '<mj-carousel-image src="kit:1.png" alt="1" href="https://x.example/" /><mj-carousel-image src="kit:2.png" '
     'alt="2" /></mj-carousel>'), ["mj-carousel-radio", "kit:1.png", "kit:2.png", "kit:l.png", "kit:r.png"]),
    ("raw in the body", mail('<mj-raw><p class="own">r</p></mj-raw>'), ['<p class="own">r</p>']),
    ("raw in the head", mail("", '<mj-raw><meta name="color-scheme" content="light" /></mj-raw>'),
     ['name="color-scheme"']),
    ("raw in a column", column("<mj-raw><tr><td>r</td></tr></mj-raw>"), ["<td>r</td>"]),
    ("conditional comments", column("<mj-text><!--[if mso]>old<![endif]-->a</mj-text>"),
     ["<!--[if mso]>old<![endif]-->"]),
    ("plain comments are left out", column("<mj-text>a<!-- a note --></mj-text>"), [">a</div>"]),
    ("entities", column("<mj-text>a &amp; b &nbsp; &lt;c&gt; &eacute;</mj-text>"), ["a &amp; b", "&lt;c&gt;"]),
    ("characters of every script", column("<mj-text>é > 日本 — 😀 &gt; ש</mj-text>"), ["é &gt; 日本 — 😀"]),
    ("void elements of HTML", column('<mj-text>a<br>b<img src="kit:a.png" alt="">c<hr></mj-text>'), ["a<br", "c<hr"]),
    ("colours of every kind", column('<mj-text color="rgb(1, 2, 3)" container-background-color="teal">a</mj-text>'),
     ["color:rgb(1, 2, 3)", "background:teal"]),
    ("tables for old Outlook", TEXT, ["<!--[if mso | IE]>", "mso-table-lspace", "<o:PixelsPerInch>96"]),
    ("layout tables say so", TEXT, ['role="presentation"']),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wanted"), [item[1:] for item in FEATURES], ids=[item[0] for item in FEATURES]
)
def test_a_feature_compiles_to_what_it_is(text: str, wanted: list[str]) -> None:
    assert mistakes(text) == []
    html = re.sub(r"\s+", " ", compile_mjml(text))
    missing = [part for part in wanted if re.sub(r"\s+", " ", part) not in html]
    assert missing == []


def test_fonts_of_other_sites_are_not_loaded_unless_named() -> None:
    assert "fonts.googleapis" not in compile_mjml(column('<mj-text font-family="Roboto, Arial">a</mj-text>'))
    named = '<mj-font name="Own" href="https://fonts.example/own.css" />'
    html = compile_mjml(column('<mj-text font-family="Own, Arial">a</mj-text>', named))
    assert "fonts.example" in html  # the rule "outside" refuses it


def test_every_component_is_tried() -> None:
    tried = set(re.findall(r"<(mj-[a-z-]+|mjml)", " ".join(text for _name, text, _wanted in FEATURES)))
    tried |= {"mj-font"}
    assert set(PARENTS) <= tried
