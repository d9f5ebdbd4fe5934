"""Who may decide and pay: requester, approver and payer are three people, and an approver has a limit."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.accounts.models import Membership
from tmpa.kernel.errors import NotAllowed, Refused
from tmpa.kernel.i18n import format_money
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.permissions import Permission, Role, allowed
from tmpa.kernel.scope import session_scope


def approver_limit(session: Session) -> int | None:
    """What the session's person may approve at once, in minor units of the fund's currency; None is no limit."""
    scope = session_scope(session)
    if scope.side == "system":
        return None
    limits = session.scalars(
        select(Membership.approval_limit_minor).where(
            Membership.user_id == scope.user_id,
            Membership.organization_id == scope.organization_id,
            Membership.role == Role.MDF_APPROVER,
        )
    ).all()
    return None if None in limits else max((limit for limit in limits if limit is not None), default=0)


def check_approver(session: Session, *requesters: uuid.UUID | None) -> None:
    """Raises NotAllowed without the permission, Refused (code "separation") for somebody who asked for the money."""
    scope = session_scope(session)
    if not allowed(scope, Permission.DECIDE_CLAIMS):
        raise NotAllowed
    if scope.user_id is not None and scope.user_id in requesters:
        raise Refused(
            _l("Who asked for the money can't decide about it. A colleague has to."), code="separation"
        )


def check_limit(session: Session, amount_minor: int, currency: str) -> None:
    """Raises Refused (code "limit") when the amount is more than the person may approve."""
    limit = approver_limit(session)
    if limit is not None and amount_minor > limit:
        raise Refused(
            _l(
                "You may approve up to %(limit)s at once. Somebody with a higher limit has to decide this.",
                limit=format_money(limit, currency),
            ),
            code="limit",
        )


def check_payer(session: Session, *others: uuid.UUID | None) -> None:
    """Raises NotAllowed without the permission, Refused (code "separation") for who asked for or approved the money."""
    scope = session_scope(session)
    if not allowed(scope, Permission.PAY_CLAIMS):
        raise NotAllowed
    if scope.user_id is not None and scope.user_id in others:
        raise Refused(
            _l("Who asked for or approved the money can't pay it out. A colleague has to."), code="separation"
        )
