"""Forms: WTForms with CSRF and texts in the reader's language."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms.i18n import get_translations

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import current_locale


class _Meta(FlaskForm.Meta):  # type: ignore[misc]
    def get_translations(self, form: Any) -> Any:
        # WTForms's own messages come in all the languages we ship
        return get_translations([current_locale()])


class Form(FlaskForm):  # type: ignore[misc]
    """A form whose fields may also be refused by a service (`refuse`)."""

    Meta = _Meta

    def refuse(self, refusal: Refused) -> None:
        """Show a service's refusal next to the field it names, else above the form."""
        field = self._fields.get(refusal.field or "")
        if field is None:
            self.form_errors.append(str(refusal.message))
        else:
            field.errors = [*field.errors, str(refusal.message)]
