"""The only simulated part: who reads the delivered mails. Works from the mail and over HTTP alone, as people do.

A person's behaviour follows from the address, so that a story told twice goes the same way.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

from lxml import html
from lxml.html import HtmlElement

from tmpa.story.browser import PERSON, Visitor

SCANNER = "Mozilla/5.0 (compatible; MailGuard-LinkScanner/4.2)"
PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 Mobile/15E148"
)


@dataclass(frozen=True)
class Mail:
    """A delivered mail as a client sees it: whom it is to, its pictures and its links in order."""

    to: str
    subject: str
    html: str
    message: EmailMessage

    @property
    def pictures(self) -> list[str]:
        """Addresses of the pictures that a client loads."""
        return [str(src) for src in self._tree.xpath("//img/@src") if str(src).startswith("http")]

    @property
    def links(self) -> list[str]:
        """Addresses of the links, those of the footer included."""
        found = (str(href) for href in self._tree.xpath("//a/@href"))
        return list(dict.fromkeys(href for href in found if href.startswith("http")))

    @property
    def button(self) -> str:
        """The first link: the mail's call to action."""
        return self.links[0]

    @property
    def unsubscribe(self) -> str:
        """The one-click address of RFC 8058."""
        found = re.search(r"<(https?://[^>]+)>", str(self.message["List-Unsubscribe"] or ""))
        if found is None:
            raise ValueError(f"the mail to {self.to} has no List-Unsubscribe address")
        return found[1]

    @property
    def _tree(self) -> HtmlElement:
        return html.document_fromstring(self.html)


def read_mail(message: EmailMessage) -> Mail:
    """What a mail client makes of the bytes that arrived."""
    part = message.get_body(("html",))
    if part is None:
        raise ValueError(f"no HTML in the mail to {message['To']}")
    addresses = message["To"].addresses
    return Mail(addresses[0].addr_spec, str(message["Subject"]), part.get_content(), message)


@dataclass
class Tally:
    """What was done, in truth; the platform's verdicts are compared with it."""

    people_clicked: set[str] = field(default_factory=set)
    people_opened: set[str] = field(default_factory=set)
    scanned: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    unsubscribed: set[str] = field(default_factory=set)


def nature(address: str) -> int:
    """A number from 0 to 99 that belongs to the address."""
    return int(hashlib.sha256(address.lower().encode()).hexdigest(), 16) % 100


def is_scanned(address: str) -> bool:
    """Whether the address's company has a gateway that follows every link of every mail."""
    return nature("gateway " + address.rpartition("@")[2]) < 30


def scan(mails: Iterable[Mail], tally: Tally) -> None:
    """Security gateways look at the mails the moment they arrive: every picture, every link, some with HEAD."""
    for mail in mails:
        if not is_scanned(mail.to):
            continue
        gateway = Visitor(SCANNER, _network("gateway", mail.to))
        for link in mail.links:
            gateway.get(link, "HEAD" if nature(mail.to + link) < 50 else "GET")
        tally.scanned.add(mail.to)


def read(mails: Sequence[Mail], tally: Tally) -> None:
    """People come to their mails: two of three open, one of three clicks, some of those ask, one unsubscribes."""
    clickers = [mail for mail in mails if nature(mail.to) < 36] or list(mails[:1])
    for mail in mails:
        if nature(mail.to) < 66 or mail in clickers:
            _open(mail, tally)
    for place, mail in enumerate(clickers):
        _click(mail, tally, asks=place % 2 == 0)
    leavers = [mail for mail in mails if nature(mail.to) >= 90]
    for mail in leavers[:1]:
        Visitor(PERSON, _network("home", mail.to)).get(mail.unsubscribe)  # looking is not leaving
        Visitor("MailClient/1.0").post(mail.unsubscribe, {"List-Unsubscribe": "One-Click"})
        tally.unsubscribed.add(mail.to)


def _open(mail: Mail, tally: Tally) -> None:
    agent = PROXY if mail.to.endswith("gmail.example") else PERSON
    reader = Visitor(agent, _network("home", mail.to))
    for picture in mail.pictures:
        reader.get(picture)
    tally.people_opened.add(mail.to)


def _click(mail: Mail, tally: Tally, asks: bool) -> None:
    browser = Visitor(PHONE if nature(mail.to) % 2 else PERSON, _network("home", mail.to))
    page = browser.get(mail.button)
    tally.people_clicked.add(mail.to)
    if page.status != 200:
        raise ValueError(f"the link of the mail to {mail.to} answers {page.status} at {page.url}")
    if not asks or not page.tree.forms:
        return
    form = page.tree.forms[0]
    values = {
        name: _answer(form.inputs[name], name, mail.to) for name in form.fields if name not in ("token",)
    }
    visitor = parse_qs(urlsplit(page.url).query).get("r", [""])[0]
    thanks = browser.submit(page, {**values, "r": visitor})
    if thanks.status != 200:
        raise ValueError(
            f"the form at {page.url} answers {thanks.status}: {thanks.tree.text_content()[:300]}"
        )
    tally.asked.add(mail.to)


def _answer(control: object, name: str, address: str) -> str:
    """What a person puts into a field: they see its type and its label."""
    kind = getattr(control, "type", None)
    if getattr(control, "tag", "") == "select":
        return str(next(value for value in control.value_options if value))  # type: ignore[attr-defined]
    if kind == "checkbox":
        return "yes"
    if kind == "email":
        return address
    if kind == "tel":
        return "+49 40 5550 199"
    if getattr(control, "tag", "") == "textarea":
        return "Please call me next week. Thank you!"
    if name.startswith("tmpa_"):
        return ""  # hidden from people
    words = address.partition("@")[0].replace(".", " ").title()
    return f"{_company(address.rpartition('@')[2])} Ltd" if "compan" in name else words


def _company(domain: str) -> str:
    """The name that stands in a domain, as people write it: "schmidt-elektro.example" is Schmidt Elektro."""
    label = domain.partition(".")[0]
    if label.startswith("xn--"):
        label = label.removeprefix("xn--").encode().decode("punycode")
    return label.replace("-", " ").title()


def _network(place: str, address: str) -> str:
    digest = hashlib.sha256(f"{place} {address.rpartition('@')[2]}".encode()).digest()
    return f"198.{18 + digest[0] % 2}.{digest[1]}.{digest[2] % 250 + 1}"  # RFC 2544: never a real network
