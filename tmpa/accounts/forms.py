"""Forms of sign-in, joining and people."""

from wtforms import EmailField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from tmpa.kernel.forms import Form
from tmpa.kernel.i18n import lazy_gettext as _l


class SignInForm(Form):
    """E-mail and password."""

    email = EmailField(
        _l("E-mail"), [InputRequired(), Length(max=320)], render_kw={"autocomplete": "username"}
    )
    password = PasswordField(
        _l("Password"), [InputRequired(), Length(max=200)], render_kw={"autocomplete": "current-password"}
    )


class JoinForm(Form):
    """A new person's name and password."""

    name = StringField(
        _l("Your name"), [InputRequired(), Length(max=200)], render_kw={"autocomplete": "name"}
    )
    password = PasswordField(
        _l("Choose a password"),
        [InputRequired(), Length(max=200)],
        render_kw={"autocomplete": "new-password"},
    )


class JoinAgainForm(Form):
    """Somebody with an account joins one more organization."""

    password = PasswordField(
        _l("Your password"),
        [InputRequired(), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )


class AskResetForm(Form):
    """The address of the account."""

    email = EmailField(
        _l("E-mail"), [InputRequired(), Length(max=320)], render_kw={"autocomplete": "username"}
    )


class ResetForm(Form):
    """A new password."""

    password = PasswordField(
        _l("New password"), [InputRequired(), Length(max=200)], render_kw={"autocomplete": "new-password"}
    )


class InviteForm(Form):
    """An address and a role."""

    email = EmailField(_l("E-mail"), [InputRequired(), Length(max=320)])
    role = SelectField(_l("Role"), [InputRequired()])
