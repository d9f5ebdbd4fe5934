"""Made-up brands and values: for the checks at publishing, and for previews before a partner has typed anything."""

import io
from base64 import b64decode, b64encode
from functools import lru_cache

from PIL import Image, ImageDraw

from tmpa.kits.brand import SAMPLE_BRAND, Brand
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.manifest import Slot
from tmpa.kits.source import KitSource

PAGE_URL = "https://pages.example/k/preview"
_DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5E"
    "rkJggg=="
)
_LOGO = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAeAAAABgAQAAAADtaJxUAAAAQUlEQVR42u3YKxIAIAhAQXC8/5W1qs1PMOxrhC0khoyhFnuVuAiGYRg+"
    "qS5zWhgMwzAMwzAMP8PTfe1PAsMw/D3uPD0CwESl5eUAAAAASUVORK5CYII="
)
"""A wide logo, so that the checks draw one wherever a template asks for it."""
_WORDS = "lorem ipsum dolor sit amet consetetur sadipscing elitr sed diam nonumy eirmod tempor invidunt "

# Three brands that between them find what one wouldn't: long words, the other direction, nothing optional.
CHECK_BRANDS = (
    Brand(
        name="Donaudampfschifffahrtselektrizitätenhauptbetriebswerk & Söhne",
        legal_name="Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH & Co. KG",
        address="Obere Donaudampfschifffahrtsstraße 1234, Stiege 56, Tür 78, 1020 Wien, Austria",
        primary="#ffd400",
        website="https://donaudampfschifffahrt.example/elektrizitaeten/hauptbetriebswerk",
        phone="+43 (0) 1 555 012 345 678",
        email="hauptbetriebswerk@donaudampfschifffahrt.example",
        logo_url=_DOT,
        logo_alt="Donaudampfschifffahrt",
        disclaimer=_WORDS * 2,
    ),
    Brand(
        name="شركة النور لتقنية المعلومات",
        legal_name="شركة النور لتقنية المعلومات ذ.م.م",
        address="شارع الملك فهد 12، الرياض 12211، المملكة العربية السعودية",
        primary="#0a2540",
        website="https://alnoor.example",
        phone="+966 11 555 0100",
        email="info@alnoor.example",
        logo_url=_DOT,
        logo_alt="النور",
        logo=_LOGO,
        disclaimer="العلامات التجارية ملك لأصحابها.",
    ),
    Brand(name="A", legal_name="A Ltd", address="1 High Street, London", primary="#808080"),
)


@lru_cache(maxsize=32)
def _picture(ratio: str) -> str:
    """A grey landscape in that shape: what stands for a partner's picture in previews, as a data address."""
    wide, high = map(int, ratio.split(":"))
    width = 640
    height = max(8, min(1280, width * high // wide))
    picture = Image.new("P", (width, height), 0)
    picture.putpalette((217, 222, 228, 190, 197, 205, 239, 241, 244))
    pencil = ImageDraw.Draw(picture)
    radius = min(width, height) // 10
    pencil.ellipse(
        (width * 3 // 4 - radius, height // 4 - radius, width * 3 // 4 + radius, height // 4 + radius), 2
    )
    pencil.polygon([(0, height), (width // 3, height // 3), (width * 2 // 3, height)], 1)
    pencil.polygon([(width // 3, height), (width * 2 // 3, height // 2), (width, height)], 1)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(out.getvalue()).decode()}"


def _domain(slot: Slot) -> str:
    return next((domain.lstrip("*.") for domain in slot.domains if domain != "*"), "example.com")


def sample_value(source: KitSource, slot: Slot, locale: str, *, full: bool) -> object:
    """A value for one slot: nothing where a default stands in; with `full` also for what may stay empty."""
    if slot.default or slot.kind == "choice":
        return ""  # validate_slots puts in the default, translated
    if not full and not slot.required:
        return ""
    match slot.kind:
        case "image":
            return {"url": _picture(slot.ratio or "3:2"), "alt": "Example"}
        case "date":
            return "2027-03-31"
        case "money":
            return {"amount_minor": 4900, "currency": source.manifest.mdf.currency}
        case "link":
            return f"https://{_domain(slot)}/example"
        case _:
            shown = load_catalogue(source, locale).gettext(slot.example or slot.label)
            return shown if slot.example else shown[: slot.limit(locale)]


def sample_values(source: KitSource, locale: str, *, full: bool = True) -> dict[str, object]:
    """Raw values for every slot, as `validate_slots` takes them."""
    return {slot.name: sample_value(source, slot, locale, full=full) for slot in source.manifest.slots}


__all__ = ["CHECK_BRANDS", "PAGE_URL", "SAMPLE_BRAND", "sample_value", "sample_values"]
