"""Forms of the kit pages."""

from flask_wtf.file import FileField, FileRequired
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from tmpa.kernel.forms import Form
from tmpa.kernel.i18n import lazy_gettext as _l


class PublishForm(Form):
    """A zipped kit and what is new in it."""

    kit = FileField(
        _l("Kit as a zip file"),
        validators=[FileRequired(_l("Choose a zip file."))],
        description=_l(
            "Zip the kit's folder. It is checked first; nothing is published if the check finds errors."
        ),
    )
    notes = TextAreaField(
        _l("What is new"),
        validators=[Optional(), Length(max=2000)],
        description=_l("Partners read this."),
    )


class LeaveForm(Form):
    """Why a version is withdrawn."""

    reason = TextAreaField(
        _l("Reason"),
        validators=[InputRequired(_l("Say why: partners will read it.")), Length(max=500)],
        description=_l("Partners read this."),
    )
