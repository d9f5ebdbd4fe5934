"""Forms of the programme and of the brand profile. The brand's rules are in `brands.check_value`."""

from collections.abc import Mapping
from typing import ClassVar

from wtforms import (
    EmailField,
    Field,
    MultipleFileField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
    URLField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length

from tmpa.kernel.forms import Form
from tmpa.kernel.i18n import LOCALES, OWN_NAMES
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.partners import brands, registration
from tmpa.partners.models import Partnership


class Wanted:
    """Marks a field as required for people and browsers; the service decides and says why."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, form: Form, field: Field) -> None:
        """Refuses nothing."""


class InviteForm(Form):
    """A company and its first person."""

    name = StringField(_l("Company"), [InputRequired(), Length(max=200)], render_kw={"autocomplete": "off"})
    email = EmailField(
        _l("E-mail of the person who will run it"),
        [InputRequired(), Length(max=320)],
        description=_l("They get a link to join, and can invite their colleagues."),
        render_kw={"autocomplete": "off"},
    )
    locale = SelectField(
        _l("Language of the invitation"), choices=[SelectChoice(tag, OWN_NAMES[tag]) for tag in LOCALES]
    )
    tier = StringField(_l("Tier"), [Length(max=40)], render_kw={"list": "tiers", "autocomplete": "off"})
    territory = StringField(
        _l("Territory"), [Length(max=80)], render_kw={"list": "territories", "autocomplete": "off"}
    )


class PlaceForm(Form):
    """A partner's place in the programme."""

    tier = StringField(_l("Tier"), [Length(max=40)], render_kw={"list": "tiers", "autocomplete": "off"})
    territory = StringField(
        _l("Territory"), [Length(max=80)], render_kw={"list": "territories", "autocomplete": "off"}
    )
    certifications = StringField(
        _l("Certifications"),
        [Length(max=1000)],
        description=_l("Separated by commas. Kits may ask for them."),
        render_kw={"autocomplete": "off"},
    )

    @classmethod
    def of(cls, partnership: Partnership) -> "PlaceForm":
        """The form with a partner's place in it."""
        form = cls(obj=partnership)
        form.certifications.data = ", ".join(partnership.certifications)
        return form


class StatusForm(Form):
    """Suspend, resume or end, with the reason."""

    reason = TextAreaField(
        _l("Reason"), [Wanted(), Length(max=1000)], description=_l("The partner reads this.")
    )


class BrandForm(Form):
    """The brand profile. Fields carry no validators of their own: one place decides, for autosave and submit alike."""

    name = StringField(brands.LABELS["name"], [Wanted()], description=_l("As customers know you."))
    logo = MultipleFileField(
        _l("Logo"),
        description=_l(
            "SVG, PNG or JPEG, up to 2 MB each; several at once if you like. Empty borders are cut off."
        ),
        render_kw={"accept": ".png,.jpg,.jpeg,.svg", "data-max-bytes": 2 * 1024 * 1024},
    )
    primary_colour = StringField(brands.LABELS["primary_colour"], [Wanted()], render_kw={"type": "color"})
    legal_name = StringField(
        brands.LABELS["legal_name"],
        [Wanted()],
        description=_l("With its legal form, as in your commercial register."),
        render_kw={"autocomplete": "organization"},
    )
    address = TextAreaField(
        brands.LABELS["address"],
        [Wanted()],
        description=_l("In the footer of every mail, as anti-spam laws ask."),
        render_kw={"rows": 3, "autocomplete": "street-address"},
    )
    country = SelectField(
        _l("Country of your company"),
        description=_l("Its law says what else your pieces have to show."),
        validate_choice=False,
    )
    website = URLField(brands.LABELS["website"], render_kw={"autocomplete": "url"})
    phone = TelField(brands.LABELS["phone"], render_kw={"autocomplete": "tel"})
    email = EmailField(brands.LABELS["email"], render_kw={"autocomplete": "email"})
    disclaimer = TextAreaField(
        brands.LABELS["disclaimer"],
        description=_l("Small print that your pieces must carry, if any."),
        render_kw={"rows": 3},
    )
    sender_name = StringField(
        brands.LABELS["sender_name"], [Wanted()], description=_l("The name in people’s inboxes.")
    )
    sender_email = EmailField(
        brands.LABELS["sender_email"],
        [Wanted()],
        description=_l("Answers arrive here. Your mail service must allow sending from its domain."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.country.choices = [
            SelectChoice("", _("Please choose")),
            *(SelectChoice(code, name) for code, name in registration.countries()),
        ]

    def values(self, typed: Mapping[str, str]) -> dict[str, str]:
        """What was typed, by field; `typed` is the request's form, which also has the registration's fields."""
        own = {
            name: self._fields[name].data or ""
            for name in (*brands.LIMITS, "country")
            if self._fields[name].data is not None
        }
        more = {name: text for name, text in typed.items() if name.startswith(registration.PREFIX)}
        return {**own, **more}
