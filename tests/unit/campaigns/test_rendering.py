"""Finished pieces: the vendor's locked regions whatever the partner types, kept once by content hash."""

import json
import struct
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from tests.factories.campaigns import KIT, Stage
from tmpa.campaigns import previews, rendering, service, typed
from tmpa.campaigns.addresses import asset_key, page_url, put_asset
from tmpa.campaigns.models import Campaign, CampaignPiece
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.scope import Scope, load
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.compile import compile_piece, shape_of
from tmpa.kits.findings import CompileFailed, error
from tmpa.kits.locked import verify_locked
from tmpa.kits.manifest import BannerPiece, DocumentPiece
from tmpa.kits.render import RenderedMail, recipient_values
from tmpa.kits.source import read_folder

SOURCE = read_folder(KIT)
HOSTILE = st.one_of(
    st.sampled_from(
        [
            '"><script>alert(1)</script>',
            "</style><script>alert(1)</script>",
            "{{ 7 * 7 }}{% include '/etc/passwd' %}",
            "--><img src=x onerror=alert(1)>",
            "zl1lz zt0tz",
            "</td></tr></table><h1>Mine</h1>",
            "&#x3c;script&#x3e;",
            "\u202eevil\u2066",
            "</mj-text><mj-raw>",
        ]
    ),
    st.text(max_size=60),
)


def finish(on: Stage, reference: str) -> dict[tuple[str, str], tuple[str, str, bytes]]:
    context = on.services
    with context.database.unit_of_work(Scope.system()) as session:
        campaign = load(session, Campaign, reference)
        made = rendering.finish_pieces(session, context.store, context.signer, context.settings, campaign)
        return {
            (piece.piece, piece.locale): (
                piece.locked_digest,
                piece.object_key,
                context.store.get(piece.object_key),
            )
            for piece in made
        }


def save(on: Stage, reference: str, slots: typed.Values, locales: list[str]) -> dict[str, dict[str, str]]:
    with on.services.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        source = rendering.source_of(on.services.store, campaign)
        return service.save(session, campaign, slots=slots, locales=locales, source=source)


def test_every_piece_in_every_locale_is_finished_and_again_changes_nothing(on: Stage) -> None:
    reference = on.campaign()
    save(on, reference, {"de": {"contact_name": "Kim Müller"}}, ["de", "ar"])
    first = finish(on, reference)
    sizes = SOURCE.manifest.piece("banner").sizes  # type: ignore[union-attr]
    names = {piece.name for piece in SOURCE.manifest.pieces} - {"banner"} | {
        f"banner@{size}" for size in sizes
    }
    assert first.keys() == {(name, locale) for name in names for locale in ("de", "ar")}
    second = finish(on, reference)
    assert {key: value[1] for key, value in first.items()} == {key: value[1] for key, value in second.items()}
    with on.services.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.query(CampaignPiece).count() == len(first)
    mail = RenderedMail.from_json(json.loads(first["reminder", "de"][2]))
    assert "Kim Müller" in mail.html.fill({})
    campaign = on.load(reference)
    assert page_url(on.services.settings, campaign, "de") in {link.url for link in mail.links}
    assert "/p/assets/" in mail.html.fill({}) and "data:image" not in mail.html.fill({})
    banner = first["banner@300x250", "ar"]
    assert struct.unpack(">II", banner[2][16:24]) == (300, 250)
    finer = on.services.store.get(rendering.fine_key(banner[1]))
    assert struct.unpack(">II", finer[16:24]) == (600, 500)
    assert "utm_source=linkedin&utm_medium=social" in first["linkedin", "de"][2].decode()
    snippet = first["teaser", "de"][2].decode()
    assert 'target="_blank" rel="noopener"' in snippet and "utm_medium=syndication" in snippet
    assert "<script" not in snippet and "<form" not in snippet
    page = first["landing", "ar"][2].decode()
    assert 'dir="rtl"' in page and "/f/" in page


@tries(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(headline=HOSTILE, offer=HOSTILE, contact=HOSTILE, name=HOSTILE, address=HOSTILE, disclaimer=HOSTILE)
def test_hostile_values_leave_every_locked_region_as_the_vendor_made_it(
    headline: str, offer: str, contact: str, name: str, address: str, disclaimer: str
) -> None:
    slots = typed.merged({}, {"en": {"headline": headline, "offer": offer, "contact_name": contact}}, {})
    values, _errors = typed.checked(SOURCE, slots, "en")
    try:
        brand = replace(SAMPLE_BRAND, name=name, address=address, disclaimer=disclaimer)
    except Refused:
        brand = SAMPLE_BRAND
    frame = rendering.Frame(SOURCE, "en", brand, values, "https://pages.example/x/en/")
    for piece in SOURCE.manifest.pieces:
        if isinstance(piece, DocumentPiece | BannerPiece) or piece.kind == "social":
            continue
        html = previews.preview(frame, piece.name, bare=True)
        compiled = compile_piece(SOURCE, piece.name, "en", shape_of(brand, values))
        assert verify_locked(html, compiled)
        assert "<script" not in html.lower()


def test_the_same_shape_has_the_same_digest_for_every_partner(on: Stage) -> None:
    one, two = on.campaign(), on.campaign()
    save(on, one, {"en": {"contact_name": "Kim", "headline": "One"}}, ["en"])
    save(on, two, {"en": {"contact_name": '"><script>', "headline": "</td>{{ 1 }}"}}, ["en"])
    digests = [{key: value[0] for key, value in finish(on, each).items()} for each in (one, two)]
    assert digests[0] == digests[1] and all(digests[0][key] for key in digests[0] if key[0] != "onepager")


def test_a_headline_without_room_in_a_banner_is_refused_by_size_and_locale(
    on: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cramped(*values: object, **named: object) -> object:
        raise CompileFailed([error("banner", "banners/x.typ", 0, "The banner x in 728x90, en: no room.", "")])

    monkeypatch.setattr(rendering, "render_banner", cramped)
    with pytest.raises(Refused, match="728x90, en"):
        finish(on, on.campaign())


def test_values_that_cannot_be_used_stop_the_finishing(on: Stage) -> None:
    reference = on.campaign()
    errors = save(on, reference, {"en": {"headline": "x" * 81}}, ["en"])
    assert errors == {"en": {"headline": "This has 81 characters; 80 fit."}}
    with pytest.raises(Refused):
        finish(on, reference)


def test_a_launch_that_values_make_impossible_becomes_a_draft_that_says_why(on: Stage) -> None:
    reference = on.campaign()
    save(on, reference, {"en": {"headline": "x" * 81}}, ["en"])
    context = on.services
    with context.database.unit_of_work(Scope.system()) as session:
        campaign = load(session, Campaign, reference)
        campaign.state, campaign.launched_by = "launching", on.partner.user_id
        rendering.finish_campaign(session, context.store, context.signer, context.settings, campaign.id)
    refused = on.load(reference)
    assert (refused.state, refused.launch_problem) == ("draft", "This has 81 characters; 80 fit.")
    save(on, reference, {"en": {"headline": "Shorter"}}, ["en"])
    assert on.load(reference).launch_problem == ""


def test_a_locked_region_that_differs_is_never_published(on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = on.campaign()
    real = rendering.render_page

    def tampered(*values: object, **named: object) -> object:
        page = real(*values, **named)  # type: ignore[arg-type]
        return replace(page, html=page.html.replace("</title>", "!</title>"))

    monkeypatch.setattr(rendering, "render_page", tampered)
    with pytest.raises(rendering.LockBroken):
        finish(on, reference)
    with on.services.database.unit_of_work(Scope.system(), write=False) as session:
        assert session.query(CampaignPiece).count() == 0


def test_a_preview_shows_the_envelope_as_an_inbox_would(on: Stage) -> None:
    values, _errors = typed.checked(SOURCE, {}, "fr")
    frame = rendering.Frame(SOURCE, "fr", SAMPLE_BRAND, values, "https://pages.example/x/fr/")
    html = previews.preview(frame, "announcement", "Kim <kim@example.com>")
    assert "Kim &lt;kim@example.com&gt;" in html
    assert "Bonjour" in html
    with pytest.raises(NotFound):
        previews.preview(frame, "nothing")


def test_pictures_are_published_once_under_their_hash(on: Stage) -> None:
    store, installation = on.services.store, on.services.settings
    address = put_asset(store, installation, b"picture", ".PNG")
    assert put_asset(store, installation, b"picture", ".png") == address
    key = asset_key(address.rsplit("/", 1)[1])
    assert key and store.get(key) == b"picture"
    assert asset_key("../secret.png") is None
    with pytest.raises(ValueError, match="suffix"):
        put_asset(store, installation, b"x", ".exe")


def test_recipients_without_a_name_are_greeted_all_the_same() -> None:
    assert recipient_values("de", "", "")["recipient.greeting"] == "Guten Tag,"


def test_banners_and_snippets_are_previewed(on: Stage) -> None:
    values, _errors = typed.checked(SOURCE, {}, "ja")
    frame = rendering.Frame(SOURCE, "ja", SAMPLE_BRAND, values, "https://pages.example/x/ja/")
    html = previews.preview(frame, "banner")
    assert html.count("data:image/png;base64,") == 3 and "728 × 90" in html
    assert 'lang="ja"' in previews.preview(frame, "teaser")
