"""People and organizations: creating, inviting, joining, resetting, roles."""

import uuid
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tmpa.accounts import mail, passwords
from tmpa.accounts.addresses import check_address, fold
from tmpa.accounts.models import Invitation, Membership, Organization, SignIn, User
from tmpa.kernel import audit
from tmpa.kernel.clock import utcnow
from tmpa.kernel.errors import NotFound, Refused
from tmpa.kernel.i18n import LOCALES
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.permissions import ROLES_OF_KIND, Role
from tmpa.kernel.scope import Scope, session_scope
from tmpa.kernel.signing import BadToken, Signer
from tmpa.settings import Settings

INVITATION_DAYS = 14
RESET_HOURS = 2

Joined = Callable[[Session, uuid.UUID], object]
_joined: list[Joined] = []


def when_joined(function: Joined) -> None:
    """Have a room above told, in the same transaction, when somebody joins an organization (by its id)."""
    if function not in _joined:
        _joined.append(function)


def create_organization(
    session: Session, kind: str, name: str, country: str = "", locale: str = "en"
) -> Organization:
    """A new organization. Raises Refused for an empty name."""
    if not name.strip():
        raise Refused(_l("Give the organization a name."), "name")
    organization = Organization(kind=kind, name=name.strip(), country=country, locale=locale)
    session.add(organization)
    session.flush()
    return organization


def create_user(
    session: Session, settings: Settings, email: str, name: str, password: str, locale: str = "en"
) -> User:
    """A new person. Raises Refused for a bad or taken address or a weak password."""
    email = check_address(email)
    if user_by_email(session, email):
        raise Refused(_l("There is an account with this address already."), "email")
    if not name.strip():
        raise Refused(_l("Give your name."), "name")
    passwords.check_new(password, not_like=(email, name.strip()))
    user = User(
        email=email,
        email_key=fold(email),
        name=name.strip(),
        password_hash=passwords.hash_password(settings, password),
        locale=locale if locale in LOCALES else "en",
    )
    session.add(user)
    session.flush()
    return user


def user_by_email(session: Session, email: str) -> User | None:
    """The person with that address, however it is spelled."""
    return session.scalars(select(User).where(User.email_key == fold(email))).one_or_none()


def add_member(session: Session, user: User, organization: Organization, role: Role) -> Membership:
    """Give a person a role; nothing happens when they have it. Raises Refused for a role of another kind."""
    check_role(organization.kind, role)
    kept = session.scalars(
        select(Membership).where(
            Membership.user_id == user.id,
            Membership.organization_id == organization.id,
            Membership.role == role,
        )
    ).one_or_none()
    if kept:
        return kept
    membership = Membership(user_id=user.id, organization_id=organization.id, role=role)
    session.add(membership)
    session.flush()
    audit.record(session, "member.added", membership, user=str(user.id), role=role)
    return membership


def check_role(kind: str, role: str) -> None:
    """Raises Refused when an organization of `kind` has no such role."""
    if role not in ROLES_OF_KIND[kind]:
        raise Refused(_l("Choose one of the roles offered."), "role")


def invite(
    session: Session,
    signer: Signer,
    settings: Settings,
    organization_id: uuid.UUID,
    email: str,
    role: str,
    locale: str,
) -> Invitation:
    """Invite an address by mail. Raises Refused for a bad address or role."""
    organization = session.get(Organization, organization_id)
    if organization is None:
        raise NotFound
    email = check_address(email)
    check_role(organization.kind, role)
    actor = session_scope(session).user_id
    inviter = session.get(User, actor) if actor else None
    invitation = Invitation(
        organization_id=organization.id,
        invited_by=actor,
        email=email,
        role=role,
        locale=locale if locale in LOCALES else "en",
        expires_at=utcnow() + timedelta(days=INVITATION_DAYS),
    )
    session.add(invitation)
    session.flush()
    mail.post(
        session,
        email,
        "invitation",
        invitation.locale,
        organization=organization.name,
        inviter=inviter.name if inviter else "",
        url=invitation_url(signer, settings, invitation),
        days=INVITATION_DAYS,
    )
    audit.record(session, "member.invited", invitation, email=email, role=role)
    return invitation


def invitation_url(signer: Signer, settings: Settings, invitation: Invitation) -> str:
    """The address that the invited person opens."""
    token = signer.sign("invitation", {"i": str(invitation.id)}, INVITATION_DAYS * 86400)
    return f"{settings.portal_url}/join/{token}"


def open_invitation(session: Session, signer: Signer, token: str) -> Invitation:
    """The invitation of a token. Raises Refused when it is used, expired or damaged. Wants the system's scope."""
    try:
        key = signer.verify("invitation", token)["i"]
    except BadToken as bad:
        if bad.expired:
            raise Refused(_l("This invitation has expired. Ask for a new one."), code="expired") from None
        raise NotFound from None
    invitation = session.get(Invitation, uuid.UUID(key))
    if invitation is None:
        raise NotFound
    if invitation.expires_at < utcnow():
        raise Refused(_l("This invitation has expired. Ask for a new one."), code="expired")
    if invitation.accepted_at:
        raise Refused(_l("This invitation has been used. Sign in instead."), code="used")
    return invitation


def accept(session: Session, settings: Settings, invitation: Invitation, name: str, password: str) -> User:
    """Join: the person signs up, or proves with their password that the account is theirs. Raises Refused."""
    organization = session.get_one(Organization, invitation.organization_id)
    user = user_by_email(session, invitation.email)
    if user is None:
        user = create_user(session, settings, invitation.email, name, password, invitation.locale)
    elif not passwords.verify(settings, user.password_hash, password):
        raise Refused(_l("You have an account already; this is not its password."), "password")
    add_member(session, user, organization, Role(invitation.role))
    invitation.accepted_at = utcnow()
    user.last_organization_id = organization.id
    for function in _joined:
        function(session, organization.id)
    return user


def ask_reset(session: Session, signer: Signer, settings: Settings, email: str) -> None:
    """Mail a link for a new password, if there is such an account; the caller can't tell."""
    user = user_by_email(session, email)
    if user is None:
        return
    # the old hash is part of the purpose: the link dies when the password changes
    token = signer.sign(_reset_purpose(user), {"u": str(user.id)}, RESET_HOURS * 3600)
    url = f"{settings.portal_url}/reset/{user.public_id}/{token}"
    mail.post(session, user.email, "reset", user.locale, url=url, hours=RESET_HOURS)


def _reset_purpose(user: User) -> str:
    return f"reset:{user.password_hash}"


def user_of_reset(session: Session, signer: Signer, user_id: uuid.UUID, token: str) -> User:
    """The person of a reset link. Raises Refused when it is used or expired."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound
    try:
        signer.verify(_reset_purpose(user), token)
    except BadToken:
        raise Refused(
            _l("This link has been used or has expired. Ask for a new one."), code="expired"
        ) from None
    return user


def set_password(session: Session, settings: Settings, user: User, password: str) -> None:
    """Change the password; every browser is signed out. Raises Refused for a weak one."""
    passwords.check_new(password, not_like=(user.email, user.name))
    user.password_hash = passwords.hash_password(settings, password)
    session.execute(delete(SignIn).where(SignIn.user_id == user.id))
    audit.record(session, "user.password_changed", user)


def people(session: Session) -> list[Membership]:
    """The memberships of the scope's organization, with their people."""
    return list(
        session.scalars(select(Membership).join(Membership.user).order_by(User.name, Membership.role))
    )


def open_invitations(session: Session, organization_id: uuid.UUID) -> list[Invitation]:
    """Invitations not yet accepted nor expired."""
    return list(
        session.scalars(
            select(Invitation)
            .where(
                Invitation.organization_id == organization_id,
                Invitation.accepted_at.is_(None),
                Invitation.expires_at > utcnow(),
            )
            .order_by(Invitation.created_at.desc())
        )
    )


def remove_member(session: Session, membership: Membership) -> None:
    """Take a role away. Raises Refused for the last administrator and for oneself."""
    if membership.user_id == session_scope(session).user_id:
        raise Refused(_l("You can't remove yourself; ask another administrator."))
    audit.record(session, "member.removed", membership, user=str(membership.user_id), role=membership.role)
    session.delete(membership)


def forget_expired(session: Session) -> None:
    """Delete sign-ins that expired. Wants the system's scope."""
    assert session_scope(session) == Scope.system()
    session.execute(delete(SignIn).where(SignIn.expires_at < utcnow()))
