"""Compiling: the cage of the templates, holes by context, mistakes with file and line."""

from base64 import b64decode

import pytest

from tests.unit.kits.conftest import Make
from tmpa.kits.compile import Shape, compile_cached, compile_piece, shape_of
from tmpa.kits.findings import CompileFailed, Finding
from tmpa.kits.render import render_mail, render_page, render_post
from tmpa.kits.samples import CHECK_BRANDS, SAMPLE_BRAND, sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource, build_source

MAIL = "mails/announcement.mjml"
PAGE = "pages/landing.html"
URL = "https://pages.example/x?a=1&b=2"
FULL = Shape(
    frozenset({"headline", "offer", "until", "price_from", "about_link", "photo"}),
    (("tone", "office"),),
    frozenset({"website", "phone", "email", "logo_url", "logos", "disclaimer"}),
)


def failing(source: KitSource, piece: str = "announcement", locale: str = "en") -> Finding:
    with pytest.raises(CompileFailed) as caught:
        compile_piece(source, piece, locale, FULL)
    (finding,) = caught.value.findings
    return finding


def test_the_same_input_compiles_to_the_same_bytes(kit: KitSource) -> None:
    first = compile_piece(kit, "announcement", "de", FULL)
    compile_cached.cache_clear()
    again = compile_piece(kit, "announcement", "de", FULL)
    assert first == again
    assert first is not again
    assert first.locked_digest == again.locked_digest
    assert first.locked_digest != compile_piece(kit, "announcement", "en", FULL).locked_digest


def test_holes_know_their_context(kit: KitSource) -> None:
    holes = {
        (hole.key.split("/")[0], hole.context)  # a logo's key goes on with the space that it has
        for hole in compile_piece(kit, "announcement", "en", FULL).texts["html"].holes
    }
    assert {
        ("slot.headline", "text"), ("slot.offer", "block"), ("brand.primary", "colour"), ("brand.on_primary", "colour"),
        ("brand.logo", "url"), ("brand.logo_alt", "attribute"), ("brand.name", "text"), ("slot.photo", "url"),
        ("slot.photo.alt", "attribute"), ("recipient.greeting", "text"), ("unsubscribe", "url"), ("privacy", "url"),
        ("link.1", "url"), ("link.2", "url"), ("link.3", "url"), ("pixel", "url"),
    } <= holes | {("slot.photo.alt", "attribute")}  # fmt: skip
    page = {
        (hole.key, hole.context) for hole in compile_piece(kit, "landing", "en", FULL).texts["html"].holes
    }
    assert {("form.action", "url"), ("form.token", "attribute"), ("beacon", "block"), ("page", "url"),
            ("brand.phone", "tel"), ("brand.email", "mailto"), ("brand.primary", "colour")} <= page  # fmt: skip


def test_links_are_numbered_with_target_and_label(kit: KitSource) -> None:
    links = compile_piece(kit, "announcement", "en", FULL).links
    assert [(link.number, link.target, link.label) for link in links] == [
        (1, "page", "Ask for a call"),
        (2, "slot:about_link", "Read more"),
        (3, "brand:website", "Our website"),
    ]


def test_constant_links_are_tracked_too(changed: Make) -> None:
    source = changed(MAIL, "{{ link.privacy }}", "https://vendor.example/a?b=1&amp;c=2")
    assert "https://vendor.example/a?b=1&c=2" in [
        link.target for link in compile_piece(source, "announcement", "en", FULL).links
    ]


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("{{ slot.headline | upper }}", "not changed"),
        ("{{ slot.headline ~ 'x' }}", "not changed"),
        ("{{ slot.headline + 'x' }}", "not changed"),
        ("{% if slot.headline == 'x' %}x{% endif %}", "not changed"),
        ("{% for c in slot.headline %}x{% endfor %}", "not changed"),
        ("{{ 'x%s' | format(slot.headline) }}", "No filter named"),
        ("{% if recipient.first_name %}x{% endif %}", "differs by recipient"),
        ("{{ slot.nothing }}", "no slot.nothing"),
        ("{{ brand.sender }}", "no brand.sender"),
        ("{{ nothing }}", "undefined"),
        ("{{ ''.__class__ }}", "unsafe"),
        ("{{ ().__class__.__bases__ }}", "unsafe"),
        ("{{ _.__globals__ }}", "unsafe"),
        ("{{ _.args }}", "no attribute"),
        ("{{ slot._values }}", "unsafe"),
        ("{{ 'x' * 999999999 }}", "numbers only"),
        ("{{ 9 ** 9 }}", "not allowed"),
        ("{{ 'x'.center(99999999) }}", "unsafe"),
        ("{% for a in range(99999999) %}{% endfor %}", "too long"),
        ("{% for a in range(900) %}{% for b in range(900) %}{% endfor %}{% endfor %}", "too long"),
        ("{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}", "without end"),
        ("{% include '../../etc/passwd' %}", "no template"),
        ("{% include 'kit.toml' %}", "no template"),
        ("{{ asset('images/line.svg') }}", "SVG"),
        ("{{ asset('../x.png') }}", "no picture"),
        ("{{ _(slot.headline) }}", "in quotes"),
        ("{{ _('%(a)s') }}{{ _('%(a)s', b=1) }}", "don't fit"),
        ("{{ form }}", "undefined"),
        ("{% if %}", "Expected"),
    ],
)
def test_the_cage_names_file_and_line(changed: Make, new: str, says: str) -> None:
    source = changed(MAIL, "<mj-text>{{ recipient.greeting }}</mj-text>", f"<mj-text>{new}</mj-text>")
    finding = failing(source)
    assert says in finding.message
    lines = source.text(MAIL).splitlines()
    assert finding.file == MAIL
    assert new[:10] in lines[finding.line - 1] or says == "without end"


def test_doubling_text_is_stopped(changed: Make) -> None:
    bomb = "{% set x = 'xxxxxxxxxx' %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 30 + "{{ x }}"
    source = changed(MAIL, "<mj-text>{{ recipient.greeting }}</mj-text>", f"<mj-text>{bomb}</mj-text>")
    assert failing(source).rule == "limits"


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ('<a href="https://x.example/{{ slot.about_link }}">x</a>', "part of an address"),
        ('<a href="{{ slot.headline }}">x</a>', "not an address"),
        ('<a href="javascript:{{ slot.headline }}">x</a>', "part of an address"),
        ('<a href="mailto:{{ brand.phone }}">x</a>', "Only brand.email"),
        ('<p style="font-family:{{ brand.name }}">x</p>', "may not stand"),
        ('<p style="color:{{ slot.headline }}">x</p>', "may not stand"),
        ('<p class="{{ slot.headline }}">x</p>', "may not stand"),
        ('<p onclick="{{ slot.headline }}">x</p>', "may not stand"),
        ("<{{ slot.headline }}>x", "may not stand"),
        ("<p>{{ slot.offer }}</p>", "whole paragraphs"),
        ('<img alt="{{ slot.offer }}" src="x">', "whole paragraphs"),
        ("<script>{{ slot.headline }}</script>", "may not stand"),
        ("<style>a { color: {{ slot.headline }} }</style>", "may not stand"),
        ("<!-- {{ slot.headline }} -->", "may not stand"),
        ("<img alt='{{ slot.headline }}' src='x'>", "without double quotes"),
        ("<img alt={{ slot.headline }} src='x'>", "without double quotes"),
        ('<meta http-equiv="refresh" content="{{ slot.about_link }}">', "may not stand"),
        ('<iframe srcdoc="{{ slot.headline }}"></iframe>', "may not stand"),
    ],
)
def test_holes_in_wrong_places_are_named_with_their_line(changed: Make, new: str, says: str) -> None:
    source = changed(PAGE, "<h1>{{ slot.headline }}</h1>", f"<h1>x</h1>\n\n{new}\n")
    finding = failing(source, "landing")
    assert (finding.rule, finding.file) == ("hole", PAGE)
    assert says in finding.message
    assert finding.line == source.text(PAGE).splitlines().index(new) + 1


def test_mjml_mistakes_are_named_with_the_line_of_the_template(changed: Make) -> None:
    source = changed(MAIL, "<mj-text>{{ recipient.greeting }}</mj-text>", "\n<mj-bogus>x</mj-bogus>\n")
    finding = failing(source)
    assert (finding.rule, finding.file) == ("mjml", MAIL)
    assert "mj-bogus" in source.text(MAIL).splitlines()[finding.line - 1]


def test_a_mistake_in_a_subject_names_kit_toml_or_the_catalogue(changed: Make) -> None:
    source = changed("kit.toml", 'subject = "{{ slot.headline }}"', 'subject = "{{ slot.headlin }}"')
    finding = failing(source)
    assert finding.file == "kit.toml"
    assert "slot.headlin" in source.text("kit.toml").splitlines()[finding.line - 1]
    source = changed("locales/de.po", 'msgstr "{{ slot.headline }}"', 'msgstr "{{ slot.headlin }}"')
    finding = failing(source, locale="de")
    assert finding.file == "locales/de.po"
    assert finding.line


def test_includes_reach_the_kits_own_templates(files: dict[str, bytes]) -> None:
    files["mails/_foot.mjml"] = b"<mj-text>{{ brand.name }}\n\n{{ slot.nothing }}</mj-text>"
    files[MAIL] = files[MAIL].replace(
        b"<mj-text>{{ recipient.greeting }}</mj-text>", b'{% include "mails/_foot.mjml" %}'
    )
    finding = failing(build_source(files))
    assert (finding.file, finding.line) == ("mails/_foot.mjml", 3)


def test_choices_and_tests_follow_the_shape(kit: KitSource) -> None:
    bare = Shape(frozenset({"headline", "offer"}), (("tone", "workshop"),), frozenset())
    text = "".join(compile_piece(kit, "announcement", "en", bare).texts["html"].parts)
    assert "The machine is waiting" in text
    assert "The offer ends" not in text
    full = "".join(compile_piece(kit, "announcement", "en", FULL).texts["html"].parts)
    assert "The month ends" in full
    assert "The offer ends" in full


@pytest.mark.parametrize("locale", ["en", "de"])
def test_a_mail_is_whole(kit: KitSource, locale: str) -> None:
    slots = validate_slots(
        kit,
        {
            **sample_values(kit, locale),
            "offer": '<p>See <a href="https://p.example/?a=1&amp;b=2">this</a></p>',
        },
        locale,
    )
    mail = render_mail(kit, "announcement", locale, SAMPLE_BRAND, slots, page_url=URL)
    values = {
        "recipient.greeting": "Hello <Ada>,",
        "unsubscribe": "https://u.example/1",
        "pixel": "https://t.example/p",
    }
    values |= {f"link.{link.number}": f"https://t.example/{link.number}" for link in mail.links}
    html, text = mail.html.fill(values), mail.text.fill(values)
    assert f'lang="{locale}"' in html
    assert "Hello &lt;Ada&gt;," in html
    assert "Hello <Ada>," in text
    assert html.count("https://t.example/p") == 1
    assert html.index("https://t.example/p") < html.index("</body>")
    rich = next(link for link in mail.links if link.url == "https://p.example/?a=1&b=2")
    assert (rich.kind, rich.label) == ("slot", "this")
    assert f'href="https://t.example/{rich.number}"' in html
    assert f"this: https://t.example/{rich.number}" in text
    assert "https://p.example" not in html
    assert "<" not in text.replace("<Ada>", "")
    assert mail.subject.fill({}) == slots.texts["headline"]
    assert mail.preheader.fill({}) in html
    assert type(mail).from_json(mail.to_json()) == mail


def test_a_page_is_whole(kit: KitSource) -> None:
    slots = validate_slots(kit, sample_values(kit, "de"), "de")
    page = render_page(
        kit, "landing", "de", SAMPLE_BRAND, slots, page_url=URL, form_action="https://t.example/f?x=1&y=2",
        form_token='t"><script>', beacon_url="https://t.example/v",
    )  # fmt: skip
    assert 'action="https://t.example/f?x=1&amp;y=2"' in page.html
    assert 'value="t&quot;&gt;&lt;script&gt;"' in page.html
    assert '<img src="https://t.example/v" width="1" height="1" alt=""></body>' in page.html
    assert page.title == "Sprechen Sie mit Nordlicht IT"
    assert [field.label for field in page.fields][:2] == ["Ihr Name", "Geschäftliche E-Mail"]
    assert "<label" in page.html
    assert "Um einen Anruf bitten" in page.html
    assert page.thanks_title == "Vielen Dank."
    assert '<link rel="canonical" href="https://pages.example/x?a=1&amp;b=2">' in page.html


def test_a_post_is_plain_and_has_a_limit(kit: KitSource, changed: Make) -> None:
    slots = validate_slots(kit, {**sample_values(kit, "en"), "headline": "A & B <now>"}, "en")
    post = render_post(kit, "linkedin", "en", SAMPLE_BRAND, slots, page_url=URL)
    assert post.text.startswith("A & B <now>\n\nHalf an hour")
    assert post.text.rstrip().endswith(URL)
    short = changed("kit.toml", "max_length = 3000", "max_length = 30")
    with pytest.raises(Exception, match="30 fit"):
        render_post(short, "linkedin", "en", SAMPLE_BRAND, slots, page_url=URL)


def test_shapes_are_made_of_brand_and_values(kit: KitSource) -> None:
    slots = validate_slots(kit, sample_values(kit, "en", full=False), "en")
    shape = shape_of(CHECK_BRANDS[2], slots)
    assert shape.filled == {"headline", "offer"}
    assert shape.brand == frozenset()
    assert shape.key != FULL.key


def test_pictures_are_embedded_when_no_address_is_given(files: dict[str, bytes]) -> None:
    dot = b64decode(sample_values_dot())
    files["images/dot.png"] = dot
    files[PAGE] = files[PAGE].replace(b"<main>", b'<main><img src="{{ asset("images/dot.png") }}" alt="">')
    source = build_source(files)
    slots = validate_slots(source, sample_values(source, "en"), "en")
    page = render_page(
        source, "landing", "en", SAMPLE_BRAND, slots, page_url=URL, form_action="#", form_token=""
    )
    assert 'src="data:image/png;base64,' in page.html
    page = render_page(
        source, "landing", "en", SAMPLE_BRAND, slots, page_url=URL, form_action="#", form_token="",
        asset_url=lambda path: f"https://cdn.example/{path}",
    )  # fmt: skip
    assert 'src="https://cdn.example/images/dot.png"' in page.html


def sample_values_dot() -> str:
    return CHECK_BRANDS[0].logo_url.split(",")[1]
