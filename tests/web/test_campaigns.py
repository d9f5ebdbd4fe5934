"""The campaign page over HTTP: saving, previews, launching, and what strangers see."""

import pytest

from tests.factories.campaigns import Stage, stage
from tests.web.conftest import Browser, SignIn
from tmpa.kernel.http import Services

pytestmark = pytest.mark.backends("sqlite")


@pytest.fixture
def on(services: Services) -> Stage:
    return stage(services)


@pytest.fixture
def partner(on: Stage, sign_in: SignIn) -> Browser:
    return sign_in(on.partner.email)


def test_the_page_and_its_parts_answer(on: Stage, partner: Browser) -> None:
    made = partner.post("/campaigns", {"kit_version": on.kit_version})
    assert made.status_code == 303
    page = made.headers["Location"]
    assert partner.get(page).status_code == 200
    for part in ("/check", "/people", "/preview", "/preview/announcement", "/preview/landing", "/preview/linkedin",
                 "/preview/onepager", "/document/onepager"):  # fmt: skip
        answer = partner.get(page + part)
        assert answer.status_code == 200, part
    assert partner.get("/campaigns").status_code == 200
    assert partner.get("/brand").status_code == 200
