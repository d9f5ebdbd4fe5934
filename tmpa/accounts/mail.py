"""The platform's own mails: invitations, resets, notices. They leave by the sending room's urgent job."""

from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from sqlalchemy.orm import Session

from tmpa.accounts.models import OutgoingMail
from tmpa.kernel.i18n import direction, gettext, ngettext, use_locale
from tmpa.kernel.jobs import enqueue

_templates = Environment(
    loader=PackageLoader("tmpa.accounts", "templates"),
    autoescape=select_autoescape(["html"]),
    extensions=["jinja2.ext.i18n"],
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]


def post(session: Session, to_address: str, template: str, locale: str, **values: Any) -> OutgoingMail:
    """Queue the mail `accounts/mail/<template>` in `locale`; the first line of its `.txt` is the subject."""
    with use_locale(locale):
        values |= {"locale": locale, "direction": direction(locale)}
        text = _templates.get_template(f"accounts/mail/{template}.txt").render(values).strip()
        html = _templates.get_template(f"accounts/mail/{template}.html").render(values)
    subject, _, body = text.partition("\n")
    mail = OutgoingMail(to_address=to_address, subject=subject.strip(), text=body.strip() + "\n", html=html)
    session.add(mail)
    session.flush()
    enqueue(session, "accounts.send_mail", {"mail": str(mail.id)}, queue="urgent")
    return mail
