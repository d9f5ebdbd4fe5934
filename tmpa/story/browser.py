"""A tiny HTTP visitor: keeps cookies, follows redirects, fills forms. Stands for people and for scanners."""

import urllib.error
import urllib.request
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from lxml import html

TIMEOUT = 20
HERE = ("127.0.0.1", "localhost")
PERSON = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"


@dataclass(frozen=True)
class Answer:
    """What a server said, after redirects; status 0 for an address outside of this machine, which isn't asked."""

    status: int
    url: str
    body: bytes

    @property
    def tree(self) -> html.HtmlElement:
        """The body as HTML."""
        return html.document_fromstring(self.body.decode("utf-8", "replace"), base_url=self.url)


class _NearRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects on this machine only: the story's vendors have no website out there."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if urlsplit(newurl).hostname != urlsplit(req.full_url).hostname:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Visitor:
    """One browser or scanner with an agent string of its own."""

    def __init__(self, agent: str = PERSON, network: str = "") -> None:
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar()), _NearRedirects()
        )
        self._headers = {"User-Agent": agent, "Accept": "text/html,*/*"}
        if network:
            # our own proxy's header: the story's visitors come from different networks
            self._headers["X-Forwarded-For"] = network

    def get(self, url: str, method: str = "GET") -> Answer:
        """Fetch an address as a browser would."""
        return self._send(urllib.request.Request(url, headers=self._headers, method=method))  # noqa: S310

    def post(self, url: str, fields: dict[str, str]) -> Answer:
        """Send a form's fields."""
        headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded", "Referer": url}
        return self._send(urllib.request.Request(url, urlencode(fields).encode(), headers, method="POST"))  # noqa: S310

    def submit(self, page: Answer, values: dict[str, str], form_index: int = 0) -> Answer:
        """Fill a form of `page`: what the page prefilled, overlaid with `values`; then send it."""
        form = page.tree.forms[form_index]
        fields = {name: value for name, value in form.form_values() if value is not None}
        return self.post(urljoin(page.url, form.action or page.url), {**fields, **values})

    def _send(self, request: urllib.request.Request) -> Answer:
        if urlsplit(request.full_url).hostname not in HERE:
            return Answer(0, request.full_url, b"")
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return Answer(answer.status, answer.url, answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.url or request.full_url, refused.read())
