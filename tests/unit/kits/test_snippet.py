"""Snippets for other sites, and legal texts by the brand's country."""

from dataclasses import replace

from tests.unit.kits.conftest import skeleton_files
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.compile import compile_cached, compile_piece, shape_of
from tmpa.kits.document import document_data
from tmpa.kits.locked import verify_locked
from tmpa.kits.render import recipient_values, render_mail, render_snippet
from tmpa.kits.samples import PAGE_URL
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource, build_source

SNIPPET = """<!doctype html><html lang="{{ locale }}" dir="{{ direction }}"><head><title>x</title></head><body>
<h1>{{ slot.headline }}</h1><a href="{{ link.page }}">{{ _("Privacy") }}</a>
<a class="b" target="_top" href="{{ link.privacy }}">{{ _("Privacy") }}</a></body></html>"""
LEGAL = """
[[legal]]
country = "DE"
text = "For Germany"
[[legal]]
country = "*"
text = "For everybody"
"""


def kit() -> KitSource:
    files = skeleton_files()
    piece = '[[pieces]]\nname = "small"\nkind = "snippet"\ntitle = "x"\ntemplate = "pages/small.html"\nheight = 200\n'
    text = files["kit.toml"].decode().replace("[[slots]]", f"{LEGAL}\n[[slots]]", 1)
    files["kit.toml"] = text.replace("[[journey]]", f"{piece}\n[[journey]]", 1).encode()
    files["pages/small.html"] = SNIPPET.encode()
    mail = files["mails/announcement.mjml"].decode()
    files["mails/announcement.mjml"] = mail.replace(
        "{{ brand.legal_name }}",
        "{{ brand.legal_name }}{% for text in legal %}<br />{{ text }}{% endfor %}",
        1,
    ).encode()
    return build_source(files)


def test_links_of_a_snippet_leave_the_frame_and_carry_their_source() -> None:
    source = kit()
    slots = validate_slots(source, {"headline": '"><script>x</script>'}, "de")
    address = f"{PAGE_URL}?utm_source=partner-site&utm_campaign=c"
    made = render_snippet(source, "small", "de", SAMPLE_BRAND, slots, page_url=address)
    assert '<a target="_blank" rel="noopener" href="' in made.html
    assert "utm_source=partner-site&amp;utm_campaign=c" in made.html
    assert '<a class="b" target="_top"' in made.html and "<script" not in made.html
    assert made.height == 200 and 'lang="de"' in made.html
    assert verify_locked(made.html, compile_piece(source, "small", "de", shape_of(SAMPLE_BRAND, slots)))


def test_legal_texts_follow_the_brand_s_country() -> None:
    source = kit()
    slots = validate_slots(source, {}, "en")

    def mail(country: str) -> str:
        brand = replace(SAMPLE_BRAND, country=country)
        made = render_mail(source, "announcement", "en", brand, slots, page_url=PAGE_URL)
        return made.preview(recipient_values("en", "", ""))

    germany, france, nowhere = mail("de"), mail("FR"), mail("")
    assert germany.index("For everybody") < germany.index("For Germany")
    assert "For everybody" in france and "For Germany" not in france
    assert france == nowhere
    data = document_data(source, "en", replace(SAMPLE_BRAND, country="DE"), slots, PAGE_URL, None, "/qr.svg")
    assert data["legal"][0] == "For everybody" and "For Germany" in data["legal"]  # type: ignore[index,operator]


def test_countries_without_a_text_share_what_is_compiled() -> None:
    source = kit()
    slots = validate_slots(source, {}, "en")
    compile_cached.cache_clear()
    for country in ("FR", "JP", "", "DE"):
        compile_piece(source, "announcement", "en", shape_of(replace(SAMPLE_BRAND, country=country), slots))
    assert compile_cached.cache_info().misses == 2
