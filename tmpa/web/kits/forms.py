"""Forms of the kit pages."""

from flask_wtf.file import FileField, FileRequired
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import DataRequired, Length, Optional

from tmpa.kernel.forms import Form
from tmpa.kernel.i18n import lazy_gettext as _l


class UploadForm(Form):
    """A zipped kit and what is new in it."""

    kit = FileField(
        _l("Kit as a zip file"),
        validators=[FileRequired(_l("Choose a zip file."))],
        description=_l("Zip the kit’s folder. Nothing is published yet: it becomes a draft, and is checked."),
    )
    notes = TextAreaField(
        _l("What is new"),
        validators=[Optional(), Length(max=2000)],
        description=_l("Partners read this when they are offered the version. You can still change it."),
    )


class NotesForm(Form):
    """What is new in the version that is published."""

    notes = TextAreaField(
        _l("What is new"),
        validators=[Optional(), Length(max=2000)],
        description=_l("Partners read this when they are offered the version."),
    )


class LeaveForm(Form):
    """Why a version ends, and what becomes of the campaigns on it."""

    what = RadioField(
        _l("What shall happen"),
        choices=[
            SelectChoice("finish", _l("Withdraw it. Campaigns that were launched may finish.")),
            SelectChoice(
                "stop", _l("Withdraw it and stop campaigns that were launched, for everybody not mailed yet.")
            ),
            SelectChoice(
                "expire", _l("Let it expire: it has served its time. Campaigns that were launched finish.")
            ),
        ],
        default="finish",
        validators=[DataRequired()],
    )
    reason = TextAreaField(
        _l("Reason"),
        validators=[Optional(), Length(max=500)],
        description=_l("Partners read this, word for word. A withdrawal needs one."),
    )
