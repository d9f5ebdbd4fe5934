"""A tiny kit with every kind of text: placeholders, tags, plural forms, a glossary."""

from collections.abc import Callable

from tmpa.kits.source import KitSource, build_source

MANIFEST = """format = 1
name = "tiny-kit"
version = "1.2.0"
title = "A tiny kit"
summary = "For tests."
source_locale = "en"
locales = ["en", "de", "ar", "fr", "fr-CA"]

[vendor]
name = "Vendor"
legal_name = "Vendor Ltd"
address = "1 Example Street"
privacy_url = "https://vendor.example/privacy"

[[terms]]
term = "Stillhaven"

[[terms]]
term = "Stillhaven Recovery"

[[terms]]
term = "restore test"
translations = { de = "Rücksicherungstest", ja = "復元テスト" }

[[slots]]
name = "headline"
kind = "text"
label = "Headline"
max_length = 30
default = "Begin today"

[[pieces]]
name = "post"
kind = "social"
network = "linkedin"
title = "A post"
template = "social/post.txt"
"""
POST = """{{ slot.headline }}
{{ _("Hello %(name)s, see <strong>this</strong>", name=brand.name) }}
{{ ngettext("one day left", "%(num)s days left", 3) }}
{% include "social/foot.txt" %}
"""
FOOT = '{{ _("A restore test by Stillhaven Recovery") }}'
Texts = dict[str, str]


def make(catalogues: Texts | None = None, post: str = POST, manifest: str = MANIFEST) -> KitSource:
    """The kit with these catalogues (by locale)."""
    files = {"kit.toml": manifest, "social/post.txt": post, "social/foot.txt": FOOT}
    files |= {f"locales/{locale}.po": text for locale, text in (catalogues or {}).items()}
    return build_source({path: text.encode() for path, text in files.items()})


Make = Callable[..., KitSource]
GREETING = "Hello %(name)s, see <strong>this</strong>"
DAYS = ("one day left", "%(num)s days left")
FOOTER = "A restore test by Stillhaven Recovery"
