"""Checking what a visitor posted, by the signed spec in the form itself, and the plain pages that answer."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import Any, Final
from urllib.parse import parse_qs

from email_validator import EmailNotValidError, validate_email

from tmpa.kernel import i18n
from tmpa.kernel.form_specs import (
    CONSENT_GIVEN,
    SPEC_FIELD,
    TIME_FIELD,
    TIME_PURPOSE,
    TRAP_FIELD,
    VISITOR_FIELD,
    FieldSpec,
    FormSpec,
    read_form,
)
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.signing import BadToken, Signer
from tmpa.kernel.tracking_tokens import TrackingToken

FAST_SECONDS: Final = 2.0
"""A form sent sooner after its page was shown was not read by a person."""

_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,'Noto Sans','Noto Sans Arabic','Noto Sans JP',sans-serif;margin:0 auto;"
    "max-inline-size:36rem;padding:2rem 1rem;color:#1b1f24;background:#fff}"
    "h1{font-size:1.4rem;line-height:1.25}label{display:block;margin-block-start:1rem;font-weight:600}"
    "input:not([type=checkbox]),textarea,select{font:inherit;font-weight:400;inline-size:100%;box-sizing:border-box;"
    "padding:.5rem;border:1px solid #6b7280;border-radius:.35rem}"
    "button{font:inherit;margin-block-start:1.5rem;padding:.6rem 1.2rem;border:0;border-radius:.35rem;"
    "background:#1b1f24;color:#fff}[role=alert]{border-inline-start:.25rem solid #b42318;padding-inline-start:1rem}"
    "[hidden]{display:none}@media(prefers-color-scheme:dark){body{background:#14171a;color:#e6e8ea}"
    "button{background:#e6e8ea;color:#14171a}a{color:#9cc2ff}"
    "input:not([type=checkbox]),textarea,select{background:#1f2428;color:inherit}}"
)


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """What to answer and, when the form is good, what to keep. Either `location` or `html` is set."""

    status: str
    html: str = ""
    location: str = ""
    line: Mapping[str, Any] | None = None
    visitor: str = ""
    locale: str = "en"
    again: Callable[[list[str]], str] | None = None

    def not_kept(self) -> "FormAnswer":
        """The answer when the spool refused the line: the visitor keeps what they wrote."""
        assert self.again is not None
        with i18n.use_locale(self.locale):
            html = self.again(
                [_("We could not take your message just now. Please send it again in a few minutes.")]
            )
        return replace(self, status="503 Service Unavailable", location="", line=None, html=html)


def take_form(signer: Signer, read: TrackingToken, body: bytes) -> FormAnswer:
    """Check a posted form.

    Raises BadToken when the spec is forged or of another page.
    """
    posted = _posted(body)
    spec_text = posted.get(SPEC_FIELD, "")
    spec = read_form(signer, spec_text)
    if spec.page_id != read.subject_id:
        raise BadToken
    with i18n.use_locale(spec.locale):
        values = {field.name: _clean(field, posted.get(field.name, "")) for field in spec.fields}
        problems = [problem for field in spec.fields if (problem := _problem(field, values[field.name]))]
        if problems:
            html = _again(spec, spec_text, values, problems)
            return FormAnswer("422 Unprocessable Content", html=html)
    wording = " ".join(
        f.label for f in spec.fields if f.kind == "consent" and values[f.name] == CONSENT_GIVEN
    )
    email = next((values[field.name] for field in spec.fields if field.kind == "email"), "")
    line = {"f": values, "e": email, "c": wording, "g": _signs(signer, posted)}
    kept = partial(_again, spec, spec_text, values)
    return FormAnswer(
        "303 See Other", "", spec.thanks_url, line, posted.get(VISITOR_FIELD, ""), spec.locale, kept
    )


def _posted(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qs(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200, encoding="utf-8"
        )
    except ValueError:  # more fields than any form of ours has
        raise BadToken from None
    return {name: values[0] for name, values in pairs.items()}


def _signs(signer: Signer, posted: Mapping[str, str]) -> str:
    """What speaks against a person. It is noted, not refused: the verdict is the drain's."""
    signs = ["trap"] if posted.get(TRAP_FIELD) else []
    try:
        shown = int(signer.verify(TIME_PURPOSE, posted.get(TIME_FIELD, ""))["ms"])
    except BadToken:
        return " ".join(signs)  # no script, or a page left open for a week: says nothing
    if time.time_ns() // 1_000_000 - shown < FAST_SECONDS * 1000:
        signs.append("fast")
    return " ".join(signs)


def _clean(field: FieldSpec, value: str) -> str:
    kept = "\n\t" if field.kind == "textarea" else ""
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        c if c.isprintable() or c in kept or c == "\u200c" or c == "\u200d" else " " for c in text
    ).strip()


def _problem(field: FieldSpec, value: str) -> str:
    """A sentence about what is wrong with a field, or an empty text."""
    if not value:
        if field.required and field.kind == "consent":
            return _("Please agree: %(label)s", label=field.label)
        return _("Please fill in “%(label)s”.", label=field.label) if field.required else ""
    if len(value) > field.max_length:
        return _(
            "“%(label)s” is too long: it takes %(count)s characters.",
            label=field.label,
            count=i18n.format_number(field.max_length),
        )
    if field.kind == "choice" and value not in field.choices:
        return _("Please choose one of the answers for “%(label)s”.", label=field.label)
    if field.kind == "consent" and value != CONSENT_GIVEN:
        return _("Please agree: %(label)s", label=field.label)
    if field.kind == "email":
        try:
            validate_email(value, check_deliverability=False)
        except EmailNotValidError:
            return _("“%(label)s” is not a valid email address.", label=field.label)
    if field.kind == "tel" and sum(c.isdigit() for c in value) < 4:
        return _("“%(label)s” is not a phone number.", label=field.label)
    return ""


def _again(spec: FormSpec, spec_text: str, values: Mapping[str, str], problems: list[str]) -> str:
    """The form once more, with what was written, below what is wrong."""
    listed = "".join(f"<li>{escape(problem)}</li>" for problem in problems)
    fields = "".join(_input(field, values[field.name]) for field in spec.fields)
    body = (
        f'<div role="alert"><p>{escape(_("Please mend this and send the form again:"))}</p><ul>{listed}</ul></div>'
        f'<form method="post" accept-charset="utf-8">'
        f'<input type="hidden" name="{SPEC_FIELD}" value="{escape(spec_text)}">{fields}'
        f'<div hidden><input name="{TRAP_FIELD}" value="" tabindex="-1" autocomplete="off"></div>'
        f'<button type="submit">{escape(_("Send"))}</button></form>'
        f'<p><a href="{escape(spec.page_url)}">{escape(_("Back to the page"))}</a></p>'
    )
    return page(spec.locale, _("The form was not sent."), body)


def _input(field: FieldSpec, value: str) -> str:
    name, label, kept = escape(field.name), escape(field.label), escape(value)
    required = " required" if field.required else ""
    if field.kind == "consent":
        checked = " checked" if value == CONSENT_GIVEN else ""
        box = f'<input type="checkbox" name="{name}" value="{CONSENT_GIVEN}"{checked}{required}>'
        return f"<label>{box} {label}</label>"
    if field.kind == "textarea":
        return f'<label>{label}<textarea name="{name}" rows="5"{required}>{kept}</textarea></label>'
    if field.kind == "choice":
        labels = field.choice_labels or field.choices
        options = "".join(
            f'<option value="{escape(choice)}"{" selected" if choice == value else ""}>{escape(shown)}</option>'
            for choice, shown in zip(field.choices, labels, strict=True)
        )
        return f'<label>{label}<select name="{name}"{required}><option value=""></option>{options}</select></label>'
    return f'<label>{label}<input type="{field.kind}" name="{name}" value="{kept}"{required}></label>'


def page(locale: str, title: str, body: str) -> str:
    """A whole plain page; `title` is text, `body` is HTML."""
    return (
        f'<!doctype html><html lang="{escape(locale)}" dir="{i18n.direction(locale)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
