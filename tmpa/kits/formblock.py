"""The form of a page: accessible, without script, with a field that only machines fill."""

from html import escape

from tmpa.kits.catalogue import Catalogue
from tmpa.kits.manifest import FormField, PagePiece
from tmpa.kits.words import words

TRAP = "tmpa_website"
_TYPES = {
    "text": ('type="text"', 200),
    "email": ('type="email"', 320),
    "tel": ('type="tel"', 60),
}
_COMPLETE = {"name": "name", "email": "email", "phone": "tel", "tel": "tel", "company": "organization"}


def form_html(piece: PagePiece, book: Catalogue, action: str, token: str) -> str:
    """The form's HTML; `action` and `token` are sentinels of holes, everything else is the kit's and the platform's."""
    own = words(book.locale)
    button = book.gettext(piece.button) if piece.button else own.button
    rows = "".join(_field(item, book) for item in piece.fields)
    return (
        f'<form class="tmpa-form" method="post" action="{action}" accept-charset="utf-8">'
        f'<input type="hidden" name="token" value="{token}">{rows}'
        f'<div class="tmpa-trap" hidden><label for="tmpa-trap">{escape(own.leave_empty)}</label>'
        f'<input id="tmpa-trap" name="{TRAP}" type="text" value="" tabindex="-1" autocomplete="off"></div>'
        f'<button class="tmpa-button" type="submit">{escape(button)}</button></form>'
    )


def _field(item: FormField, book: Catalogue) -> str:
    name, label = item.name, escape(book.gettext(item.label))
    required = " required" if item.required else ""
    if item.kind == "consent":
        return (
            f'<div class="tmpa-field tmpa-consent"><label for="tmpa-{name}"><input id="tmpa-{name}" name="{name}"'
            f' type="checkbox" value="yes"{required}><span>{label}</span></label></div>'
        )
    head = f'<div class="tmpa-field"><label for="tmpa-{name}">{label}</label>'
    if item.kind == "textarea":
        box = f'<textarea id="tmpa-{name}" name="{name}" rows="4" maxlength="4000"{required}></textarea>'
        return f"{head}{box}</div>"
    if item.kind == "choice":
        empty = f'<option value="">{escape(words(book.locale).choose)}</option>'
        options = "".join(
            f'<option value="{escape(choice.value)}">{escape(book.gettext(choice.label))}</option>'
            for choice in item.choices
        )
        return f'{head}<select id="tmpa-{name}" name="{name}"{required}>{empty}{options}</select></div>'
    kind, limit = _TYPES[item.kind]
    complete = f' autocomplete="{_COMPLETE[name]}"' if name in _COMPLETE else ""
    return (
        f'{head}<input id="tmpa-{name}" name="{name}" {kind} maxlength="{limit}"{complete}{required}></div>'
    )
