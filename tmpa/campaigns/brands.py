"""A partner's brand in its campaigns: as pieces print it, what a kit's rules say of it, and who uses it."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.campaigns import typed
from tmpa.campaigns.models import Campaign
from tmpa.kernel import audit
from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import ngettext
from tmpa.kernel.objects import ObjectStore
from tmpa.kits.brand import Brand
from tmpa.kits.compile import compile_piece, shape_of
from tmpa.kits.logo_space import PREFIX, SCALE, BrandLogo, LogoSpace, choose, drawn_size, parse_space
from tmpa.kits.manifest import BrandRules, MailPiece, PagePiece, SnippetPiece
from tmpa.kits.source import KitSource
from tmpa.partners import brands
from tmpa.partners.brand_logos import kept_logos
from tmpa.partners.models import BrandProfile

OVER = ("cancelled",)  # drafts that were thrown away: nothing of them is shown any more


def render_logos(store: ObjectStore, profile: BrandProfile | None) -> tuple[BrandLogo, ...]:
    """The profile's logos for fitting; their bytes are read only when one is drawn."""
    return tuple(
        BrandLogo(
            logo.form, logo.ground, logo.width, logo.height, logo.key, partial(store.get, logo.key), logo.ink
        )
        for logo in kept_logos(profile)
    )


def registration_of(profile: BrandProfile) -> tuple[tuple[str, str], ...]:
    """The registration data in a form that doesn't change."""
    return tuple(sorted((name, str(value)) for name, value in (profile.registration or {}).items()))


def as_render_brand(store: ObjectStore, profile: BrandProfile, logo_url: Callable[[bytes], str]) -> Brand:
    """A profile as pieces print it; `logo_url` gives the address under which a logo's bytes are shown.

    Raises Refused naming the field that is still missing.
    """
    logo = store.get(profile.logo_key) if profile.logo_key else b""
    publish = lru_cache(maxsize=64)(logo_url)  # the same few pictures for every piece and locale
    return Brand(
        name=profile.name,
        legal_name=profile.legal_name,
        address=profile.address,
        primary=profile.primary_colour,
        website=profile.website,
        phone=profile.phone,
        email=profile.email,
        logo_url=publish(logo) if logo else "",
        logo_alt=profile.name,
        disclaimer=profile.disclaimer,
        country=profile.country,
        registration=registration_of(profile),
        logo=logo,
        logos=render_logos(store, profile),
        publish=publish,
    )


def preview_brand(store: ObjectStore, profile: BrandProfile | None, company: str) -> Brand:
    """A brand for looking at: what the profile lacks shows as words in its place, its logos are embedded."""
    embedded = ""
    logo = b""
    if profile is not None and profile.logo_key:
        logo = store.get(profile.logo_key)
        embedded = "data:image/png;base64," + b64encode(logo).decode()
    name = (profile.name if profile else "") or company
    return Brand(
        name=name,
        legal_name=(profile.legal_name if profile else "") or name,
        address=(profile.address if profile else "") or _("Your postal address"),
        primary=profile.primary_colour if profile else "#1f4e79",
        website=profile.website if profile else "",
        phone=profile.phone if profile else "",
        email=profile.email if profile else "",
        logo_url=embedded,
        logo_alt=name,
        disclaimer=profile.disclaimer if profile else "",
        country=profile.country if profile else "",
        registration=registration_of(profile) if profile else (),
        logo=logo,
        logos=render_logos(store, profile),
    )


def logo_spaces(source: KitSource, campaign: Campaign, brand: Brand) -> list[LogoSpace]:
    """The spaces for a logo in the campaign's mails, pages and snippets."""
    locale = campaign.locales[0]
    slots, _errors = typed.checked(source, campaign.slots, locale)
    shape = shape_of(brand, slots)
    names = {
        hole.name: None
        for piece in source.manifest.pieces
        if isinstance(piece, MailPiece | PagePiece | SnippetPiece)
        for text in compile_piece(source, piece.name, locale, shape).texts.values()
        for hole in text.holes
        if hole.kind == "brand" and hole.name.startswith(PREFIX)
    }
    return [parse_space(name) for name in names]


def brand_problems(store: ObjectStore, source: KitSource, campaign: Campaign) -> list[str]:
    """What the kit's rules say against the brand's logos: a sentence each, with what to upload."""
    profile = campaign.brand
    logos = render_logos(store, profile)
    if profile is None or not logos:
        return []
    brand = preview_brand(store, profile, profile.name)
    # in every space the same thing is wrong: the one where it is worst says it
    found: dict[str, tuple[float, str]] = {}
    for space in logo_spaces(source, campaign, brand):
        for kind, width, sentence in _against(logos, space, source.manifest.brand):
            found[kind] = min(found.get(kind, (width, sentence)), (width, sentence))
    return [sentence for _width, sentence in found.values()]


def _against(
    logos: tuple[BrandLogo, ...], space: LogoSpace, rules: BrandRules
) -> Iterator[tuple[str, float, str]]:
    """Kind of problem, the logo's width in the space in CSS pixels, and the sentence."""
    logo = choose(logos, space)
    width, _height = drawn_size(logo, space)
    if width < rules.min_logo_width - 0.5:
        needed = rules.min_logo_width * SCALE
        has_few_pixels = drawn_size(logo, space, 1)[0] >= rules.min_logo_width - 0.5
        if logo.width < needed and has_few_pixels:
            sentence = _(
                "Your logo is only %(width)s pixels wide; this kit needs %(needed)s. "
                "Upload a larger one, best as SVG.",
                width=logo.width,
                needed=needed,
            )
        else:
            sentence = _(
                "Your logo would be only %(width)s pixels wide in this kit, and the vendor wants %(least)s. "
                "Upload a wide form of it.",
                width=round(width),
                least=rules.min_logo_width,
            )
        yield "size", width, sentence
    allowed = {colour.lower() for colour in rules.backgrounds}
    if allowed and logo.ground != space.ground and space.plate not in allowed:
        if space.ground == "dark":
            yield (
                "dark",
                width,
                _("In this kit logos stand on dark ground only. Upload your logo for dark ground."),
            )
        else:
            yield (
                "light",
                width,
                _("In this kit logos stand on light ground only. Upload your logo for light ground."),
            )


def users_of(session: Session, profile: BrandProfile) -> list[Campaign]:
    """The campaigns that use a brand, without drafts that were thrown away."""
    return list(
        session.scalars(
            select(Campaign)
            .where(
                Campaign.brand_id == profile.id,
                Campaign.state.not_in(OVER) | Campaign.launched_at.is_not(None),
            )
            .order_by(Campaign.name)
        )
    )


def remove_brand(session: Session, profile: BrandProfile) -> None:
    """Remove a brand that nothing uses. Raises Refused for the default one and for one that campaigns show."""
    if profile.is_default:
        raise Refused(_("New campaigns begin with this brand. Make another one the default first."))
    used = users_of(session, profile)
    if used:
        raise Refused(
            ngettext(
                "%(num)s campaign uses this brand, so it stays: %(names)s.",
                "%(num)s campaigns use this brand, so it stays: %(names)s.",
                len(used),
                names=", ".join(campaign.name for campaign in used[:3]) + ("…" if len(used) > 3 else ""),
            )
        )
    for thrown_away in session.scalars(select(Campaign).where(Campaign.brand_id == profile.id)):
        thrown_away.brand_id = None
    session.flush()
    audit.record(session, "brand.removed", profile, name=profile.name)
    session.delete(profile)
    session.flush()


def brand_choices(session: Session, campaign: Campaign) -> list[BrandProfile]:
    """The brands that a campaign can choose from; with fewer than two there is nothing to choose."""
    found = brands.brands_of(session, campaign.partner_id)
    return found if len(found) > 1 else []
