"""Takes the pictures of the README and the guides: starts an installation, lets people use it, looks at it.

python docs/screenshots.py [NAME …]      (or `make screenshots`)
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import lively  # noqa: E402  # the path is set above
from tests.browser.desk import Desk  # noqa: E402
from tests.browser.test_every_page import addresses, speak  # noqa: E402
from tests.servers.browser import launch  # noqa: E402
from tmpa.demo import cast  # noqa: E402

IMAGES = ROOT / "docs" / "images"
LIMIT = 300_000  # bytes of one picture


@dataclass(frozen=True)
class Picture:
    """One picture: who looks at which page, how wide, how much of it, in which colours and language."""

    name: str
    person: cast.Person | None
    address: str
    width: int = 1280
    height: int = 860
    scheme: str = "light"
    language: str = "en"
    show: str = ""
    """What to scroll to first: a CSS selector."""


PAULA, VERA, ANTON = cast.PARTNER_MARKETER, cast.MARKETER, cast.APPROVER
PICTURES = (
    Picture("campaign", PAULA, "/campaigns/{draft}", width=1440, height=900),
    Picture(
        "campaign-arabic", PAULA, "/campaigns/{draft}", width=1440, height=900, scheme="dark", language="ar"
    ),
    Picture("partner-home", PAULA, "/", height=900),
    Picture("kits", PAULA, "/kits/gallery", height=900),
    Picture("kit", PAULA, "/kits/offer/{kvr}", width=1440, height=900),
    Picture("live", PAULA, "/campaigns/{cmp}/live", height=900),
    Picture("engagement", PAULA, "/campaigns/{cmp}/engagement", height=900, show="#kind"),
    Picture("brand", PAULA, "/brand", width=1440, height=900),
    Picture("contacts", PAULA, "/contacts"),
    Picture("leads-phone", PAULA, "/leads", width=390, height=844),
    Picture("deal", PAULA, "/deals/{dea}"),
    Picture("money", PAULA, "/money", height=900),
    Picture("claim", ANTON, "/claims/{clm}", width=1440, height=900),
    Picture("claims", ANTON, "/claims", height=560),
    Picture("vendor-home", VERA, "/", height=900),
    Picture("vendor-kit", VERA, "/kits/{kit}", width=1440, height=900),
    Picture("publish", VERA, "/kits/publish", height=700),
    Picture("partners", VERA, "/partners", height=560),
    Picture("results", VERA, "/results", height=900),
    Picture("operator", cast.OPERATOR_PERSON, "/operator/jobs", height=560),
    Picture("inbox", None, "{inbox}/?search=ines.brandt", width=1440, height=900),
    Picture("page", None, "{page}", width=1280, height=800),
)


def take(
    chromium: Browser,
    platform: lively.Platform,
    kept: dict[str, list[Any]],
    found: dict[str, str],
    picture: Picture,
) -> int:
    """Take one picture; its size in bytes."""
    with Desk.open(
        chromium,
        platform.settings,
        width=picture.width,
        height=picture.height,
        color_scheme=picture.scheme,
        locale=picture.language,
        reduced_motion="reduce",
        device_scale_factor=2,
    ) as desk:
        if picture.person:
            desk.enter(picture.person.email, kept)
            speak(desk, picture.language)
        desk.page.goto(picture.address.format(**found))
        desk.page.wait_for_load_state("networkidle")
        if picture.show:
            desk.page.locator(picture.show).scroll_into_view_if_needed()
        desk.page.wait_for_timeout(600)  # frames scale themselves, charts draw themselves
        target = IMAGES / f"{picture.name}.png"
        desk.page.screenshot(path=target)
        if picture.person:
            speak(desk, "en")
    with Image.open(target) as taken:  # few colours: a palette is a third of the size and looks the same
        taken.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(target, optimize=True)
    return target.stat().st_size


def main() -> int:
    """Take the pictures named in the arguments, or all; 1 if one is too large."""
    wanted = [picture for picture in PICTURES if len(sys.argv) == 1 or picture.name in sys.argv[1:]]
    IMAGES.mkdir(exist_ok=True)
    too_large = []
    with (
        tempfile.TemporaryDirectory(prefix="tmpa-pictures-") as folder,
        lively.running(lively.settings_of(Path(folder))) as platform,
        sync_playwright() as driver,
    ):
        lively.play(platform)
        lively.fail_a_job(platform)
        found = addresses(platform)
        kept: dict[str, list[Any]] = {}
        chromium = launch(driver)
        for picture in wanted:
            size = take(chromium, platform, kept, found, picture)
            print(f"{picture.name:<18} {size / 1000:6.0f} kB")
            too_large += [picture.name] if size > LIMIT else []
        chromium.close()
    if too_large:
        print(f"Larger than {LIMIT / 1000:.0f} kB: {', '.join(too_large)}", file=sys.stderr)
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
