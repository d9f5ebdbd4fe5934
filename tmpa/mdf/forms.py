"""Forms of the MDF room."""

from decimal import Decimal
from typing import Any

from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from tmpa.kernel.errors import Refused
from tmpa.kernel.forms import Form
from tmpa.kernel.i18n import current_locale
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.money import check_currency, parse_amount
from tmpa.mdf.claims import Cost
from tmpa.mdf.funds import FundTerms
from tmpa.mdf.models import Fund
from tmpa.mdf.requests import Plan
from tmpa.mdf.rules import ACTIVITY_NAMES, platform_activities

_FIGURE = {"inputmode": "decimal", "autocomplete": "off"}
_CODE = {"autocapitalize": "characters", "maxlength": "3"}


def amount_of(text: str | None, currency: str, field: str) -> int:
    """Minor units of what was typed in the reader's locale; nothing typed is zero. Raises Refused for `field`."""
    return parse_amount(text, currency, current_locale(), field) if text and text.strip() else 0


class FundForm(Form):
    """A new fund."""

    name = StringField(
        _l("Name"), [InputRequired(), Length(max=200)], description=_l("Such as “First half of 2027”.")
    )
    amount = StringField(_l("Amount"), [InputRequired(), Length(max=30)], render_kw=_FIGURE)
    currency = StringField(
        _l("Currency"), [InputRequired(), Length(min=3, max=3)], render_kw=_CODE, default="EUR"
    )
    use_from = DateField(_l("Activities from"), [InputRequired()])
    use_until = DateField(_l("Activities until"), [InputRequired()])
    claim_until = DateField(
        _l("Claims until"), [InputRequired()], description=_l("Often 45 days after the last activity.")
    )
    reimbursement_percent = IntegerField(
        _l("Share of the costs paid back, in percent"),
        [InputRequired(), NumberRange(min=1, max=100)],
        default=50,
    )
    minimum_claim = StringField(_l("Smallest claim"), [Optional(), Length(max=30)], render_kw=_FIGURE)
    partner_cap = StringField(
        _l("Most that one partner may get"), [Optional(), Length(max=30)], render_kw=_FIGURE
    )

    def terms(self) -> FundTerms:
        """What was entered. Raises Refused naming the field."""
        currency = check_currency(self.currency.data or "")
        if self.use_from.data is None or self.use_until.data is None or self.claim_until.data is None:
            raise Refused(_l("Give all three days."), "use_from")
        cap = amount_of(self.partner_cap.data, currency, "partner_cap")
        return FundTerms(
            name=self.name.data or "",
            currency=currency,
            use_from=self.use_from.data,
            use_until=self.use_until.data,
            claim_until=self.claim_until.data,
            reimbursement_percent=self.reimbursement_percent.data or 0,
            minimum_claim_minor=amount_of(self.minimum_claim.data, currency, "minimum_claim"),
            partner_cap_minor=cap or None,
        )


class AllocateForm(Form):
    """More money for a fund. `key` is made with the page, so that a form sent twice counts once."""

    amount = StringField(_l("Amount"), [InputRequired(), Length(max=30)], render_kw=_FIGURE)
    reason = StringField(_l("Note"), [Optional(), Length(max=300)])
    key = StringField(validators=[InputRequired(), Length(min=8, max=40)])


class RequestForm(Form):
    """A request for funds for a campaign."""

    fund = SelectField(_l("Fund"), [InputRequired()])
    title = StringField(_l("Activity"), [InputRequired(), Length(max=200)])
    activity_type = SelectField(_l("Kind of activity"), [InputRequired()])
    starts_on = DateField(_l("First day"), [InputRequired()])
    ends_on = DateField(_l("Last day"), [InputRequired()])
    amount = StringField(
        _l("Amount you ask for"),
        [InputRequired(), Length(max=30)],
        description=_l("What the fund is to pay back, not the whole cost."),
        render_kw=_FIGURE,
    )
    purpose = TextAreaField(
        _l("What it is for"),
        [Optional(), Length(max=4000)],
        description=_l("One or two sentences help the vendor decide."),
        render_kw={"rows": 3},
    )

    def offer(self, funds: list[Fund]) -> None:
        """Set the choices: the vendor's open funds, and what they pay for."""
        self.fund.choices = [(fund.public_id, f"{fund.name} ({fund.currency})") for fund in funds]
        kinds = {kind for fund in funds for kind in platform_activities(fund)}
        self.activity_type.choices = [(kind, name) for kind, name in ACTIVITY_NAMES.items() if kind in kinds]

    def plan(self, fund: Fund) -> Plan:
        """What was entered. Raises Refused naming the field."""
        if self.starts_on.data is None or self.ends_on.data is None:
            raise Refused(_l("Give the first and the last day."), "starts_on")
        return Plan(
            title=self.title.data or "",
            activity_type=self.activity_type.data or "",
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            amount_minor=amount_of(self.amount.data, fund.currency, "amount"),
            purpose=self.purpose.data or "",
        )


class RequestDecisionForm(Form):
    """The decision about a request."""

    amount = StringField(_l("Amount"), [Optional(), Length(max=30)], render_kw=_FIGURE)
    reason = TextAreaField(
        _l("Reason"),
        [Optional(), Length(max=2000)],
        description=_l("Needed for less than was asked, to return and to decline. The partner reads it."),
        render_kw={"rows": 2},
    )


class CostForm(Form):
    """One invoice: the file, and what stands on it."""

    document = FileField(
        _l("Invoice"),
        description=_l("One PDF, PNG or JPEG file of at most 10 MB."),
        render_kw={"accept": "application/pdf,image/png,image/jpeg", "data-max-bytes": str(10 * 1024 * 1024)},
    )
    issuer = StringField(_l("Who wrote it"), [InputRequired(), Length(max=200)])
    invoice_number = StringField(_l("Invoice number"), [InputRequired(), Length(max=80)])
    invoice_date = DateField(_l("Invoice date"), [InputRequired()])
    net = StringField(_l("Net amount"), [InputRequired(), Length(max=30)], render_kw=_FIGURE)
    tax = StringField(_l("Tax"), [Optional(), Length(max=30)], render_kw=_FIGURE)
    gross = StringField(
        _l("Total with tax"),
        [Optional(), Length(max=30)],
        description=_l("Checked against net and tax."),
        render_kw=_FIGURE,
    )
    description = StringField(_l("What it was for"), [Optional(), Length(max=300)])
    tax_id = StringField(_l("Issuer’s tax number"), [Optional(), Length(max=40)])
    currency = StringField(_l("Currency"), [Optional(), Length(min=3, max=3)], render_kw=_CODE)
    rate = DecimalField(
        _l("Exchange rate"), [Optional(), NumberRange(min=Decimal("0.00000001"))], places=None
    )
    rate_date = DateField(_l("Date of the rate"), [Optional()])
    rate_source = StringField(
        _l("Source of the rate"),
        [Optional(), Length(max=120)],
        description=_l("Such as the European Central Bank."),
    )

    def need_document(self) -> None:
        """Mark the file as asked for: a cost that is repaired may keep the one it has."""
        self.document.flags.required = True

    def cost(self, fund_currency: str) -> Cost:
        """What was entered. Raises Refused naming the field."""
        currency = check_currency(self.currency.data or fund_currency)
        if self.invoice_date.data is None:
            raise Refused(_l("Give the invoice’s date."), "invoice_date")
        net = amount_of(self.net.data, currency, "net")
        tax = amount_of(self.tax.data, currency, "tax")
        gross = (
            amount_of(self.gross.data, currency, "gross") if (self.gross.data or "").strip() else net + tax
        )
        return Cost(
            issuer=self.issuer.data or "",
            invoice_number=self.invoice_number.data or "",
            invoice_date=self.invoice_date.data,
            currency=currency,
            net_minor=net,
            tax_minor=tax,
            gross_minor=gross,
            description=self.description.data or "",
            tax_id=self.tax_id.data or "",
            rate=self.rate.data,
            rate_date=self.rate_date.data,
            rate_source=self.rate_source.data or "",
        )


class SubmitClaimForm(Form):
    """The partner's statement."""

    attested = BooleanField(_l("I confirm this"))


class LineForm(Form):
    """The decision about one cost."""

    amount = StringField(_l("Amount instead"), [Optional(), Length(max=30)], render_kw=_FIGURE)
    reason = StringField(_l("Reason"), [Optional(), Length(max=1000)])


class ReasonForm(Form):
    """A reason, for returning and declining."""

    reason = StringField(_l("Reason"), [Optional(), Length(max=2000)])


class PayForm(Form):
    """A payment that was made."""

    reference = StringField(_l("Payment reference"), [InputRequired(), Length(max=120)])
    paid_on = DateField(_l("Paid on"), [InputRequired()])


def fields_of(cost: Any, write: Any) -> dict[str, Any]:
    """A cost line as the fields of its form; `write(minor, currency)` writes an amount in the reader's locale."""
    return {
        "net": write(cost.net_minor, cost.currency),
        "tax": write(cost.tax_minor, cost.currency),
        "gross": write(cost.gross_minor, cost.currency),
    }
