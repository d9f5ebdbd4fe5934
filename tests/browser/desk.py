"""A person before a browser: signs in, clicks (and is counted), and notes whatever the browser complains about."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from tmpa.demo import cast
from tmpa.settings import Settings

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
SEVERE = ("serious", "critical")
COUNTER = """addEventListener('mousedown', event => { if (event.isTrusted) tmpaClicked() }, true)"""


class Desk:
    """One browser window of one person. Clicks are those of a mouse or finger; typing and Tab cost none.

    Choosing a file and choosing from a list are a click each: a person needs the mouse there.
    """

    def __init__(self, context: BrowserContext, settings: Settings) -> None:
        self.settings = settings
        self.context = context
        self.complaints: list[str] = []
        self._clicks = 0
        self._since = time.monotonic()
        context.expose_function("tmpaClicked", self._clicked)
        context.add_init_script(COUNTER)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("console", self._heard)
        self.page: Page = context.new_page()

    @classmethod
    @contextmanager
    def open(cls, chromium: Browser, settings: Settings, **options: Any) -> Iterator["Desk"]:
        """A window of its own, closed when the block ends; fails if the browser complained."""
        width = options.pop("width", 1440)
        height = options.pop("height", 900 if width > 600 else 844)
        context = chromium.new_context(
            base_url=settings.portal_url,
            viewport={"width": width, "height": height},
            has_touch=width < 600,
            **options,
        )
        context.set_default_timeout(15_000)
        context.set_default_navigation_timeout(20_000)
        try:
            desk = cls(context, settings)
            yield desk
            assert not desk.complaints, "\n".join(desk.complaints)
        finally:
            context.close()

    def _clicked(self) -> None:
        self._clicks += 1

    def _heard(self, message: Any) -> None:
        # the counter of clicks can't run in the inbox's sandboxed mails, and the browser says so
        is_counter = "Blocked script execution" in message.text and "/mails/" in message.text
        if message.type in ("error", "warning") and not is_counter:
            self.complaints.append(f"{message.page.url if message.page else ''}: {message.text}")

    def sign_in(self, email: str) -> None:
        """Sign in with the demo's password; the count of clicks and seconds begins after it."""
        self.page.goto("/sign-in")
        self.page.locator("[name=email]").fill(email)
        self.page.locator("[name=password]").fill(cast.PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)
        self.start_counting()

    def enter(self, email: str, kept: dict[str, list[Any]]) -> None:
        """Sign in, or come back with the cookies `kept` from the first time: nobody may sign in over and over."""
        if email in kept:
            self.context.add_cookies(kept[email])
            self.page.goto("/")
            self.start_counting()
        else:
            self.sign_in(email)
            kept[email] = self.context.cookies()

    def start_counting(self) -> None:
        """From here on."""
        self._clicks, self._since = 0, time.monotonic()

    @property
    def clicks(self) -> int:
        """Clicks since the count began."""
        return self._clicks

    @property
    def seconds(self) -> float:
        """Seconds since the count began."""
        return time.monotonic() - self._since

    def button(self, name: str, **options: Any) -> Locator:
        """A button by its words."""
        return self.page.get_by_role("button", name=name, **options)

    def link(self, name: str, **options: Any) -> Locator:
        """A link by its words."""
        return self.page.get_by_role("link", name=name, **options)

    def go(self, name: str) -> None:
        """A click in the navigation."""
        self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).first.click()

    def upload(self, field: Locator, file: Any) -> None:
        """Choose a file: one click."""
        field.set_input_files(file)
        self._clicked()

    def choose(self, field: Locator, label: str) -> None:
        """Choose from a list: one click."""
        field.select_option(label=label)
        self._clicked()

    def confirm(self, button: str) -> None:
        """Say yes to the question of what will happen."""
        self.page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()

    def scan(self, where: str = "") -> list[str]:
        """What axe finds that is serious or worse, in our document (frames hold the pieces of kits)."""
        found = Axe().run(self.page, options=RULES)
        return [
            f"{where or self.page.url}: {each['id']} ({each['impact']}) at {node['target']}: {node['html'][:160]}"
            for each in found.response["violations"]
            if each["impact"] in SEVERE
            for node in each["nodes"]
        ]

    @property
    def overflow(self) -> int:
        """Pixels that the page is wider than its window."""
        wide: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return wide
