"""What is wrong with an MJML text: every mistake with its place. The compiler checks none of it and renders it wrong.

Works on the rendered template, so a hole stands as its sentinel and passes for any value.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import ImageColor

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.mjml_guard import STYLE, TOKEN, VOID, MjmlMistake, guard
from tmpa.kits.mjml_tables import (
    ATTRIBUTES,
    ENDING,
    EVERYWHERE,
    KINDS,
    PARENTS,
    REQUIRED,
    SPECIAL,
    UNSUPPORTED_ATTRIBUTES,
)

_ATTRIBUTE = re.compile(r"([^\s=\"'<>/]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_HOLE = re.compile(r"zq[0-9a-f]{12}h[0-9]+qz")
_NAMED = re.compile(r"transparent|inherit|none|initial|currentcolor", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")
_ANYTHING = {"mj-all", "mj-class"}


@dataclass(slots=True)
class _Open:
    """An element that is not closed yet."""

    name: str
    offset: int
    widths: list[float] = field(default_factory=list)


def mistakes(text: str) -> list[MjmlMistake]:
    """Every mistake of an MJML text, in its order; the first alone where the elements are not even closed."""
    try:
        guard(text)
    except MjmlMistake as mistake:
        return [mistake]
    return list(_walk(text))


def _walk(text: str) -> Iterator[MjmlMistake]:
    styles = [(match.start(2), match.end(2)) for match in STYLE.finditer(text)]
    stack: list[_Open] = []
    given: set[tuple[str, str]] = set()
    end = 0
    for token in TOKEN.finditer(text):
        if any(start <= token.start() < stop for start, stop in styles):
            continue
        yield from _text(stack, text, end, token.start())
        end = token.end()
        name = token["name"]
        if name is None:
            continue
        if token["close"]:
            opened = stack.pop()
            if opened.name == "mj-section" and sum(opened.widths) > 100.5:
                message = _("The columns are %(sum)s %% wide together.", sum=round(sum(opened.widths)))
                mend = _("Let the widths add up to 100 percent.")
                yield MjmlMistake(message, mend, opened.offset, "mjml-attribute")
            continue
        inside_raw = any(item.name in ENDING for item in stack)
        if name.startswith("mj"):
            yield from _element(name, token, stack, given)
        elif not inside_raw and stack:
            message = _("<%(name)s> stands in <%(parent)s>, where only MJML elements may.", name=name,
                        parent=stack[-1].name)  # fmt: skip
            yield MjmlMistake(message, _("Put it into <mj-text> or <mj-raw>."), token.start(), "mjml")
        if not token["void"] and name.lower() not in VOID:
            stack.append(_Open(name, token.start()))


def _text(stack: list[_Open], text: str, start: int, stop: int) -> Iterator[MjmlMistake]:
    """Text between two tags, where only elements may stand."""
    words = text[start:stop]
    if not stack or not words.strip() or any(item.name in ENDING for item in stack):
        return
    if not stack[-1].name.startswith("mj"):
        return
    at = start + len(words) - len(words.lstrip())
    shown = _HOLE.sub("…", words.strip())[:40]
    message = _("The text “%(words)s” stands directly in <%(name)s>.", words=shown, name=stack[-1].name)
    yield MjmlMistake(message, _("Put it into <mj-text>."), at, "mjml")


def _element(
    name: str, token: "re.Match[str]", stack: list[_Open], given: set[tuple[str, str]]
) -> Iterator[MjmlMistake]:
    parent = stack[-1].name if stack else ""
    at = token.start()
    attributes = _attributes(token)
    if parent == "mj-attributes":
        given.update((name, key) for key, _value, _at in attributes)
        if name not in _ANYTHING and name not in ATTRIBUTES:
            return
    elif name in PARENTS and parent not in PARENTS[name] and (stack or name != "mjml"):
        message = _("<%(name)s> may not stand in <%(parent)s>.", name=name, parent=parent)
        allowed = ", ".join(f"<{item}>" for item in PARENTS[name]) or "–"
        yield MjmlMistake(message, _("It stands in %(parents)s.", parents=allowed), at, "mjml")
    seen: set[str] = set()
    for key, value, place in attributes:
        yield from _attribute(name, key, value, place, seen)
        side_by_side = key == "width" and name in {"mj-column", "mj-group"} and parent == "mj-section"
        if side_by_side and (match := _PERCENT.fullmatch(value)):
            stack[-1].widths.append(float(match[1]))
    if parent == "mj-attributes" and name not in _ANYTHING:
        return
    for key in REQUIRED.get(name, ()):
        if key not in seen and "mj-class" not in seen and (name, key) not in given:
            message = _("<%(name)s> has no %(attribute)s.", name=name, attribute=key)
            yield MjmlMistake(message, _("Add the attribute."), at, "mjml-attribute")


def _attributes(token: "re.Match[str]") -> list[tuple[str, str, int]]:
    """Name, value and place of each attribute."""
    start = token.start("attributes")
    return [
        (match[1], match[2] if match[2] is not None else match[3], start + match.start())
        for match in _ATTRIBUTE.finditer(token["attributes"])
    ]


def _attribute(name: str, key: str, value: str, at: int, seen: set[str]) -> Iterator[MjmlMistake]:
    if key in seen:
        message = _("<%(name)s> has %(attribute)s twice.", name=name, attribute=key)
        yield MjmlMistake(message, _("Remove one."), at, "mjml-attribute")
    seen.add(key)
    if (name, key) in UNSUPPORTED_ATTRIBUTES:
        message = _("%(attribute)s of <%(name)s> is not supported.", name=name, attribute=key)
        yield MjmlMistake(message, _("Remove it, or say it in the HTML inside."), at, "mjml-unsupported")
        return
    known = ATTRIBUTES.get(name)
    if known is not None and key not in known and key not in EVERYWHERE:
        message = _("<%(name)s> has no attribute %(attribute)s.", name=name, attribute=key)
        near = ", ".join(sorted(item for item in known if item.split("-")[0] == key.split("-")[0])[:6])
        mend = _("Did you mean %(names)s?", names=near) if near else _("Remove it.")
        yield MjmlMistake(message, mend, at, "mjml-attribute")
        return
    if name == "mj-class" and key == "name":
        return
    if not _fits(name, key, value):
        message = _("“%(value)s” is no value for %(attribute)s of <%(name)s>.", value=value[:40], attribute=key,
                    name=name)  # fmt: skip
        yield MjmlMistake(message, _mend(name, key), at, "mjml-attribute")


def _fits(name: str, key: str, value: str) -> bool:
    value = value.strip()
    if _HOLE.search(value):
        return True
    if key == "color" or key.endswith("-color"):
        return _is_colour(value)
    pattern = SPECIAL.get((name, key)) or KINDS.get(key)
    return pattern is None or bool(pattern.fullmatch(value))


def _is_colour(value: str) -> bool:
    if _NAMED.fullmatch(value):
        return True
    try:
        ImageColor.getrgb(re.sub(r"^rgba?\(([^,]+,[^,]+,[^,]+),[^)]*\)$", r"rgb(\1)", value))
    except ValueError:
        return False
    return True


def _mend(name: str, key: str) -> str:
    if key == "color" or key.endswith("-color"):
        return _("Write a colour such as #0b6e4f.")
    pattern = (SPECIAL.get((name, key)) or KINDS[key]).pattern
    if "\\d" not in pattern:
        return _("Write one of %(values)s.", values=", ".join(pattern.replace("\\", "").split("|")))
    if "%" in pattern:
        return _("Write a number with px or %.")
    return _("Write a number with px.") if "px" in pattern else _("Write a number.")
