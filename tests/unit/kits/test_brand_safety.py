"""Brand safety, by property: whatever stands in a slot or brand field, what is locked stays byte-identical."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from tests.unit.kits.conftest import skeleton_files
from tmpa.kernel.errors import Refused
from tmpa.kits.brand import Brand
from tmpa.kits.compile import CompiledPiece, compile_piece, shape_of
from tmpa.kits.document import document_data
from tmpa.kits.locked import verify_locked
from tmpa.kits.render import recipient_values, render_mail, render_page
from tmpa.kits.samples import sample_values
from tmpa.kits.slots import RICH_TAGS, SlotValues, validate_slots
from tmpa.kits.source import build_source

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


def skeleton_of(html: str) -> list[tuple[str, tuple[str, ...]]]:
    """Tags and attribute names, in order: what a breakout would change."""
    root = lxml_html.document_fromstring(html)
    return [(str(element.tag), tuple(element.attrib)) for element in root.iter()]


def render(piece: str, locale: str, brand: Brand, slots: SlotValues) -> tuple[str, CompiledPiece]:
    compiled = compile_piece(KIT, piece, locale, shape_of(brand, slots))
    if piece == "announcement":
        mail = render_mail(KIT, piece, locale, brand, slots, page_url=URL)
        return mail.preview(recipient_values(locale, "<b>Ada", '"x')), compiled
    page = render_page(KIT, piece, locale, brand, slots, page_url=URL, form_action=URL, form_token="t")
    return page.html, compiled


@pytest.mark.parametrize("piece", ["announcement", "landing"])
@given(brand_values=BRANDS, raw=SLOTS, locale=st.sampled_from(["en", "de"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_value_changes_a_locked_region(
    piece: str, brand_values: dict[str, str], raw: dict[str, object], locale: str
) -> None:
    brand = brand_of(brand_values)
    slots = validate_slots(KIT, {**BENIGN, **raw}, locale, partial=True)
    html, compiled = render(piece, locale, brand, slots)
    assert verify_locked(html, compiled)

    calm_brand = Brand(
        name="x",
        legal_name="x",
        address="x",
        website="https://w.example" if brand.website else "",
        phone="+1 555" if brand.phone else "",
        email="a@b.example" if brand.email else "",
        logo_url="https://l.example/x.png" if brand.logo_url else "",
        disclaimer="x" if brand.disclaimer else "",
    )
    rich = slots.texts[
        "offer"
    ]  # may bring tags of its own, so it is the same on both sides and looked at below
    calm_values = {"photo": URL, "about_link": URL, "offer": rich}
    calm_slots = SlotValues(
        locale,
        {name: calm_values.get(name, "x") if text else "" for name, text in slots.texts.items()},
        slots.choices,
        {name: "x" if text else "" for name, text in slots.alts.items()},
    )
    calm, calm_compiled = render(piece, locale, calm_brand, calm_slots)
    assert calm_compiled.locked_digest == compiled.locked_digest
    assert skeleton_of(html) == skeleton_of(calm)
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


def test_the_verifier_finds_a_changed_byte() -> None:
    slots = validate_slots(KIT, sample_values(KIT, "en"), "en")
    brand = Brand(name="A", legal_name="A Ltd", address="1 Street")
    html, compiled = render("announcement", "en", brand, slots)
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
