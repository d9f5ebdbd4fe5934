"""Answers that are shown in a frame of the portal: a mail, a page, a post."""

from urllib.parse import urlsplit

from flask import Response

from tmpa.kernel.http import services


def frame_response(html: str) -> Response:
    """A preview under a policy of its own: it may show pictures and styles, run nothing, and be framed by us only."""
    pages = urlsplit(services().settings.pages_address)
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; img-src 'self' data: {pages.scheme}://{pages.netloc}; style-src 'unsafe-inline'; "
        "font-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
        "sandbox allow-same-origin"
    )
    response.headers["Cache-Control"] = "no-store"
    return response
