"""Filling a compiled piece: a pure function of kit, piece, locale, brand and values."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape as html_escape
from html import unescape
from typing import Any, TypeVar

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kits.brand import Brand, under_rules
from tmpa.kits.catalogue import load_catalogue
from tmpa.kits.compile import CompiledPiece, CompiledText, LinkTarget, compile_piece, data_url, shape_of
from tmpa.kits.holes import Hole, Marker, Stretches, StretchesBuilder, escape
from tmpa.kits.manifest import FormField, MailPiece, PagePiece, SnippetPiece, SocialPiece
from tmpa.kits.plain import html_to_text
from tmpa.kits.slots import SlotValues
from tmpa.kits.source import KitSource
from tmpa.kits.values import count_characters
from tmpa.kits.words import recipient_values, words

__all__ = ["Link", "RenderedMail", "RenderedPage", "RenderedPost", "RenderedSnippet", "recipient_values",
           "render_mail", "render_page", "render_post", "render_snippet"]  # fmt: skip

T = TypeVar("T")
AssetUrl = Callable[[str], str]
_RICH_LINK = re.compile(r'href="([^"]*)"')
_TOKEN = re.compile("\ue000([0-9]+)\ue001")


@dataclass(frozen=True, slots=True)
class Link:
    """A numbered link of a mail: where it leads, what it says, and whose it is (page, kit, brand or slot)."""

    number: int
    url: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A finished mail with open holes only for what differs by recipient."""

    subject: Stretches
    preheader: Stretches
    html: Stretches
    text: Stretches
    links: tuple[Link, ...]
    locked_digest: str

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` reads."""
        parts = {name: getattr(self, name).to_json() for name in ("subject", "preheader", "html", "text")}
        links = [[link.number, link.url, link.label, link.kind] for link in self.links]
        return {**parts, "links": links, "locked_digest": self.locked_digest}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "RenderedMail":
        """The mail that `to_json` gave."""
        parts = {name: Stretches.from_json(data[name]) for name in ("subject", "preheader", "html", "text")}
        return cls(
            **parts, links=tuple(Link(*link) for link in data["links"]), locked_digest=data["locked_digest"]
        )

    def preview(self, recipient: Mapping[str, str]) -> str:
        """The HTML as one recipient would see it, links leading straight to their targets, without pixel."""
        values = {**recipient, "unsubscribe": "#", "pixel": "data:image/gif;base64,R0lGODlhAQABAAAAACw="}
        return self.html.fill({**values, **{f"link.{link.number}": link.url for link in self.links}})


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """A finished page. `fields` are those that its form posts, with translated labels."""

    html: str
    title: str
    description: str
    fields: tuple[FormField, ...]
    thanks_title: str
    thanks_text: str
    locked_digest: str


@dataclass(frozen=True, slots=True)
class RenderedPost:
    """A finished post for a network."""

    text: str
    network: str
    locked_digest: str


@dataclass(frozen=True, slots=True)
class RenderedSnippet:
    """A finished document for a frame of `height` CSS pixels on the partner's own site."""

    html: str
    title: str
    height: int
    locked_digest: str


@dataclass(frozen=True, slots=True)
class _Values:
    """Where the value of each hole comes from."""

    source: KitSource
    brand: Brand
    slots: SlotValues
    fixed: Mapping[str, str]
    asset_url: AssetUrl

    def of(self, hole: Hole) -> str:
        match hole.kind:
            case "slot":
                name, _dot, part = hole.name.partition(".")
                return self.slots.alts.get(name, "") if part else self.slots.texts.get(name, "")
            case "brand":
                return self.brand.value(hole.name, self.slots.locale)
            case "asset":
                return self.asset_url(hole.name)
            case _:
                return self.fixed[hole.key]

    def target(self, link: LinkTarget) -> tuple[str, str]:
        """Address and kind of a numbered link."""
        if link.target == "page":
            return self.fixed["page"], "page"
        if link.target.startswith("https://"):
            return link.target, "kit"
        kind, _colon, name = link.target.partition(":")
        return (self.slots.texts.get(name, "") if kind == "slot" else self.brand.value(name)), kind


class _MailFiller:
    """Splices values into a mail's texts; links inside rich text get numbers after those of the template."""

    def __init__(self, compiled: CompiledPiece, values: _Values) -> None:
        self._compiled, self._values = compiled, values
        self.links: list[Link] = []
        for target in compiled.links:
            url, kind = values.target(target)
            self.links.append(Link(target.number, url, target.label, kind))
        self._rich_links: dict[str, list[int]] = {}

    def fill(self, name: str) -> Stretches:
        """One of the mail's texts with everything filled but what differs by recipient."""
        text = self._compiled.texts[name]
        built = StretchesBuilder()
        built.text(text.parts[0])
        for hole, part in zip(text.holes, text.parts[1:], strict=True):
            self._put(built, hole)
            built.text(part)
        return built.done()

    def _put(self, built: StretchesBuilder, hole: Hole) -> None:
        if hole.kind in {"recipient", "link", "unsubscribe", "pixel"}:
            built.marker(Marker(hole.kind, hole.name, hole.context))
        elif hole.kind == "slot" and self._is_rich(hole.name):
            self._rich(built, hole)
        else:
            built.text(escape(hole.context, self._values.of(hole)))

    def _is_rich(self, name: str) -> bool:
        return any(
            slot.name == name and slot.kind == "richtext" for slot in self._values.source.manifest.slots
        )

    def _rich(self, built: StretchesBuilder, hole: Hole) -> None:
        value = self._values.of(hole)
        found = list(_RICH_LINK.finditer(value))
        if hole.name not in self._rich_links:
            numbers = []
            for match in found:
                label = re.sub(r"<[^>]*>", "", value[match.end() :].split("</a>", 1)[0].split(">", 1)[-1])
                self.links.append(
                    Link(len(self.links) + 1, unescape(match[1]), unescape(label).strip(), "slot")
                )
                numbers.append(len(self.links))
            self._rich_links[hole.name] = numbers
        numbers = self._rich_links[hole.name]
        if hole.context == "plain":
            self._rich_text(built, value, numbers)
            return
        end = 0
        for number, match in zip(numbers, found, strict=True):
            built.text(value[end : match.start(1)])
            built.marker(Marker("link", str(number), "url"))
            end = match.end(1)
        built.text(value[end:])

    def _rich_text(self, built: StretchesBuilder, value: str, numbers: list[int]) -> None:
        queue = iter(numbers)
        marked = _RICH_LINK.sub(lambda _match: f'href="\ue000{next(queue)}\ue001"', value)
        text, _labels = html_to_text(marked, words(self._compiled.locale).label_url)
        end = 0
        for token in _TOKEN.finditer(text):
            built.text(text[end : token.start()])
            built.marker(Marker("link", token[1], "plain"))
            end = token.end()
        built.text(text[end:])


def _fill(text: CompiledText, values: _Values) -> str:
    """A text without open holes. Rich text where only plain text may stand loses its markup."""
    rich = {slot.name for slot in values.source.manifest.slots if slot.kind == "richtext"}
    filled = [text.parts[0]]
    for hole, part in zip(text.holes, text.parts[1:], strict=True):
        value = values.of(hole)
        if hole.kind == "slot" and hole.name in rich and hole.context == "plain":
            value = html_to_text(value, words(values.slots.locale).label_url)[0]
        filled += [escape(hole.context, value), part]
    return "".join(filled)


def _one_line(stretches: Stretches) -> Stretches:
    """A subject is one line whatever a catalogue says."""
    return Stretches(tuple(re.sub(r"\s*[\r\n]+\s*", " ", part) for part in stretches.parts), stretches.holes)


def _piece(source: KitSource, name: str, kind: type[T]) -> T:
    piece = source.manifest.piece(name)
    if not isinstance(piece, kind):
        raise KeyError(name)
    return piece


def render_mail(
    source: KitSource,
    piece: str,
    locale: str,
    brand: Brand,
    slots: SlotValues,
    *,
    page_url: str,
    privacy_url: str | None = None,
    asset_url: AssetUrl | None = None,
) -> RenderedMail:
    """A mail for one brand and locale. `asset_url` must give public addresses for real mail; None embeds pictures.

    Raises CompileFailed, and KeyError when the kit has no such mail.
    """
    _piece(source, piece, MailPiece)
    compiled = compile_piece(source, piece, locale, shape_of(brand, slots))
    as_printed = under_rules(brand, source.manifest.brand)
    privacy = privacy_url or source.manifest.vendor.privacy_url
    fixed = {"page": page_url, "privacy": privacy}
    values = _Values(source, as_printed, slots, fixed, asset_url or (lambda path: data_url(source, path)))
    filler = _MailFiller(compiled, values)
    html, text = filler.fill("html"), filler.fill("text")
    subject, preheader = _one_line(filler.fill("subject")), _one_line(filler.fill("preheader"))
    return RenderedMail(subject, preheader, html, text, tuple(filler.links), compiled.locked_digest)


def render_page(
    source: KitSource,
    piece: str,
    locale: str,
    brand: Brand,
    slots: SlotValues,
    *,
    page_url: str,
    form_action: str,
    form_token: str,
    privacy_url: str | None = None,
    asset_url: AssetUrl | None = None,
    beacon_url: str = "",
) -> RenderedPage:
    """A page for one brand and locale. `beacon_url` counts a visit: one ending in .js is loaded as a script, any other
    as a 1×1 picture; empty leaves it out.

    Raises CompileFailed, and KeyError when the kit has no such page.
    """
    wanted = _piece(source, piece, PagePiece)
    compiled = compile_piece(source, piece, locale, shape_of(brand, slots))
    as_printed = under_rules(brand, source.manifest.brand)
    address = html_escape(beacon_url)
    if beacon_url.split("?")[0].endswith(".js"):
        beacon = f'<script src="{address}" async></script>'
    else:
        beacon = f'<img src="{address}" width="1" height="1" alt="">' if beacon_url else ""
    fixed = {
        "page": page_url,
        "privacy": privacy_url or source.manifest.vendor.privacy_url,
        "form.action": form_action,
        "form.token": form_token,
        "beacon": beacon,
    }
    values = _Values(source, as_printed, slots, fixed, asset_url or (lambda path: data_url(source, path)))
    gettext = load_catalogue(source, locale).gettext
    fields = tuple(
        item.model_copy(
            update={
                "label": gettext(item.label),
                "choices": [
                    choice.model_copy(update={"label": gettext(choice.label)}) for choice in item.choices
                ],
            }
        )
        for item in wanted.fields
    )
    return RenderedPage(
        html=_fill(compiled.texts["html"], values),
        title=_fill(compiled.texts["title"], values),
        description=_fill(compiled.texts["description"], values),
        fields=fields,
        thanks_title=gettext(wanted.thanks_title) if wanted.thanks_title else "",
        thanks_text=gettext(wanted.thanks_text) if wanted.thanks_text else "",
        locked_digest=compiled.locked_digest,
    )


def render_post(
    source: KitSource, piece: str, locale: str, brand: Brand, slots: SlotValues, *, page_url: str
) -> RenderedPost:
    """A post. Raises Refused when the filled text is longer than the network allows, CompileFailed, KeyError."""
    wanted = _piece(source, piece, SocialPiece)
    compiled = compile_piece(source, piece, locale, shape_of(brand, slots))
    as_printed = under_rules(brand, source.manifest.brand)
    fixed = {"page": page_url, "privacy": source.manifest.vendor.privacy_url}
    values = _Values(source, as_printed, slots, fixed, lambda path: path)
    text = re.sub(r"\n{3,}", "\n\n", _fill(compiled.texts["text"], values)).strip() + "\n"
    length = count_characters(text.strip())
    if length > wanted.max_length:
        message = _(
            "The post for %(network)s has %(length)s characters; %(limit)s fit. Shorten what you filled in.",
            network=wanted.network,
            length=length,
            limit=wanted.max_length,
        )
        raise Refused(message, "slots", "post-too-long")
    return RenderedPost(text, wanted.network, compiled.locked_digest)


def render_snippet(
    source: KitSource,
    piece: str,
    locale: str,
    brand: Brand,
    slots: SlotValues,
    *,
    page_url: str,
    asset_url: AssetUrl | None = None,
) -> RenderedSnippet:
    """A snippet for one brand and locale; `page_url` is where its links lead. Raises CompileFailed, KeyError."""
    wanted = _piece(source, piece, SnippetPiece)
    compiled = compile_piece(source, piece, locale, shape_of(brand, slots))
    as_printed = under_rules(brand, source.manifest.brand)
    fixed = {"page": page_url, "privacy": source.manifest.vendor.privacy_url}
    values = _Values(source, as_printed, slots, fixed, asset_url or (lambda path: data_url(source, path)))
    title = load_catalogue(source, locale).gettext(wanted.title)
    return RenderedSnippet(
        _fill(compiled.texts["html"], values), title, wanted.height, compiled.locked_digest
    )
