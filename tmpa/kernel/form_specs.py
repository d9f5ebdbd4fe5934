"""What a published form accepts, as a signed text in the form itself: whoever takes it needs no database.

The page carries it in its hidden input `token`. It never expires and holds no secret: the campaign's page and its
form are one. Rendering twice gives the same text, so that a page's content hash is stable.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, get_args

from tmpa.kernel.signing import BadToken, Signer, b64, unb64

FieldKind = Literal["text", "email", "tel", "textarea", "choice", "consent"]
LIMITS: Final[dict[FieldKind, int]] = {
    "text": 200,
    "email": 320,
    "tel": 60,
    "textarea": 4000,
    "choice": 200,
    "consent": 3,
}
SPEC_FIELD: Final = "token"
TRAP_FIELD: Final = "tmpa_website"  # people don't see it, so that only machines fill it
VISITOR_FIELD: Final = "r"  # filled by the page's script from its own address
TIME_FIELD: Final = (
    "t"  # filled by the page's script: when the page was shown, {"ms": …} signed for TIME_PURPOSE
)
CONSENT_GIVEN: Final = "yes"
TIME_PURPOSE: Final = "form-time"
TIME_TOKEN_SECONDS: Final = 7 * 86400
_PURPOSE: Final = "form-spec"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field; `label` and `choice_labels` in the page's language, `max_length` in characters."""

    name: str
    kind: FieldKind
    label: str
    required: bool
    max_length: int
    choices: tuple[str, ...] = ()
    choice_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormSpec:
    """A page's form: who it belongs to, where it leads, what it takes."""

    page_id: uuid.UUID
    locale: str
    page_url: str
    thanks_url: str
    fields: tuple[FieldSpec, ...]


class _Choice(Protocol):
    @property
    def value(self) -> str: ...
    @property
    def label(self) -> str: ...


class DeclaredField(Protocol):
    """A field as a kit declares it, its label already translated."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Any: ...
    @property
    def label(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def choices(self) -> Sequence[_Choice]: ...


def field_specs(fields: Iterable[DeclaredField]) -> tuple[FieldSpec, ...]:
    """The specs of a kit's fields, each with the length its kind allows."""
    return tuple(
        FieldSpec(
            f.name,
            f.kind,
            f.label,
            f.required,
            LIMITS[f.kind],
            tuple(c.value for c in f.choices),
            tuple(c.label for c in f.choices),
        )
        for f in fields
    )


def sign_form(signer: Signer, spec: FormSpec) -> str:
    """The text for the form's hidden input."""
    fields = [
        [f.name, f.kind, f.label, int(f.required), f.max_length, list(f.choices), list(f.choice_labels)]
        for f in spec.fields
    ]
    content = [spec.page_id.hex, spec.locale, spec.page_url, spec.thanks_url, fields]
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return f"{b64(body)}.{b64(signer.mac(_PURPOSE, body))}"


def read_form(signer: Signer, token: str) -> FormSpec:
    """The inverse of `sign_form`. Raises BadToken for anything else."""
    body_text, _dot, mac_text = token.partition(".")
    if not token.isascii():
        raise BadToken
    body = unb64(body_text)
    if not signer.mac_holds(_PURPOSE, body, unb64(mac_text)):
        raise BadToken
    page, locale, page_url, thanks_url, fields = json.loads(body)
    return FormSpec(
        uuid.UUID(hex=page), locale, page_url, thanks_url, tuple(_field(*item) for item in fields)
    )


def _field(
    name: str,
    kind: FieldKind,
    label: str,
    required: int,
    max_length: int,
    choices: list[str],
    labels: list[str],
) -> FieldSpec:
    if kind not in get_args(FieldKind):
        raise BadToken
    return FieldSpec(name, kind, label, bool(required), max_length, tuple(choices), tuple(labels))
