"""What a partner takes along from a launched campaign, and the snippet that other sites frame."""

import io
import struct
import zipfile

import pytest
from lxml import html

from tests.factories.campaigns import Stage, stage
from tests.web.conftest import Browser, SignIn
from tmpa.campaigns import rendering, service
from tmpa.campaigns.models import Campaign
from tmpa.kernel.http import Services
from tmpa.kernel.scope import Scope, load
from tmpa.pages.publish import publish, withdraw

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def on(services: Services) -> Stage:
    return stage(services)


@pytest.fixture
def launched(on: Stage) -> Campaign:
    """A campaign in two languages, finished and published."""
    reference = on.campaign()
    with on.services.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        source = rendering.source_of(on.services.store, campaign)
        service.save(session, campaign, slots={}, locales=["de", "ar"], source=source)
    context = on.services
    with context.database.unit_of_work(Scope.system()) as session:
        campaign = load(session, Campaign, reference)
        rendering.finish_pieces(session, context.store, context.signer, context.settings, campaign)
        publish(session, context.store, context.signer, context.settings, campaign)
        campaign.state = "done"
    return on.load(reference)


def test_everything_is_shown_copied_and_saved(on: Stage, launched: Campaign, sign_in: SignIn) -> None:
    partner = sign_in(on.partner.email)
    address = f"/campaigns/{launched.public_id}"
    page = html.document_fromstring(partner.get(f"{address}/live?locale=ar").text).get_element_by_id(
        "material"
    )
    pictures = [each.get("src") for each in page.xpath(".//ul[@class='banner-list']//img")]
    assert len(pictures) == 3
    banner = partner.get(pictures[0])
    assert banner.content_type == "image/png" and struct.unpack(">II", banner.data[16:24]) == (728, 90)
    fine = partner.get(f"{pictures[0]}?fine=1&save=1")
    assert struct.unpack(">II", fine.data[16:24]) == (1456, 180)
    assert 'filename="banner-728x90.ar@2x.png"' in fine.headers["Content-Disposition"]
    code = page.get_element_by_id("embed-teaser").text
    frame = html.fromstring(code)
    assert frame.tag == "iframe" and frame.get("loading") == "lazy" and frame.get("title")
    assert frame.get("src").endswith(f"/p/{launched.slug}/ar/embed/teaser/")
    assert "utm_campaign=" in page.get_element_by_id("post-linkedin").text_content()
    for form, start in (("svg", b"<svg"), ("png", b"\x89PNG")):
        assert partner.get(f"{address}/qr.{form}?locale=de").data.startswith(start)
    assert partner.get(f"{address}/qr.svg?locale=fr").status_code == 404

    saved = partner.get(f"{address}/everything.zip?locale=de")
    with zipfile.ZipFile(io.BytesIO(saved.data)) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
    assert names == {
        "announcement.de.html", "reminder.de.html", "landing.de.html", "linkedin.de.txt", "onepager.de.pdf",
        "banner-728x90.de.png", "banner-728x90.de@2x.png", "banner-300x250.de.png", "banner-300x250.de@2x.png",
        "banner-1200x628.de.png", "banner-1200x628.de@2x.png", "teaser.de.html", "teaser.de.embed-code.txt",
        "qr.de.svg", "qr.de.png",
    }  # fmt: skip
    rival = sign_in(on.rival.email)
    assert rival.get(pictures[0]).status_code == 404
    assert rival.get(f"{address}/everything.zip").status_code == 404


def test_other_sites_may_frame_the_snippet_and_nothing_else(
    on: Stage, launched: Campaign, anybody: Browser
) -> None:
    embed = f"/p/{launched.slug}/de/embed/teaser/"
    answer = anybody.get(embed)
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status_code == 200 and "frame-ancestors *" in policy and "script-src" not in policy
    assert "Set-Cookie" not in answer.headers and "<script" not in answer.text
    link = html.document_fromstring(answer.text).xpath("//a")[0]
    assert (link.get("target"), link.get("rel")) == ("_blank", "noopener")
    assert f"/p/{launched.slug}/de/?utm_source=" in link.get("href")
    assert (
        "frame-ancestors 'none'" in anybody.get(f"/p/{launched.slug}/de/").headers["Content-Security-Policy"]
    )
    assert anybody.get(f"/p/{launched.slug}/de/embed/none/").status_code == 404
    assert anybody.get(f"/p/{launched.slug}/de/embed/..%2fthanks/").status_code == 404
    with on.services.database.unit_of_work(Scope.system()) as session:
        withdraw(session, on.services.store, load(session, Campaign, launched.public_id))
    gone = anybody.get(embed)
    assert gone.status_code == 410 and "frame-ancestors *" in gone.headers["Content-Security-Policy"]


def test_a_draft_shows_the_code_beside_the_picture(on: Stage, sign_in: SignIn) -> None:
    partner = sign_in(on.partner.email)
    reference = on.campaign()
    shown = partner.get(f"/campaigns/{reference}?show=teaser").text
    assert "&lt;iframe src=" in shown and "embed/teaser/" in shown
    assert partner.get(f"/campaigns/{reference}/everything.zip").status_code == 404
    assert "data:image/png" in partner.get(f"/campaigns/{reference}/preview/banner").text
