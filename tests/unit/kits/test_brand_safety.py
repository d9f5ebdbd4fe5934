"""Brand safety, by property: whatever stands in a slot or brand field, what is locked stays byte-identical.

Over every kind of piece: mail, page, post, snippet, document, banner.
"""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from tests.unit.kits.conftest import skeleton_files
from tmpa.kernel.errors import Refused
from tmpa.kits import locked_typst
from tmpa.kits.banner import render_banner
from tmpa.kits.brand import SAMPLE_BRAND, Brand
from tmpa.kits.compile import CompiledPiece, compile_piece, shape_of
from tmpa.kits.document import document_data, render_document
from tmpa.kits.findings import CompileFailed
from tmpa.kits.locked import (
    changed_region,
    first_difference,
    record_of,
    regions_of,
    shape_in,
    verify_finished,
    verify_locked,
)
from tmpa.kits.qr import qr_svg
from tmpa.kits.render import recipient_values, render_mail, render_page, render_post, render_snippet
from tmpa.kits.samples import sample_values
from tmpa.kits.slots import RICH_TAGS, SlotValues, validate_slots
from tmpa.kits.source import build_source
from tmpa.kits.typeset import typesetter

KIT = build_source(skeleton_files())
URL = "https://pages.example/x"
HOSTILE = [
    "<script>alert(1)</script>", "</style><script>x</script>", "'\"><img src=x onerror=alert(1)>", '" onmouseover="x',
    "{{ brand.name }}", "{% for a in b %}", "{{ ''.__class__ }}", "%(name)s", "%s%n", "javascript:alert(1)",
    "--><script>", "]]>", "<![CDATA[x]]>", "<!--[if mso]><b>", "<![endif]-->", "</title></head>", "</div></td></table>",
    "expression(alert(1))", "url(https://evil.example)", "#fff;background:url(x)", "\u202e\u202d\u2066gnp.exe",
    "\x00\x01\x1b[2J",
    "\u2028\u2029", "&lt;script&gt;", "&#60;script&#62;", "é > ü", "z\u0335\u0336" * 60, "𝒳" * 50, "zqaaaaaaaaaaaah0qz",
    "<mj-raw><b></mj-raw>", "<p>ok</p><script>x</script>", '<a href="javascript:x">x</a>', "A" * 5000, "\ud800",
    "\n\r\n\r",
    "https://ok.example/\"onload=\"x", "https://user:pass@evil.example",
    "data:text/html,<script>", "\\", "`", "${x}", "`|`",
]  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=120),
    st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join),
)
NEWLINE = re.compile("[\\r\\n\\x0b\\x0c\\x85\\u2028\\u2029]")
BENIGN = {"headline": "A headline", "offer": "<p>An offer</p>", "about_link": "https://ok.example/about"}

BRANDS = st.fixed_dictionaries(
    {"name": TEXT, "legal_name": TEXT, "address": TEXT, "disclaimer": TEXT, "logo_alt": TEXT},
    optional={"primary": TEXT, "website": TEXT, "phone": TEXT, "email": TEXT, "logo_url": TEXT},
)
SLOTS = st.fixed_dictionaries(
    {},
    optional={
        "headline": TEXT, "offer": TEXT, "about_link": TEXT, "tone": TEXT, "until": TEXT,
        "price_from": st.one_of(TEXT, st.fixed_dictionaries({"amount_minor": st.integers(), "currency": TEXT})),
        "photo": st.one_of(TEXT, st.fixed_dictionaries({"url": TEXT, "alt": TEXT})),
    },
)  # fmt: skip


def brand_of(given_values: dict[str, str]) -> Brand:
    """The brand with every value that is accepted; a benign one in place of each that is refused."""
    values = {"name": "A", "legal_name": "A Ltd", "address": "1 Street"}
    for name, value in given_values.items():
        try:
            Brand(**{**values, name: value})
        except Refused:
            continue
        values[name] = value
    return Brand(**values)


class _Outline(HTMLParser):
    """Tags and attribute names in order, as a tokenizer sees them that mends nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.seen.append((f"/{tag}", ()))

    def handle_comment(self, data: str) -> None:
        self.seen.append(("comment", (data,)))


def outlines_of(html: str) -> Iterator[list[tuple[str, tuple[str, ...]]]]:
    """Elements and attribute names by two parsers: what a breakout would change."""
    root = lxml_html.document_fromstring(html)
    yield [(str(element.tag), tuple(element.attrib)) for element in root.iter()]
    outline = _Outline()
    outline.feed(html)
    outline.close()
    yield outline.seen


def render(piece: str, locale: str, brand: Brand, slots: SlotValues) -> tuple[str, bytes, CompiledPiece]:
    """A piece as one recipient gets it, its finished bytes, and what it was made of."""
    compiled = compile_piece(KIT, piece, locale, shape_of(brand, slots))
    if piece == "announcement":
        mail = render_mail(KIT, piece, locale, brand, slots, page_url=URL)
        person = recipient_values(locale, "<b>Ada", '"x')
        assert not NEWLINE.search(mail.subject.fill(person) + mail.preheader.fill(person))
        return mail.preview(person), json.dumps(mail.to_json()).encode(), compiled
    if piece == "teaser":
        html = render_snippet(KIT, piece, locale, brand, slots, page_url=URL).html
    else:
        page = render_page(KIT, piece, locale, brand, slots, page_url=URL, form_action=URL, form_token="t")
        assert not NEWLINE.search(page.title + page.description)
        html = page.html
    return html, html.encode(), compiled


def calm_like(brand: Brand, slots: SlotValues) -> tuple[Brand, SlotValues]:
    """A brand and values of the same shape with nothing odd in them; the rich text is the same."""
    calm = Brand(
        name="x",
        legal_name="x",
        address="x",
        website="https://w.example" if brand.website else "",
        phone="+1 555" if brand.phone else "",
        email="a@b.example" if brand.email else "",
        logo_url="https://l.example/x.png" if brand.logo_url else "",
        disclaimer="x" if brand.disclaimer else "",
    )
    values = {"photo": URL, "about_link": URL, "offer": slots.texts["offer"]}
    return calm, SlotValues(
        slots.locale,
        {name: values.get(name, "x") if text else "" for name, text in slots.texts.items()},
        slots.choices,
        {name: "x" if text else "" for name, text in slots.alts.items()},
    )


@pytest.mark.parametrize("piece", ["announcement", "landing", "teaser"])
@given(brand_values=BRANDS, raw=SLOTS, locale=st.sampled_from(["en", "de"]))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_value_changes_a_locked_region(
    piece: str, brand_values: dict[str, str], raw: dict[str, object], locale: str
) -> None:
    brand = brand_of(brand_values)
    slots = validate_slots(KIT, {**BENIGN, **raw}, locale, partial=True)
    html, finished, compiled = render(piece, locale, brand, slots)
    assert first_difference(html, compiled) is None
    assert verify_finished(finished, compiled, KIT) is None

    calm, _calm_finished, calm_compiled = render(piece, locale, *calm_like(brand, slots))
    assert calm_compiled.locked_digest == compiled.locked_digest
    assert regions_of(calm_compiled) == regions_of(compiled)
    assert list(outlines_of(html)) == list(outlines_of(calm))
    rich = slots.texts["offer"]
    tags = {str(element.tag) for element in lxml_html.fragment_fromstring(rich, create_parent="div").iter()}
    assert tags <= RICH_TAGS | {"div"}
    for text in compiled.texts.values():
        assert "<script" not in "".join(text.parts)
    assert "<script" not in html.lower()
    for element in lxml_html.document_fromstring(html).iter():
        for name, value in element.attrib.items():
            assert not str(name).lower().startswith("on")
            if name in {"href", "src", "action"}:
                assert re.match(r"https?://|mailto:|tel:|data:image/|/|#|$", str(value)), (name, value)


@given(brand_values=BRANDS, raw=SLOTS, locale=st.sampled_from(["en", "de"]))
@settings(max_examples=60, deadline=None)
def test_a_post_is_the_vendors_with_values_between(
    brand_values: dict[str, str], raw: dict[str, object], locale: str
) -> None:
    brand = brand_of(brand_values)
    slots = validate_slots(KIT, {**BENIGN, **raw}, locale, partial=True)
    compiled = compile_piece(KIT, "linkedin", locale, shape_of(brand, slots))
    post = render_post(KIT, "linkedin", locale, brand, slots, page_url=URL)
    assert verify_finished(post.text.encode(), compiled, KIT) is None
    assert (
        post.locked_digest
        == compile_piece(KIT, "linkedin", locale, shape_of(*calm_like(brand, slots))).locked_digest
    )
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\x00-\x08\x0b-\x1f]", post.text)


def test_a_value_full_of_copies_of_what_follows_is_no_trouble() -> None:
    """The verifier looks at each place once, however many copies a value has of the constant after it."""
    slots = validate_slots(KIT, sample_values(KIT, "en"), "en")
    compiled = compile_piece(KIT, "announcement", "en", shape_of(SAMPLE_BRAND, slots))
    text = compiled.texts["text"]
    copies = [(part[:40] + " ") * 500 + part for part in text.parts[1:]]
    assert len(copies) > 8
    hostile = text.parts[0] + "".join(copies)
    assert first_difference(hostile, compiled, "text") is None


def test_the_verifier_finds_a_changed_byte() -> None:
    slots = validate_slots(KIT, sample_values(KIT, "en"), "en")
    brand = Brand(name="A", legal_name="A Ltd", address="1 Street")
    html, finished, compiled = render("announcement", "en", brand, slots)
    assert verify_locked(html, compiled)
    for old, new in (
        ("Unsubscribe", "Unsubscribed"),
        ("asked to hear", "asked to  hear"),
        ("</body>", "<p>x</p></body>"),
        ("<strong>A Ltd", "<strong><b>A Ltd"),
        ('href="#"', 'href="#" onclick="x"'),
    ):
        assert old in html
        assert not verify_locked(html.replace(old, new, 1), compiled)
    assert first_difference(html.replace("<body", "<body id='x'", 1), compiled) == "html/0"
    mail = json.loads(finished)
    mail["subject"]["parts"][0] = "Re: " + mail["subject"]["parts"][0]
    assert (
        verify_finished(json.dumps(mail).encode(), compiled, KIT) is None
    )  # the subject is the headline alone
    mail["links"] = [[number, "https://evil.example/", *rest] for number, _url, *rest in mail["links"]]
    mail["preheader"]["parts"] = ["Cheaper."]
    assert verify_finished(json.dumps(mail).encode(), compiled, KIT) == "preheader/0"
    assert verify_finished(b"[]", compiled, KIT) == "bytes"


def test_a_record_names_the_region_in_which_a_kit_differs() -> None:
    slots = validate_slots(KIT, sample_values(KIT, "en"), "en")
    compiled = compile_piece(KIT, "landing", "en", shape_of(SAMPLE_BRAND, slots))
    record = json.loads(json.dumps(record_of(compiled)))
    assert changed_region(record, compile_piece(KIT, "landing", "en", shape_in(record))) == ""
    files = skeleton_files()
    files["pages/landing.html"] = files["pages/landing.html"].replace(b"</main>", b"<p>&nbsp;</p></main>")
    other = compile_piece(build_source(files), "landing", "en", shape_in(record))
    region = changed_region(record, other)
    assert region.startswith("html/") and other.locked_digest != compiled.locked_digest
    assert first_difference(render("landing", "en", SAMPLE_BRAND, slots)[0], other) == region


@given(raw=SLOTS, brand_values=BRANDS)
@settings(max_examples=60, deadline=None)
def test_documents_get_values_as_data_only(raw: dict[str, object], brand_values: dict[str, str]) -> None:
    """Typst never sees a value as markup: it reads JSON, in which every value is one string."""
    slots = validate_slots(KIT, {**BENIGN, **raw}, "en", partial=True)
    data = document_data(KIT, "en", brand_of(brand_values), slots, URL, None, "/qr.svg")
    values = data["slot"]
    assert isinstance(values, dict)
    assert all(isinstance(value, str) for value in values.values())
    assert not any(
        re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", value) for value in values.values()
    )


@given(raw=SLOTS, brand_values=BRANDS)
@settings(max_examples=12, deadline=None)
def test_documents_and_banners_are_made_of_the_vendors_parts_and_values_alone(
    raw: dict[str, object], brand_values: dict[str, str]
) -> None:
    brand, slots = brand_of(brand_values), validate_slots(KIT, {**BENIGN, **raw}, "en", partial=True)
    made = [("onepager", "", render_document(KIT, "onepager", "en", brand, slots, page_url=URL).pdf)]
    try:
        made += [
            ("display", each.size, each.png)
            for each in render_banner(KIT, "display", "en", brand, slots, page_url=URL)
        ]
    except CompileFailed as problem:
        assert problem.findings[0].rule == "banner"  # no room for such a value: refused, never cut
    for piece, size, data in made:
        record, files = locked_typst.record_of(KIT, piece, "en", brand, slots, URL, size)
        record = json.loads(json.dumps(record))
        assert record["digest"] == locked_typst.digest_of(KIT, piece, "en", SAMPLE_BRAND.country)
        assert locked_typst.changed_part(record, KIT) == ""
        assert locked_typst.remade_differs(data, record, KIT, files.__getitem__) == ""
        assert locked_typst.remade_differs(data + b" ", record, KIT, files.__getitem__) == "bytes"


def test_the_same_values_give_the_same_document_whenever_it_is_made() -> None:
    """Twice by compilers of their own, without the process's memory of what it made before."""
    slots = validate_slots(KIT, sample_values(KIT, "en"), "en")
    made = []
    for _each in range(2):
        data = document_data(KIT, "en", SAMPLE_BRAND, slots, URL, None, "/_tmpa/qr.svg")
        with typesetter(KIT, "documents/onepager.typ", {"/_tmpa/qr.svg": qr_svg(URL)}) as setter:
            made.append(setter.make(json.dumps(data))[0])
    assert made[0] == made[1]
    assert b"CreationDate(D:20000101" in made[0]
