"""Every page of every role, on desk and phone, light and dark, in English and Arabic: whole, quiet and accessible."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from tests.browser.desk import Desk
from tests.browser.lively import Platform
from tmpa.audiences.models import Contact, ContactImport, ContactList
from tmpa.campaigns.models import Campaign
from tmpa.deals.models import DealRegistration, Lead
from tmpa.demo import cast
from tmpa.kernel.base import Base
from tmpa.kits.models import Kit, KitVersion
from tmpa.mdf.models import Claim, Fund, FundRequest
from tmpa.partners.models import Partnership

Sit = Callable[..., Desk]
WHO = {
    "partner": cast.PARTNER_MARKETER,
    "partner with contacts and money": cast.PARTNER_MARKETER,
    "vendor": cast.MARKETER,
    "approver": cast.APPROVER,
    "payer": cast.PAYER,
    "operator": cast.OPERATOR_PERSON,
}
PAGES = {
    "partner": [
        "/",
        "/kits/gallery",
        "/kits/offer/{kvr}",
        "/campaigns",
        "/campaigns/{draft}",
        "/campaigns/{cmp}/live",
        "/campaigns/{cmp}/recipients",
        "/campaigns/{cmp}/engagement",
        "/leads",
        "/leads/{led}",
        "/deals",
        "/deals/new?lead={led}",
        "/deals/{dea}",
    ],
    "partner with contacts and money": [
        "/contacts",
        "/contacts/lists/{lst}",
        "/contacts/import",
        "/contacts/imports/{imp}",
        "/contacts/stopped",
        "/contacts/{con}",
        "/money",
        "/money/requests/new?campaign={draft}",
        "/money/requests/{req}",
        "/money/claims/new?request={req}",
        "/money/claims/{clm}",
        "/brand",
        "/people",
    ],
    "vendor": [
        "/",
        "/kits",
        "/kits/{kit}",
        "/kits/{kit}/withdraw",
        "/kits/publish",
        "/partners",
        "/partners/{psh}",
        "/partners/invite",
        "/registrations",
        "/registrations/{dea}",
        "/funds",
        "/funds/new",
        "/funds/{fnd}",
        "/results",
        "/people",
    ],
    "approver": ["/claims", "/claims/{clm}", "/requests", "/requests/{req}"],
    "payer": ["/payments"],
    "operator": [
        "/operator",
        "/operator/jobs",
        "/operator/jobs?state=done",
        "/operator/audit",
        "/operator/settings",
    ],
    "nobody": ["/sign-in", "/reset", "/nothing-here"],
    "prospect": ["{page}", "{inbox}/"],
}
LOOKS = [
    ("ar", "light", 1440, False),
    ("ar", "dark", 390, True),
    ("en", "dark", 390, False),
    ("en", "light", 1440, True),  # last: the language stays with the person, and other tests read English
]
"""Language, colours, width, and whether axe looks too."""


@pytest.mark.parametrize("role", PAGES)
def test_whole_quiet_and_accessible(sit: Sit, platform: Platform, role: str) -> None:
    found = addresses(platform)
    problems: list[str] = []
    for language, scheme, width, is_scanned in LOOKS:
        desk = sit(
            WHO[role].email if role in WHO else "",
            width=width,
            color_scheme=scheme,
            locale=language,
            reduced_motion="reduce",
        )
        if role in WHO:
            speak(desk, language)
        for pattern in PAGES[role]:
            path = pattern.format(**found)
            answer = desk.page.goto(path)
            assert answer is not None
            desk.page.wait_for_load_state("load")
            look = f"{pattern} ({language}, {scheme}, {width})"
            if answer.status != (404 if "nothing" in path else 200):
                problems.append(f"{look}: answers {answer.status}")
            if desk.overflow > 0:
                problems.append(f"{look}: {desk.overflow} pixels too wide")
            if role in WHO:
                if desk.page.locator("html").get_attribute("lang") != language:
                    problems.append(f"{look}: not in the reader's language")
                if desk.page.locator("h1").count() != 1:
                    problems.append(f"{look}: {desk.page.locator('h1').count()} headings of the first level")
            if is_scanned:
                problems += desk.scan(look)
            problems += [f"{look}: {each}" for each in desk.complaints if " 404 " not in each]
            desk.complaints.clear()
        desk.context.close()
    assert not problems, "\n".join(problems)


def speak(desk: Desk, language: str) -> None:
    """Choose the portal's language, as the menu does."""
    token = desk.page.locator("meta[name=csrf-token]").get_attribute("content") or ""
    desk.page.request.post(
        "/preferences",
        form={"csrf_token": token, "language": language},
        headers={"Referer": desk.settings.portal_url},
    )


def addresses(platform: Platform) -> dict[str, str]:
    """What stands for the braces of PAGES: public ids of things that the demo's people see."""
    with platform.system() as session:

        def one(model: type[Base], *conditions: Any) -> Any:
            return session.scalars(select(model).where(*conditions).order_by(model.id)).first()

        campaign = session.get_one(Campaign, platform.campaign_id)
        vendor, partner = campaign.vendor_id, campaign.partner_id
        things = {
            "cmp": campaign,
            "draft": one(Campaign, Campaign.state == "draft", Campaign.partner_id == partner),
            "kvr": one(KitVersion, KitVersion.vendor_id == vendor),
            "kit": one(Kit, Kit.vendor_id == vendor),
            "psh": one(Partnership, Partnership.vendor_id == vendor, Partnership.partner_id == partner),
            "led": one(Lead, Lead.state == "new", Lead.partner_id == partner),
            "dea": one(DealRegistration, DealRegistration.partner_id == partner),
            "lst": one(ContactList, ContactList.partner_id == partner),
            "imp": one(ContactImport, ContactImport.partner_id == partner),
            "con": one(Contact, Contact.partner_id == partner),
            "fnd": one(Fund, Fund.vendor_id == vendor),
            "req": one(FundRequest, FundRequest.state == "approved", FundRequest.partner_id == partner),
            "clm": one(Claim, Claim.state == "submitted", Claim.partner_id == partner),
        }
        found = {name: thing.public_id for name, thing in things.items()}
        return found | {
            "page": f"{platform.settings.pages_address}/{campaign.slug}/ar/",
            "inbox": platform.settings.inbox_url,
        }
