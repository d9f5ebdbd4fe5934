"""kit.toml: its schema. `tmpa.kits.manifest_reading` reads it, with errors as findings."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tmpa.kits.findings import KIT_FILE

FILE = KIT_FILE
NAME = r"^[a-z0-9][a-z0-9-]{1,58}[a-z0-9]$"
WORD = r"^[a-z][a-z0-9_]{0,39}$"
PIECE = r"^[a-z][a-z0-9-]{0,39}$"
SEMVER = r"^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(-[0-9A-Za-z.-]{1,40})?$"
COLOUR = r"^#[0-9a-fA-F]{6}$"
SIZE = r"^[1-9]\d{1,3}x[1-9]\d{1,3}$"
HTTPS = r"^https://[^\s\"'<>\\]{3,500}$"

Client = Literal[
    "aol", "apple-mail", "fastmail", "free-fr", "gmail", "gmx", "hey", "ionos-1and1", "kpn", "laposte", "mail-ru",
    "orange", "outlook", "protonmail", "rainloop", "samsung-email", "sfr", "t-online-de", "thunderbird", "web-de",
    "wp-pl", "yahoo",
]  # fmt: skip
"""Mail clients by the family names of the caniemail data."""

Colour = Annotated[str, Field(pattern=COLOUR)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Word = Annotated[str, Field(pattern=WORD)]
PieceName = Annotated[str, Field(pattern=PIECE)]
Path = Annotated[str, Field(min_length=3, max_length=200)]


class Part(BaseModel):
    """A table of the manifest: unknown keys and wrong types are errors."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Vendor(Part):
    """Who publishes."""

    name: Title
    legal_name: Title
    address: Text
    privacy_url: Annotated[str, Field(pattern=HTTPS)]


class Mdf(Part):
    """What the campaign may cost and as what it counts."""

    activity_types: Annotated[list[Word], Field(max_length=20)] = []
    suggested_budget_minor: Annotated[int, Field(ge=0, le=10**12)] = 0
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"


class BrandRules(Part):
    """What the vendor asks of a partner's brand.

    `min_logo_width` and `clear_space` are CSS pixels. `colours` are the only ones that a partner's main colour may
    become (none: any); `backgrounds` those that a logo may stand on (none: any). `min_contrast` is a WCAG ratio.
    """

    min_logo_width: Annotated[int, Field(ge=0, le=600)] = 120
    clear_space: Annotated[int, Field(ge=0, le=100)] = 0
    min_contrast: Annotated[float, Field(ge=1, le=21)] = 4.5
    colours: Annotated[list[Colour], Field(max_length=40)] = []
    backgrounds: Annotated[list[Colour], Field(max_length=20)] = []
    forbidden_words: Annotated[list[Title], Field(max_length=200)] = []


class Legal(Part):
    """A text that the law of a country wants on every mail and page; `country` is ISO 3166, "*" means every one."""

    country: Annotated[str, Field(pattern=r"^([A-Z]{2}|\*)$")]
    text: Text


class Term(Part):
    """A glossary entry. Without `translations` the term stays as it is in every locale."""

    term: Title
    translations: dict[str, Title] = {}


class Choice(Part):
    """One answer of a choice slot or field; the label is translated."""

    value: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
    label: Title


SlotKind = Literal["text", "richtext", "image", "choice", "date", "money", "link"]


class Slot(Part):
    """A named place that the partner may fill."""

    name: Word
    kind: SlotKind
    label: Title
    help: Annotated[str, Field(max_length=500)] = ""
    required: bool = False
    max_length: Annotated[int, Field(ge=1, le=10_000)] | None = None
    choices: Annotated[list[Choice], Field(max_length=50)] = []
    domains: Annotated[list[str], Field(min_length=1, max_length=50)] = ["*"]
    default: Annotated[str, Field(max_length=10_000)] = ""
    example: Annotated[str, Field(max_length=10_000)] = ""
    max_lengths: dict[str, Annotated[int, Field(ge=1, le=10_000)]] = {}
    ratio: Annotated[str, Field(pattern=r"^[1-9]\d{0,3}:[1-9]\d{0,3}$")] | None = None
    min_width: Annotated[int, Field(ge=1, le=4096)] | None = None

    def limit(self, locale: str) -> int:
        """Longest value in `locale`, in characters as people count them."""
        language = locale.split("-")[0]
        own = self.max_lengths.get(locale) or self.max_lengths.get(language) or self.max_length
        return own or (2000 if self.kind == "richtext" else 300)


class FormField(Part):
    """A field of a page's form."""

    name: Word
    kind: Literal["text", "email", "tel", "textarea", "choice", "consent"]
    label: Text
    required: bool = False
    choices: Annotated[list[Choice], Field(max_length=50)] = []


class MailPiece(Part):
    """A mail; subject and preheader may hold `{{ slot.x }}`, `{{ brand.name }}` and recipient holes."""

    kind: Literal["mail"]
    name: PieceName
    title: Title
    template: Path
    subject: Title
    preheader: Annotated[str, Field(max_length=300)] = ""


class PagePiece(Part):
    """A landing page with its form and the thanks that follow it."""

    kind: Literal["page"]
    name: PieceName
    title: Title
    template: Path
    page_title: Title
    description: Annotated[str, Field(max_length=400)] = ""
    button: Annotated[str, Field(max_length=80)] = ""
    fields: Annotated[list[FormField], Field(max_length=30)] = []
    thanks_title: Annotated[str, Field(max_length=200)] = ""
    thanks_text: Annotated[str, Field(max_length=1000)] = ""


class SocialPiece(Part):
    """A post for one network."""

    kind: Literal["social"]
    name: PieceName
    title: Title
    template: Path
    network: Word
    max_length: Annotated[int, Field(ge=1, le=70_000)] = 3000


class DocumentPiece(Part):
    """A PDF, written in Typst."""

    kind: Literal["document"]
    name: PieceName
    title: Title
    template: Path


class BannerPiece(Part):
    """A picture for advertising, written in Typst and drawn once in each size, in CSS pixels as "728x90"."""

    kind: Literal["banner"]
    name: PieceName
    title: Title
    template: Path
    sizes: Annotated[list[Annotated[str, Field(pattern=SIZE)]], Field(min_length=1, max_length=20)]
    alt: Title


class SnippetPiece(Part):
    """A small HTML document that a partner shows on its own site in a frame of `height` CSS pixels."""

    kind: Literal["snippet"]
    name: PieceName
    title: Title
    template: Path
    height: Annotated[int, Field(ge=40, le=2000)] = 320


Piece = MailPiece | PagePiece | SocialPiece | DocumentPiece | BannerPiece | SnippetPiece
KINDS = {
    "mail": ".mjml",
    "page": ".html",
    "social": ".txt",
    "document": ".typ",
    "banner": ".typ",
    "snippet": ".html",
}


class JourneyStep(Part):
    """A step of the suggested journey: send `piece` on `day` (0 is the launch)."""

    step: PieceName
    piece: PieceName
    day: Annotated[int, Field(ge=0, le=365)] = 0
    only: Literal["all", "not_clicked", "not_opened", "not_submitted"] = "all"


class Manifest(Part):
    """kit.toml as a whole."""

    format: Literal[1]
    name: Annotated[str, Field(pattern=NAME)]
    version: Annotated[str, Field(pattern=SEMVER)]
    title: Title
    summary: Text
    products: Annotated[list[Title], Field(max_length=50)] = []
    audience: Annotated[str, Field(max_length=500)] = ""
    source_locale: str
    locales: Annotated[list[str], Field(min_length=1, max_length=60)]
    valid_from: date | None = None
    valid_until: date | None = None
    territories: Annotated[list[Title], Field(max_length=100)] = []
    tiers: Annotated[list[Title], Field(max_length=20)] = []
    certifications: Annotated[list[Title], Field(max_length=20)] = []
    clients: Annotated[list[Client], Field(min_length=1)] = ["apple-mail", "gmail", "outlook"]
    accent: Colour = "#1f4e79"
    vendor: Vendor
    mdf: Mdf = Mdf()
    brand: BrandRules = BrandRules()
    severity: dict[str, Literal["error"]] = {}
    legal: Annotated[list[Legal], Field(max_length=60)] = []
    terms: Annotated[list[Term], Field(max_length=300)] = []
    slots: Annotated[list[Slot], Field(max_length=60)] = []
    pieces: Annotated[list[Annotated[Piece, Field(discriminator="kind")]], Field(min_length=1, max_length=40)]
    journey: Annotated[list[JourneyStep], Field(max_length=30)] = []

    def piece(self, name: str) -> Piece:
        """The piece of that name. Raises KeyError."""
        for piece in self.pieces:
            if piece.name == name:
                return piece
        raise KeyError(name)

    def slot(self, name: str) -> Slot:
        """The slot of that name. Raises KeyError."""
        for slot in self.slots:
            if slot.name == name:
                return slot
        raise KeyError(name)

    def texts(self) -> list[tuple[str, tuple[str | int, ...]]]:
        """Every text that is translated, with the place of its key."""
        found: list[tuple[str, tuple[str | int, ...]]] = [
            (self.title, ("title",)),
            (self.summary, ("summary",)),
        ]
        found.append((self.audience, ("audience",)))
        for number, slot in enumerate(self.slots):
            at: tuple[str | int, ...] = ("slots", number)
            found += [(slot.label, (*at, "label")), (slot.help, (*at, "help"))]
            found += [(choice.label, (*at, "choices")) for choice in slot.choices]
            if slot.kind in {"text", "richtext"}:
                found += [(slot.default, (*at, "default")), (slot.example, (*at, "example"))]
        for number, piece in enumerate(self.pieces):
            at = ("pieces", number)
            for key in ("title", "subject", "preheader", "page_title", "description", "button", "thanks_title",
                        "thanks_text", "alt"):  # fmt: skip
                found.append((getattr(piece, key, ""), (*at, key)))
            if isinstance(piece, PagePiece):
                for index, field in enumerate(piece.fields):
                    here = (*at, "fields", index)
                    found.append((field.label, (*here, "label")))
                    found += [(choice.label, (*here, "choices")) for choice in field.choices]
        found += [(entry.text, ("legal", number, "text")) for number, entry in enumerate(self.legal)]
        return [(text, place) for text, place in found if text.strip()]
