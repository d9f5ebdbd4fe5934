"""A brand in a campaign: logos published once in their spaces, the kit's rules kept, who uses which brand."""

import io
import re

import pytest
from PIL import Image

from tests.factories.campaigns import Stage
from tests.unit.campaigns.test_rendering import finish
from tmpa.campaigns import brands, service
from tmpa.campaigns.addresses import asset_key
from tmpa.campaigns.models import Campaign
from tmpa.campaigns.rendering import source_of
from tmpa.kernel.errors import Refused
from tmpa.kernel.scope import load
from tmpa.partners import brand_logos
from tmpa.partners import brands as profiles

pytestmark = pytest.mark.backends("sqlite")
NARROW = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 200">'
    b'<rect width="20" height="200" fill="#123"/></svg>'
)


def test_logos_are_published_once_in_the_size_of_their_space(on: Stage) -> None:
    reference = on.campaign()
    made = finish(on, reference)
    mail, page = made[("announcement", "en")][2].decode(), made[("landing", "en")][2].decode()
    sizes = {}
    for text, wanted in ((mail, (360, 104)), (page, (400, 112))):
        name = next(
            name for name in re.findall(r"/assets/([0-9a-f]{64}\.png)", text) if _size(on, name) == wanted
        )
        sizes[wanted] = name
    assert len(set(sizes.values())) == 2
    assert finish(on, reference) == made  # again: the same addresses, byte for byte


def _size(on: Stage, name: str) -> tuple[int, int]:
    with Image.open(io.BytesIO(on.services.store.get(asset_key(name) or ""))) as picture:
        return picture.size


def test_a_logo_against_the_kits_rules_stops_the_launch_and_a_used_brand_stays(on: Stage) -> None:
    reference = on.campaign()
    context = on.services
    with context.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        assert campaign.brand is not None
        second = profiles.copy_brand(session, campaign.brand)
        source = source_of(context.store, campaign)
        assert not brands.brand_problems(context.store, source, campaign)
        service.save(session, campaign, brand=second)
        brand_logos.change_logos(session, context.store, second, [NARROW], remove="wide-light")
        problems = brands.brand_problems(context.store, source, campaign)
        assert len(problems) == 1 and "wants 40" in problems[0]
        assert brands.users_of(session, second) == [campaign]
        with pytest.raises(Refused, match="1 campaign uses"):
            brands.remove_brand(session, second)
    with pytest.raises(Refused, match="wants 40"):
        finish(on, reference)
    with context.database.unit_of_work(on.partner.scope) as session:
        campaign = load(session, Campaign, reference)
        service.discard(session, campaign)
        assert campaign.brand is not None
        brands.remove_brand(session, campaign.brand)
        session.refresh(campaign)
        assert campaign.brand_id is None
        assert len(profiles.brands_of(session, on.partner.organization_id)) == 1
