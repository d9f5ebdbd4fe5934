"""Rules over finished HTML, each on a few lines of it: no kit is compiled here."""

import pytest

from tmpa.kits.checks.colours import check_looks
from tmpa.kits.checks.finished import Finished, Kind
from tmpa.kits.checks.images import check_weight
from tmpa.kits.checks.links import check_links
from tmpa.kits.checks.looks import colour, declarations, pixels, walk
from tmpa.kits.checks.mirroring import check_mirrored
from tmpa.kits.checks.structure import check_structure
from tmpa.kits.findings import Finding
from tmpa.kits.source import KitSource

FILE = "mails/announcement.mjml"
ARABIC = "نص عربي طويل"


def finished(
    kit: KitSource, body: str, css: str = "", kind: Kind = "page", locale: str = "en", way: str = "ltr"
) -> Finished:
    """A document of one locale around some HTML."""
    html = (
        f'<!doctype html><html lang="{locale}" dir="{way}"><head><title>t</title><style>{css}</style></head>'
        f"<body>{body}</body></html>"
    )
    return Finished(kit, kind, FILE, locale, html)


def rules(found: list[Finding]) -> set[str]:
    """The rules of findings."""
    return {finding.rule for finding in found}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<h1>a</h1><img src="kit:images/x.png">', "alt-text"),
        ("<h1>a</h1><svg></svg>", "alt-text"),
        ("<h1>a</h1><h3>b</h3>", "headings"),
        ("<h2>a</h2>", "headings"),
        ("<h1>a</h1><h1>b</h1>", "headings"),
        ("<h1>a</h1><table><tr><td>1</td></tr></table>", "table-role"),
        ('<h1>a</h1><a href="https://x.example"></a>', "link-text"),
        ('<h1>a</h1><a href="https://x.example">Click here.</a>', "link-text"),
        ('<h1>a</h1><a href="https://x.example">こちら</a>', "link-text"),
        ('<h1>a</h1><a href="https://x.example">هنا</a>', "link-text"),
        ('<h1>a</h1><a href="http://x.example">x page</a>', "links"),
        ('<h1>a</h1><a href="#no">x page</a>', "links"),
        ('<h1>a</h1><a href="mailto:nobody">x page</a>', "links"),
        ('<h1>a</h1><a href="javascript:x">x page</a>', "links"),
        ('<h1>a</h1><a href="https://evil.example/">https://bank.example/login</a>', "link-disguise"),
        ('<h1>a</h1><a href="https://evil.example/">www.bank.com</a>', "link-disguise"),
        ('<h1>a</h1><a href="https://evil.example/">bank.com</a>', "link-disguise"),
        ('<h1>a</h1><a href="https://bit.ly/x">The offer</a>', "url-shortener"),
        ('<h1>a</h1><iframe src="https://x.example"></iframe>', "outside"),
        ('<h1>a</h1><p onclick="x">b</p>', "outside"),
        ('<h1>a</h1><link rel="stylesheet" href="https://x.example/a.css">', "outside"),
    ],
)
def test_structure_and_links(kit: KitSource, body: str, rule: str) -> None:
    piece = finished(kit, body)
    assert rules([*check_structure(piece), *check_links(piece)]) == {rule}


@pytest.mark.parametrize(
    "body",
    [
        '<h1>a</h1><h2>b</h2><h3>c</h3><h2>d</h2><a href="#b" id="b">To the form</a>',
        '<h1>a</h1><table role="presentation"><tr><td>1</td></tr></table><table><tr><th>n</th></tr></table>',
        '<h1>a</h1><a href="mailto:a@b.example?subject=x">Write to us</a> <a href="tel:+49 40 1">Call us</a>',
        '<h1>a</h1><a href="https://www.bank.com/login">bank.com</a>',
        '<h1>a</h1><a href="https://x.example">Works with monday.com</a>',
        '<h1>a</h1><a href="https://x.example"><img src="kit:images/x.png" alt="The offer"></a>',
    ],
)
def test_sound_structure_has_no_finding(kit: KitSource, body: str) -> None:
    piece = finished(kit, body)
    assert [*check_structure(piece), *check_links(piece)] == []


def test_language_and_direction_are_those_of_the_locale(kit: KitSource) -> None:
    assert rules(list(check_structure(finished(kit, "<h1>a</h1>", locale="ar")))) == {"language"}
    assert not list(check_structure(finished(kit, "<h1>a</h1>", locale="ar", way="rtl")))


@pytest.mark.parametrize(
    ("body", "css", "pair"),
    [
        ("<p>a</p>", "p{color:#999}", ("#999999", "#ffffff")),
        ('<div class="x"><p>a</p></div>', ".x{background:#333} .x p{color:#444}", ("#444444", "#333333")),
        ("<main><p>a</p></main>", ":root{--a:#888} main{color:var(--a)}", ("#888888", "#ffffff")),
        ("<p>a</p>", "p{color:var(--b, #aaa)}", ("#aaaaaa", "#ffffff")),
        ("<p>a</p>", "p{color:rgba(0,0,0,.4)}", ("#999999", "#ffffff")),
        ("<p>a</p>", "p{color:#000;opacity:.4}", ("#999999", "#ffffff")),
        ("<p>a</p>", "p{background:linear-gradient(90deg,#fff,#111);color:#000}", ("#000000", "#111111")),
        ("<p>a</p>", "p{background:hsl(0,0%,40%);color:black}", ("#000000", "#666666")),
        (
            '<table role="presentation"><tr><td bgcolor="#707070">a</td></tr></table>',
            "",
            ("#000000", "#707070"),
        ),
        ('<div><a href="#">a</a></div>', "div{background:#223}", ("#0000ee", "#222233")),
        ("<p>a</p>", "body{background:#000}", ("#000000", "#000000")),
        ("<p>a</p>", "p{color:#fff!important} p{color:#000}", ("#ffffff", "#ffffff")),
    ],
)
def test_contrast_is_computed_as_the_cascade_gives_it(
    kit: KitSource, body: str, css: str, pair: tuple[str, str]
) -> None:
    found = [item for item in check_looks(finished(kit, body, css)) if item.rule == "contrast"]
    assert found
    assert f"{pair[0]} on {pair[1]}" in found[0].message


@pytest.mark.parametrize(
    ("body", "css"),
    [
        ("<p>a</p>", "p{color:#767676}"),
        ("<h1>a</h1>", "h1{color:#949494}"),  # large: 3:1 is enough
        ("<p>a</p>", "p{font-size:1.5rem;color:#949494}"),
        ("<p>a</p>", "p{font:700 1.2rem/1.4 serif;color:#949494}"),
        ("<p>a</p>", "p{background:url(kit:images/x.png);color:#fff}"),  # can't be judged
        ("<p hidden>a</p>", "p{color:#fff}"),
        ("<p>a</p>", "p{display:none;color:#fff}"),
        ("<p>a</p>", "p{color:#eee} @media print{p{color:#fff}} p{color:#000}"),
        ("<button>a</button>", "body{background:#000;color:#fff} button{min-height:48px}"),
    ],
)
def test_readable_text_has_no_finding(kit: KitSource, body: str, css: str) -> None:
    assert [item for item in check_looks(finished(kit, body, css)) if item.rule == "contrast"] == []


@pytest.mark.parametrize(
    ("body", "css", "small"),
    [
        ('<a class="b" href="#">Buy</a>', ".b{display:inline-block;background:#006;color:#fff;padding:8px}", True),
        ('<a class="b" href="#">Buy</a>', ".b{display:inline-block;background:#006;color:#fff;padding:14px}", False),
        ('<a class="b" href="#">Buy</a>',
         ".b{display:inline-flex;background:#006;color:#fff;padding-block:clamp(1rem,4vw,2rem)}", False),
        ('<p>In a <a href="#">sentence</a>.</p>', "", False),
        ("<button>Send</button>", "button{padding:2px}", True),
        ("<button>Send</button>", "button{font:inherit;line-height:1.5;padding:10px;border:1px solid}", False),
        ('<label><input type="text"></label>', "input{min-height:2.75rem}", False),
        ('<label><input type="text"></label>', "input{height:30px}", True),
        ('<label><input type="checkbox">Yes</label>', "", False),
        ('<input type="checkbox" aria-label="Yes">', "", True),
    ],
)  # fmt: skip
def test_touch_size(kit: KitSource, body: str, css: str, small: bool) -> None:
    found = [item.rule for item in check_looks(finished(kit, body, css)) if item.rule == "touch-size"]
    assert found == (["touch-size"] if small else [])


@pytest.mark.parametrize(
    ("body", "css", "says"),
    [
        ('<p style="text-align:left">{}</p>', "", "leans to the left"),
        ('<table role="presentation"><tr><td align="left">{}</td></tr></table>', "", "leans to the left"),
        ('<p dir="ltr">{}</p>', "", "runs left to right"),
        ("<p>{}</p>", "p{padding-left:40px}", "padding differs"),
        ("<p>{}</p>", "p{padding:0 10px 0 0}", "padding differs"),
        ("<p>{}</p>", "p{margin-right:1rem}", "margin differs"),
        ("<p>{}</p>", "p{border-left:2px solid}", "border differs"),
        ("<p>{}</p>", "p{float:left}", "floats to the left"),
        ("<p>{}</p>", "p{position:absolute;left:12px}", "placed from the left"),
    ],
)
def test_what_is_not_mirrored_is_found(kit: KitSource, body: str, css: str, says: str) -> None:
    straight = finished(kit, body.format("A long English text"), css)
    mirrored = finished(kit, body.format(ARABIC), css, locale="ar", way="rtl")
    found = list(check_mirrored(straight, mirrored))
    assert [item.rule for item in found] == ["mirrored"]
    assert says in found[0].message


@pytest.mark.parametrize(
    ("left", "right", "css"),
    [
        ("<p>{}</p>", "<p>{}</p>", "p{padding-inline-start:40px;text-align:start}"),
        ('<p style="text-align:left">{}</p>', '<p style="text-align:right">{}</p>', ""),
        ('<p style="text-align:center">{}</p>', '<p style="text-align:center">{}</p>', "p{padding:0 9px}"),
        ('<p style="padding-left:9px">{}</p>', '<p style="padding-right:9px">{}</p>', ""),
        ("<p>{}</p>", "<p>{}</p>", "[dir=ltr] p{float:left} [dir=rtl] p{float:right}"),
        ('<div style="text-align:left"><p style="text-align:start">{}</p></div>',
         '<div style="text-align:left"><p style="text-align:start">{}</p></div>', ""),
        ('<p style="text-align:left">+49 40 1234</p>', '<p style="text-align:left">+49 40 1234</p>', ""),
    ],
)  # fmt: skip
def test_what_is_mirrored_has_no_finding(kit: KitSource, left: str, right: str, css: str) -> None:
    straight = finished(kit, left.format("A long English text"), css)
    mirrored = finished(kit, right.format(ARABIC), css, locale="ar", way="rtl")
    assert list(check_mirrored(straight, mirrored)) == []


def test_heavy_pages_and_pictures_are_named(kit: KitSource) -> None:
    files = {**kit.files, "images/a.jpg": b"x" * 900_000, "images/b.png": b"x" * 160_000}
    heavy = KitSource(files, kit.manifest, "heavy")
    photos = '<img src="kit:images/a.jpg" alt="">'
    assert list(check_weight(finished(heavy, photos))) == []
    assert rules(list(check_weight(finished(heavy, photos, kind="mail")))) == {"image-weight"}
    assert rules(list(check_weight(finished(heavy, '<img src="kit:images/b.png" alt="">')))) == {
        "page-weight"
    }
    assert rules(list(check_weight(finished(kit, "x" * 150_000)))) == {"page-weight"}


def test_values_of_css_are_read() -> None:
    assert colour("rgb(1 2 3 / 50%)") == (1, 2, 3, 0.5)
    assert colour("#1234") is not None
    assert colour("color-mix(in srgb, red, blue)") is None
    assert colour("transparent") == (0, 0, 0, 0.0)
    assert (pixels("1.5rem", 10), pixels("2em", 10), pixels("50%", 10, 40)) == (24, 20, 20)
    assert pixels("clamp(1rem, 5vw, 3rem)", 10) == 16
    assert pixels("calc(100% - 2px)", 10) is None
    assert dict(declarations("a: url(data:x;y); B:2 !important;--C:3")) == {
        "a": "url(data:x;y)", "b": "2", "--C": "3",
    }  # fmt: skip


def test_looks_inherit_and_boxes_start_anew(kit: KitSource) -> None:
    css = "body{font:1.25rem/1.6 serif;color:#123} small{font-size:80%}"
    looks = {
        str(element.tag): look
        for element, look in walk(finished(kit, "<p><small>a</small></p><select>", css).root)
    }
    assert (looks["p"].size, looks["p"].line_height) == (20, 32)
    assert (looks["small"].size, looks["small"].text) == (16, "#112233")
    assert looks["select"].text == "#000000"


def test_findings_name_the_included_template_that_says_it(kit: KitSource) -> None:
    footer = b'<p>\n<a href="http://plain.example">{{ _("Privacy") }}</a></p>'
    shared = KitSource({**kit.files, "mails/_footer.mjml": footer}, kit.manifest, "shared")
    (finding,) = check_links(finished(shared, '<a href="http://plain.example">Privacy</a>'))
    assert finding.where == "mails/_footer.mjml:2"
