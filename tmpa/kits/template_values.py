"""What a template sees of values: holes that it may print and test, and nothing else."""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from jinja2 import TemplateError

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.holes import HoleKind

MAX_OUTPUT = 2_000_000  # characters printed by one template, macros included
MAX_STEPS = 50_000  # loop turns and calls of one template


class TemplateMistake(TemplateError):
    """A mistake of the kit's author, found while rendering; becomes a finding with file and line."""

    def __init__(self, message: str, mend: str, rule: str = "template") -> None:
        super().__init__(message)
        self.mend = mend
        self.rule = rule


@dataclass(slots=True)
class State:
    """What one rendering has used up and printed. `prints` has one entry per printed hole, in order."""

    nonce: str
    prints: list["TemplateHole"] = field(default_factory=list)
    output: int = 0
    steps: int = 0

    def step(self) -> None:
        """Count a loop turn or call. Raises TemplateMistake past the limit."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TemplateMistake(
                _("The template runs for too long."), _("Use fewer loops and macros."), "limits"
            )

    def printed(self, size: int) -> None:
        """Count printed characters. Raises TemplateMistake past the limit."""
        self.output += size
        if self.output > MAX_OUTPUT:
            raise TemplateMistake(_("The template prints too much."), _("Print less."), "limits")

    def sentinel(self, hole: "TemplateHole") -> str:
        """What is printed for a hole: letters and digits that no text of the kit has by accident."""
        self.prints.append(hole)
        return f"zq{self.nonce}h{len(self.prints) - 1}qz"


def sentinel_pattern(nonce: str) -> re.Pattern[str]:
    """Finds the sentinels of one rendering; group 1 is the index into `State.prints`."""
    return re.compile(f"zq{nonce}h([0-9]+)qz")


Flavour = Literal["text", "richtext", "address", "colour"]
rendering_state: ContextVar[State] = ContextVar("kit_template_state")


class TemplateHole:
    """A value that the template may print and test, and nothing else."""

    __slots__ = ("alt", "filled", "flavour", "kind", "name", "testable")

    def __init__(
        self,
        kind: HoleKind,
        name: str,
        filled: bool = True,
        *,
        testable: bool = True,
        flavour: Flavour = "text",
        alt: "TemplateHole | None" = None,
    ) -> None:
        self.kind, self.name, self.filled, self.testable = kind, name, filled, testable
        self.flavour = flavour
        self.alt = alt

    @property
    def label(self) -> str:
        """The name as the template writes it."""
        return f"{self.kind}.{self.name}" if self.name else self.kind

    def printed(self) -> str:
        """The sentinel, or nothing for an optional value that isn't filled."""
        return rendering_state.get().sentinel(self) if self.filled else ""

    def __bool__(self) -> bool:
        if not self.testable:
            raise TemplateMistake(
                _("%(hole)s differs by recipient and can't be tested.", hole=self.label),
                _("Print recipient.greeting, which copes with missing names."),
                "hole",
            )
        return self.filled

    def refuse(self, *args: object) -> Any:
        """What every operation but printing and testing does. Raises TemplateMistake."""
        raise TemplateMistake(
            _("%(hole)s can be printed and tested, but not changed, compared or joined.", hole=self.label),
            _("Print it alone: {{ %(hole)s }}.", hole=self.label),
            "hole",
        )

    __str__ = __html__ = __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = refuse
    __add__ = __radd__ = __mul__ = __mod__ = __len__ = __iter__ = __contains__ = __getitem__ = __call__ = (
        refuse
    )
    __format__ = refuse
    __hash__ = object.__hash__


class Space:
    """`slot`, `brand`, `recipient`, `link`, `kit`: named values; an unknown name is the author's mistake."""

    __slots__ = ("_label", "_values")

    def __init__(self, label: str, values: Mapping[str, object]) -> None:
        self._label, self._values = label, values

    def __getattr__(self, name: str) -> object:
        try:
            return self._values[name]
        except KeyError:
            raise TemplateMistake(
                _("There is no %(name)s.", name=f"{self._label}.{name}"),
                _(
                    "Known are %(names)s.",
                    names=", ".join(f"{self._label}.{known}" for known in self._values),
                ),
                "unknown-name",
            ) from None

    def __getitem__(self, name: str) -> object:
        return self.__getattr__(name)

    def __str__(self) -> str:
        raise TemplateMistake(
            _("%(name)s as a whole can't be printed.", name=self._label), _("Print one of its values.")
        )


def printable(value: object) -> object:
    """A value on its way into a translated text: holes become sentinels."""
    return value.printed() if isinstance(value, TemplateHole) else value


_FORMATS = re.compile(r"%%|%\([^()%]*\)s|(?P<other>%)")


def fill(text: str, values: Mapping[str, object]) -> str:
    """`text` with its %(name)s filled. Raises ValueError for other formats: %(name)999999999s would fill the memory."""
    if any(match["other"] for match in _FORMATS.finditer(text)):
        raise ValueError(text)
    return text % values
