"""What publishing adds to a finished page, and the small pages around it: pure functions of text."""

import base64
import hashlib
import re
from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

from tmpa.kernel.form_specs import TIME_FIELD, VISITOR_FIELD
from tmpa.kernel.i18n import direction
from tmpa.kernel.tracking_tokens import VISITOR_PARAMETER

# The only script of a page: it tells the beacon which mail the visitor came from and when the page was first used, and
# gives the form the same two facts. Without it the page and its form work all the same. It stays on this one text:
# its hash is in the policy.
SCRIPT = (
    "(function(){var s=document.currentScript,b=s.dataset.beacon,q=new URLSearchParams(location.search),"
    f"r=q.get('{VISITOR_PARAMETER}')||'',u=new Uint8Array(16),i,f=document.querySelectorAll('form.tmpa-form'),d=0;"
    "crypto.getRandomValues(u);i=Array.from(u,function(x){return('0'+x.toString(16)).slice(-2)}).join('');"
    "function a(x){return b+'?i='+i+(r?'&r='+encodeURIComponent(r):'')+x}"
    "function p(n,v){f.forEach(function(o){var e=document.createElement('input');e.type='hidden';e.name=n;e.value=v;"
    "o.appendChild(e)})}"
    f"if(r)p('{VISITOR_FIELD}',r);"
    "fetch(a('&t=1'),{credentials:'omit',keepalive:true}).then(function(x){return x.ok?x.text():''})"
    f".then(function(t){{if(t)p('{TIME_FIELD}',t)}}).catch(function(){{}});"
    "function g(e){if(d||!e.isTrusted)return;d=1;fetch(a('&a=1'),{credentials:'omit',keepalive:true})"
    ".catch(function(){})}"
    "['pointermove','pointerdown','keydown','touchstart','wheel'].forEach(function(n){"
    "addEventListener(n,g,{passive:true})})})()"
)
_BEACON = re.compile(r'<img src="([^"]*)" width="1" height="1" alt="">')
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
_HEAD_START = re.compile(r"<head[^>]*>", re.IGNORECASE)
_STYLE = re.compile(r"<style[^>]*>.*?</style\s*>", re.IGNORECASE | re.DOTALL)

NO_ICON = '<link rel="icon" href="data:,">'
"""Without it browsers ask the server for one that isn't the partner's."""

GONE = '<meta name="tmpa-state" content="gone">'
"""Tells the portal to answer with 410; a plain file server can't, its visitors read the same words."""

NOTICE_STYLE = (
    "body.tmpa-notice{margin:0;font:400 1.0625rem/1.65 'Segoe UI','Helvetica Neue','Noto Sans','Noto Sans Arabic',"
    "'Noto Sans JP',sans-serif;background:#fff;color:#1b1f24}"
    ".tmpa-notice main{max-inline-size:38rem;margin:0 auto;padding:clamp(3rem,12vh,8rem) 1.5rem}"
    ".tmpa-notice h1{font-size:clamp(1.75rem,1.3rem + 1.6vw,2.5rem);line-height:1.25;margin:0 0 1rem;"
    "text-wrap:balance;font-weight:600}.tmpa-notice p{margin:0 0 1.5rem}"
)


def script_hash() -> str:
    """The script as a Content-Security-Policy source."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}'"


def policy(tracking_url: str, framed: bool = False) -> str:
    """The Content-Security-Policy of a published page: our one script, the tracking app, nobody else.

    `framed` leaves out what a <meta> element can't say.
    """
    parts = urlsplit(tracking_url)
    tracking = f"{parts.scheme}://{parts.netloc}"
    rules = (
        f"default-src 'none'; script-src {script_hash()}; style-src 'unsafe-inline'; img-src 'self' data: {tracking};"
        f" font-src 'self'; connect-src {tracking}; form-action 'self' {tracking}; base-uri 'none'"
    )
    return rules if framed else f"{rules}; frame-ancestors 'none'"


EMBED_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'none'; base-uri 'none'"
)
"""A snippet shows itself and nothing else: no script, no form, no request to anybody but for its own pictures."""


def embed_document(finished: str) -> str:
    """A finished snippet as it is published. Any site may frame it; that can only be said in a header."""
    meta = (
        f'<meta http-equiv="Content-Security-Policy" content="{escape(EMBED_POLICY)}">'
        '<meta name="referrer" content="strict-origin"><meta name="robots" content="noindex">'
    )
    return _HEAD_END.sub(lambda end: NO_ICON + end[0], _after(_HEAD_START, finished, meta), count=1)


def page_document(
    finished: str, url: str, alternates: Mapping[str, str], beacon: str, tracking_url: str
) -> str:
    """A finished page as it is published: with canonical address, language alternates, policy and visit beacon.

    `alternates` maps each locale of the campaign to its page's address.
    """
    links = [f'<link rel="canonical" href="{escape(url)}">']
    if 'rel="icon"' not in finished:
        links.append(NO_ICON)
    if len(alternates) > 1:
        for locale, address in alternates.items():
            links.append(f'<link rel="alternate" hreflang="{escape(locale)}" href="{escape(address)}">')
        links.append(f'<link rel="alternate" hreflang="x-default" href="{escape(url.rsplit("/", 2)[0])}/">')
    meta = (
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy(tracking_url, framed=True))}">'
        '<meta name="referrer" content="strict-origin">'
    )
    address = escape(beacon)
    tags = (
        f'<script data-beacon="{address}">{SCRIPT}</script>'
        f'<noscript><img src="{address}" width="1" height="1" alt=""></noscript>'
    )
    # The policy comes first: it counts from where it stands.
    text = _after(_HEAD_START, finished, meta)
    text = _HEAD_END.sub(lambda end: "".join(links) + end[0], text, count=1)
    matches = [match for match in _BEACON.finditer(text) if match[1] == address]
    if matches:
        last = matches[-1]
        return text[: last.start()] + tags + text[last.end() :]
    before, end, after = text.rpartition("</body>")
    return f"{before}{tags}{end}{after}" if end else text + tags


def _after(pattern: re.Pattern[str], text: str, more: str) -> str:
    match = pattern.search(text)
    return text if match is None else text[: match.end()] + more + text[match.end() :]


def notice_document(
    locale: str, title: str, text: str, like: str, link: tuple[str, str] | None, gone: bool = False
) -> str:
    """A small page (thanks, withdrawn, not found) in the visitor's language; `like` is a page whose styles it takes.

    `link` is an address that is already escaped, and its text. `gone` marks a page that takes another's place.
    """
    styles = "".join(_STYLE.findall(like))
    anchor = f'<p><a href="{link[0]}">{escape(link[1])}</a></p>' if link else ""
    return (
        f'<!doctype html><html lang="{escape(locale)}" dir="{direction(locale)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"{GONE if gone else ''}{NO_ICON}<title>{escape(title)}</title>{styles}<style>{NOTICE_STYLE}</style></head>"
        f'<body class="tmpa-notice"><main><h1>{escape(title)}</h1>'
        f"{f'<p>{escape(text)}</p>' if text else ''}{anchor}</main></body></html>"
    )
