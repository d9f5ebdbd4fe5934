"""Publishing a real kit's page: what is added, what stays the vendor's, when nothing is written again."""

import re
import uuid
from datetime import date
from pathlib import Path

import pytest
from lxml import html as lxml_html
from sqlalchemy import select

from tests.factories.campaigns import Stage, stage
from tests.factories.engagement import open_context
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.campaigns.rendering import finish_pieces
from tmpa.db import Database
from tmpa.kernel.audit import AuditRow
from tmpa.kernel.form_specs import read_form
from tmpa.kernel.http import Services
from tmpa.kernel.models import Job
from tmpa.kernel.scope import Scope, load
from tmpa.kernel.tracking_tokens import decode, page_id
from tmpa.pages import publish
from tmpa.pages.html import SCRIPT, page_document, policy, script_hash
from tmpa.pages.models import PublishedPage
from tmpa.settings import Settings
from workers.jobs import wire

LOCALES = ["en", "de", "ar"]


@pytest.fixture
def context(settings: Settings, database: Database) -> Services:
    wire()
    return open_context(settings, database)


@pytest.fixture
def on(context: Services) -> Stage:
    return stage(context)


@pytest.fixture
def finished(on: Stage, context: Services) -> uuid.UUID:
    """A campaign whose pieces are finished in three locales; its id."""
    reference = on.campaign()
    with context.database.unit_of_work(Scope.system()) as session:
        campaign = load(session, Campaign, reference)
        campaign.locales = LOCALES
        campaign.brand_id = campaign.brand_id or on.load(reference).brand_id
        session.flush()
        finish_pieces(session, context.store, context.signer, context.settings, campaign)
        return campaign.id


def pages(context: Services, campaign_id: uuid.UUID) -> dict[str, PublishedPage]:
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        rows = session.scalars(select(PublishedPage).where(PublishedPage.campaign_id == campaign_id))
        return {row.locale: row for row in rows}


def test_every_locale_is_published_with_its_neighbours(context: Services, finished: uuid.UUID) -> None:
    publish.publish_campaign(context, str(finished))
    found = pages(context, finished)
    assert sorted(found) == sorted(LOCALES)
    for locale, page in found.items():
        assert page.id == page_id(finished, page.piece, locale)
        text = context.store.get(page.object_key).decode()
        tree = lxml_html.document_fromstring(text)
        assert tree.xpath("//link[@rel='canonical']/@href") == [page.url]
        alternates = dict(
            zip(tree.xpath("//link[@hreflang]/@hreflang"), tree.xpath("//link[@hreflang]/@href"), strict=True)
        )
        assert {each: found[each].url for each in LOCALES}.items() <= alternates.items()
        assert alternates["x-default"] == page.url.removesuffix(f"{locale}/")
        assert tree.get("lang") == locale and tree.get("dir") == ("rtl" if locale == "ar" else "ltr")
        (beacon,) = tree.xpath("//script/@data-beacon")
        token = decode(context.signer, "visit", beacon.rsplit("/", 1)[1])
        assert token.subject_id == page.id and token.vendor_id == page.vendor_id
        assert [script.text for script in tree.xpath("//script")] == [SCRIPT]
        assert tree.xpath("//noscript")
        spec = read_form(context.signer, tree.xpath("//form//input[@name='token']/@value")[0])
        assert spec.page_id == page.id and spec.thanks_url == f"{page.url}thanks/" and spec.locale == locale
        thanks = context.store.get(page.object_key.replace("index.html", "thanks/index.html")).decode()
        assert f'lang="{locale}"' in thanks and page.url in thanks
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        assert "sending.start_campaign" in set(session.scalars(select(Job.name)))
        assert session.scalars(select(AuditRow).where(AuditRow.action == "campaign.pages_published")).one()


def test_nothing_outside_is_asked_for(context: Services, finished: uuid.UUID) -> None:
    """No request leaves for a third party: every fetched address is ours."""
    publish.publish_campaign(context, str(finished))
    ours = (context.settings.tracking_url, context.settings.pages_address)
    for page in pages(context, finished).values():
        text = context.store.get(page.object_key).decode()
        for address in re.findall(r"""(?:src|action|srcset|poster)="(https?://[^"]*)""", text):
            assert address.startswith(ours), address
        assert "@import" not in text and not re.search(r"url\(['\"]?https?:", text)


def test_the_finished_piece_is_inside_unchanged(context: Services, finished: uuid.UUID) -> None:
    publish.publish_campaign(context, str(finished))
    with context.database.unit_of_work(Scope.system(), write=False) as session:
        piece = session.scalars(
            select(CampaignPiece).where(CampaignPiece.kind == "page", CampaignPiece.locale == "de")
        ).one()
    source = context.store.get(piece.object_key).decode()
    text = context.store.get(pages(context, finished)["de"].object_key).decode()
    added = re.compile(
        r'<meta http-equiv="Content-Security-Policy"[^>]*>|<meta name="referrer"[^>]*>'
        r'|<link rel="(canonical|alternate|icon)"[^>]*>'
        r"|<script data-beacon.*?</script>|</?noscript>"
    )
    assert added.sub("", text) == source


def test_publishing_again_writes_nothing(context: Services, finished: uuid.UUID) -> None:
    publish.publish_campaign(context, str(finished))
    before = {
        locale: (page.content_hash, page.published_at) for locale, page in pages(context, finished).items()
    }
    publish.publish_campaign(context, str(finished))
    assert {
        locale: (p.content_hash, p.published_at) for locale, p in pages(context, finished).items()
    } == before


def test_withdrawn_pages_say_so_in_their_language_and_come_back(
    context: Services, finished: uuid.UUID
) -> None:
    publish.publish_campaign(context, str(finished))
    with context.database.unit_of_work(Scope.system()) as session:
        campaign = session.get_one(Campaign, finished)
        assert publish.withdraw(session, context.store, campaign) == 3
        assert publish.withdraw(session, context.store, campaign) == 0
    for locale, page in pages(context, finished).items():
        assert page.withdrawn_at is not None
        text = context.store.get(page.object_key).decode()
        assert (
            f'lang="{locale}"' in text and "mailto:hello@nordlicht-it.example" in text and "<form" not in text
        )
    publish.publish_campaign(context, str(finished))
    assert all(page.withdrawn_at is None for page in pages(context, finished).values())
    assert "<form" in context.store.get(pages(context, finished)["en"].object_key).decode()


def test_pages_of_an_ended_kit_are_withdrawn(context: Services, finished: uuid.UUID) -> None:
    publish.publish_campaign(context, str(finished))
    with context.database.unit_of_work(Scope.system()) as session:
        version = session.get_one(Campaign, finished).kit_version
        version.valid_until = date(2026, 11, 30)
        session.flush()
        assert publish.withdraw_expired(session, context.store, date(2026, 11, 30)) == 0
        assert publish.withdraw_expired(session, context.store, date(2026, 12, 1)) == 3
        assert publish.withdraw_expired(session, context.store, date(2026, 12, 1)) == 0


def test_the_policy_allows_our_script_and_the_tracking_app_only(tmp_path: Path) -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in policy("https://track.example/x").split(";"))
    assert rules["script-src"] == script_hash() and rules["default-src"] == "'none'"
    assert rules["connect-src"] == "https://track.example" and "track.example" in rules["form-action"]
    assert "frame-ancestors" not in policy("https://track.example", framed=True)
    assert "</script" not in SCRIPT.lower() and len(SCRIPT) < 1600


def test_pages_without_head_or_body_get_their_beacon_all_the_same() -> None:
    text = page_document(
        "<p>Hello",
        "https://p.example/s/en/",
        {"en": "https://p.example/s/en/"},
        "https://t.example/v/x",
        "https://t.example",
    )
    assert text.startswith("<p>Hello") and "data-beacon" in text
    upper = page_document(
        "<HTML><HEAD></HEAD><body>x</body></HTML>", "u", {"en": "u"}, "b", "https://t.example"
    )
    assert upper.index("canonical") < upper.index("</HEAD>") and upper.index("data-beacon") < upper.index(
        "</body>"
    )
