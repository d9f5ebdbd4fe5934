"""The WSGI entries: factories, so that importing this module starts nothing.

`granian --interface wsgi --factory wsgi:portal`, `gunicorn 'wsgi:portal()'`; the tracking app is `wsgi:tracking`.
"""

from workers.sites.portal import create as portal
from workers.sites.tracking import create as tracking

__all__ = ["portal", "tracking"]
