"""Known agents that are not people, as data: patterns of the User-Agent header, matched without regard to case.

Collected from what these programs say of themselves in their makers' documentation and in our own test mails.
Agents alone don't catch a gateway that calls itself a browser: the other rules of `verdicts` are there for that.
"""

import re
from functools import lru_cache
from typing import Final, Literal

Family = Literal["scanner", "crawler", "library", "preview", "proxy", "prefetch", ""]

SCANNERS: Final = (
    r"barracuda", r"mimecast", r"proofpoint", r"symantec|messagelabs", r"cloudmark", r"forcepoint|websense",
    r"trend ?micro", r"ironport|cisco.?(ces|esa|email)", r"fireeye|trellix", r"sophos", r"fortinet|fortimail",
    r"checkpoint|avanan", r"abnormal ?security", r"safelinks|microsoft office existence",
    r"bitdefender", r"kaspersky", r"virustotal", r"urlscan", r"zscaler", r"mailguard", r"hornetsecurity",
    r"vade(secure)?", r"spamassassin|rspamd", r"phishtank|netcraft", r"google-safety|google-read-aloud",
)  # fmt: skip
CRAWLERS: Final = (
    r"(?<!cu)bots?\b", r"crawler|spider|slurp", r"archive\.org|ia_archiver", r"facebookexternalhit",
    r"bingpreview", r"yandex(?!browser)", r"baiduspider", r"ahrefs|semrush|mj12|dotbot", r"petalsearch",
    r"headlesschrome|phantomjs|puppeteer|playwright|selenium|webdriver", r"lighthouse|pagespeed|gtmetrix",
    r"uptime|pingdom|statuscake|monitor(ing|is)",
)  # fmt: skip
LIBRARIES: Final = (
    r"^curl/|libcurl", r"^wget/", r"python-(requests|urllib)|python/|aiohttp|httpx", r"go-http-client", r"^java/",
    r"apache-httpclient|okhttp", r"node-fetch|axios|undici|got \(", r"^ruby|faraday", r"libwww-perl|lwp::",
    r"guzzle|^php", r"winhttp|wininet|powershell", r"^dart/", r"reqwest|hyper/", r"scrapy", r"^$",
)  # fmt: skip
PREVIEWS: Final = (
    r"slackbot|slack-imgproxy", r"whatsapp", r"telegrambot", r"twitterbot", r"linkedinbot", r"discordbot",
    r"skypeuripreview", r"msteams|teams.*preview", r"outlook.*preview", r"iframely|embedly",
)  # fmt: skip
# A mail service's own image proxy: it fetches for a reader, at a moment that may be the reader's or the service's.
PROXIES: Final = (
    r"googleimageproxy|ggpht\.com", r"yahoomailproxy", r"duckduckgo.*(image|proxy)", r"seznam.*proxy",
    r"^mozilla/5\.0 \(via ", r"naver.*proxy",
)  # fmt: skip
# Apple's mail privacy protection loads every picture through a relay that gives this bare agent.
PREFETCHERS: Final = (r"^mozilla/5\.0$", r"applemailproxy|mail-?privacy")


def _any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_FAMILIES: Final[tuple[tuple[Family, re.Pattern[str]], ...]] = (
    ("proxy", _any(PROXIES)),
    ("prefetch", _any(PREFETCHERS)),
    ("scanner", _any(SCANNERS)),
    ("preview", _any(PREVIEWS)),
    ("crawler", _any(CRAWLERS)),
    ("library", _any(LIBRARIES)),
)


@lru_cache(maxsize=4096)
def family_of(agent: str) -> Family:
    """Which family of machines a User-Agent belongs to, or "" for none that is known."""
    text = agent.strip()
    return next((family for family, pattern in _FAMILIES if pattern.search(text)), "")
