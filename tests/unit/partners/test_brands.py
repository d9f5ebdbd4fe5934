"""Brand profiles: good values are kept beside bad ones, bad ones never replace good ones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.accounts import Member, member, organization
from tests.factories.campaigns import BRAND, LOGO
from tmpa.campaigns.brands import as_render_brand
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.http import Services
from tmpa.kernel.permissions import Role
from tmpa.kernel.scope import load
from tmpa.kits.brand import Brand
from tmpa.partners import brands
from tmpa.partners.models import BrandProfile

ODD = st.one_of(
    st.sampled_from(
        ["\x7f", "\u200b", ", ,", "\u2028", "\ud800", "o'brien@example.com", "-@-.-", "https://a.b:0"]
    ),
    st.from_regex(r"https?://[a-z0-9.:%/_-]{1,20}", fullmatch=True),
    st.emails(),
)


def test_a_whole_brand_is_kept_and_prints(context: Services, partner: Member) -> None:
    with context.database.unit_of_work(partner.scope) as session:
        row, errors = brands.save_brand(session, context.store, partner.organization_id, BRAND, LOGO)
        assert not errors and not brands.missing(row)
        printed = as_render_brand(context.store, row, lambda logo: f"https://pages.example/{len(logo)}.png")
    assert printed.address == "Hafenstraße 7, 24103 Kiel, Germany" and printed.logo.startswith(b"\x89PNG")


def test_bad_values_are_named_and_good_ones_kept(context: Services, partner: Member) -> None:
    with context.database.unit_of_work(partner.scope) as session:
        brands.save_brand(session, context.store, partner.organization_id, BRAND)
        typed = {
            "name": "New name",
            "sender_email": "nobody",
            "primary_colour": "greenish",
            "website": "nowhere",
        }
        row, errors = brands.save_brand(session, context.store, partner.organization_id, typed, b"%PDF")
        assert set(errors) == {"sender_email", "primary_colour", "website", "logo"}
        assert (row.name, row.sender_email) == ("New name", BRAND["sender_email"])
        assert session.query(BrandProfile).count() == 1


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [
        ("website", "www.nordlicht-it.example", "https://www.nordlicht-it.example"),
        ("website", "https://münchen.example/über-uns", "https://münchen.example/über-uns"),
        ("primary_colour", "1D4F91", "#1d4f91"),
        ("primary_colour", "", "#1f4e79"),
        ("phone", "+49 (431) 555-0100", "+49 (431) 555-0100"),
        ("address", "  Hafenstraße  7 \r\n 24103 Kiel ", "Hafenstraße 7\n24103 Kiel"),
        ("email", "info@bücher.example", "info@bücher.example"),
    ],
)
def test_values_are_tidied(field: str, typed: str, kept: str) -> None:
    assert brands.check_value(field, typed) == kept


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("website", "http://plain.example"),
        ("website", "javascript:alert(1)"),
        ("website", "https://user:pass@example.com"),
        ("website", "https://local"),
        ("website", "https://gооgle.example"),
        ("website", "https://ok.example/\u2800"),
        ("phone", "call me"),
        ("email", "a@b@c"),
        ("name", ""),
        ("name", "x" * 121),
        ("legal_name", "Evil\x00Ltd"),
    ],
)
def test_values_that_cannot_be_printed_are_refused(field: str, typed: str) -> None:
    with pytest.raises(Refused) as refusal:
        brands.check_value(field, typed)
    assert refusal.value.field == field


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(brands.LIMITS)), st.one_of(st.text(max_size=80), ODD)))
def test_what_is_kept_can_always_be_printed(typed: dict[str, str]) -> None:
    values = dict(BRAND)
    for name, text in typed.items():
        try:
            values[name] = brands.check_value(name, text)
        except Refused:
            continue
    Brand(
        name=values["name"],
        legal_name=values["legal_name"],
        address=values["address"],
        primary=values["primary_colour"],
        website=values["website"],
        phone=values["phone"],
        email=values["email"],
        disclaimer=values.get("disclaimer", ""),
    )


def test_a_brand_is_the_partners_alone(context: Services, partner: Member) -> None:
    with context.database.unit_of_work(partner.scope) as session:
        row, _errors = brands.save_brand(session, context.store, partner.organization_id, BRAND)
        reference = row.public_id
    other = organization(context.database, "vendor", "North")
    stranger = member(context.database, context.settings, other, Role.VENDOR_MARKETER, "v@north.example")
    with context.database.unit_of_work(stranger.scope, write=False) as session, pytest.raises(NotFound):
        load(session, BrandProfile, reference)
