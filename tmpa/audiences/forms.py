"""Forms of contacts: importing, stopping mails to an address."""

from wtforms import EmailField, FileField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length

from tmpa.audiences.imports import BASES
from tmpa.kernel.forms import Form
from tmpa.kernel.i18n import lazy_gettext as _l


class ImportForm(Form):
    """A CSV file, the list it goes to, and the evidence of consent."""

    file = FileField(
        _l("CSV file"),
        description=_l(
            "Any encoding and delimiter. The first line names the columns; one of them is “email”."
        ),
        render_kw={"accept": ".csv,.txt,text/csv,text/plain"},
    )
    list_name = StringField(
        _l("Name of the list"), [Length(max=200)], description=_l("Empty: the file’s name.")
    )
    basis = SelectField(
        _l("Why may you write to them?"),
        [InputRequired()],
        choices=[SelectChoice(key, name) for key, name in BASES.items()],
    )
    source = StringField(
        _l("Where do the addresses come from?"),
        [InputRequired(), Length(max=250)],
        description=_l("Such as “Customers 2026, CRM export”. Kept with each person as evidence."),
    )


class SuppressForm(Form):
    """An address that asked not to be written to."""

    email = EmailField(_l("E-mail"), [InputRequired(), Length(max=320)])
