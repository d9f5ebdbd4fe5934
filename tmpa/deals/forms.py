"""Forms of the deals room."""

from typing import Any

from babel import Locale
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Email, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from tmpa.deals.registration import Opportunity
from tmpa.deals.rules import rules
from tmpa.kernel.errors import Refused
from tmpa.kernel.forms import Form
from tmpa.kernel.i18n import babel_locale, current_locale
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.money import check_currency, parse_amount


class RegisterForm(Form):
    """A deal registration, in the order in which a partner thinks of it."""

    customer_name = StringField(
        _l("Customer"),
        [InputRequired(), Length(max=200)],
        description=_l("The company's legal name."),
        render_kw={"autocomplete": "off"},
    )
    customer_domain = StringField(
        _l("Customer's web address"),
        [Optional(), Length(max=255)],
        description=_l("Such as example.com. It tells your deal from others with a similar name."),
        render_kw={"inputmode": "url", "autocapitalize": "none", "autocomplete": "off"},
    )
    products = SelectMultipleField(
        _l("Products"), [Optional()], widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    other_products = StringField(
        _l("Other products"), [Optional(), Length(max=300)], description=_l("Separate several with commas.")
    )
    amount = StringField(
        _l("Expected amount"), [InputRequired(), Length(max=30)], render_kw={"inputmode": "decimal"}
    )
    currency = StringField(
        _l("Currency"), [InputRequired(), Length(min=3, max=3)], render_kw={"autocapitalize": "characters"}
    )
    close_date = DateField(_l("Expected closing day"), [InputRequired()])
    value_added = TextAreaField(
        _l("What you have done for it"),
        [Optional(), Length(max=4000)],
        description=_l("Meetings, trials, advice: what the vendor should know."),
        render_kw={"rows": 3},
    )
    government = BooleanField(_l("The customer is a public body or the deal is a tender"))
    contact_name = StringField(_l("Contact's name"), [Optional(), Length(max=200)])
    contact_email = EmailField(_l("Contact's e-mail"), [Optional(), Email(), Length(max=320)])
    customer_country = SelectField(_l("Country"), [Optional()], validate_choice=True)
    competitors = StringField(_l("Competitors in the deal"), [Optional(), Length(max=300)])

    def offer(self, products: list[str]) -> None:
        """Set the choices that depend on the programme and the reader's language."""
        chosen = [product for product in (self.products.data or []) if product not in products]
        self.products.choices = [(product, product) for product in [*products, *chosen]]
        # asked for by the service, since another product may be written beside them
        self.products.flags.required = True
        self.customer_country.choices = [("", "–"), *countries()]

    def opportunity(self) -> Opportunity:
        """What was entered. Raises Refused naming the field for an amount that can't be read."""
        currency = check_currency(self.currency.data or "")
        further = [
            text for text in (self.other_products.data or "").replace("、", ",").split(",") if text.strip()
        ]
        if self.close_date.data is None:
            raise Refused(_l("Give the expected closing day."), "close_date")
        return Opportunity(
            customer_name=self.customer_name.data or "",
            customer_domain=self.customer_domain.data or "",
            customer_country=self.customer_country.data or "",
            contact_name=self.contact_name.data or "",
            contact_email=self.contact_email.data or "",
            products=[*(self.products.data or []), *further],
            amount_minor=parse_amount(self.amount.data or "", currency, current_locale()),
            currency=currency,
            close_date=self.close_date.data,
            value_added=self.value_added.data or "",
            competitors=self.competitors.data or "",
            government=bool(self.government.data),
        )


class DecisionForm(Form):
    """The vendor's decision about a registration."""

    protection_days = IntegerField(
        _l("Days of protection"),
        [Optional(), NumberRange(min=1)],
        description=_l("Nobody else can register this customer for these products so long."),
        default=lambda: rules().protection_days,
    )
    reason = TextAreaField(
        _l("Reason"),
        [Optional(), Length(max=2000)],
        description=_l(
            "Needed to decline, and to approve against an earlier registration. The partner reads it."
        ),
        render_kw={"rows": 3},
    )


class WonForm(Form):
    """What the deal was closed for."""

    amount = StringField(
        _l("Closing amount"), [InputRequired(), Length(max=30)], render_kw={"inputmode": "decimal"}
    )


class ReasonForm(Form):
    """A reason that may be left out."""

    reason = StringField(_l("Reason"), [Optional(), Length(max=500)])


def countries() -> list[tuple[str, Any]]:
    """ISO 3166 codes with their names in the reader's language, sorted as that language reads them."""
    locale: Locale = babel_locale(current_locale())
    named = [(code, name) for code, name in locale.territories.items() if len(code) == 2 and code.isalpha()]
    return sorted(
        ((code, name) for code, name in named if code not in _NO_COUNTRIES), key=lambda pair: pair[1]
    )


# in CLDR's list of territories, but not in ISO 3166
_NO_COUNTRIES = {"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO", "AC", "CP", "CQ", "DG", "EA", "IC", "TA", "XK"}
