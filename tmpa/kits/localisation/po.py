"""gettext's PO files, read without loss and written in one form only.

`read(data) -> PoFile` and `write(file) -> bytes`; `write(read(write(file))) == write(file)`. Comments, flags, previous
source texts, plural forms and obsolete entries are kept, which the usual readers don't do. Format: GNU gettext manual,
chapter "The Format of PO Files".
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from babel.messages.pofile import normalize

from tmpa.kernel.i18n import gettext as _

WIDTH = 100
MAX_BYTES = 4 * 1024 * 1024
MAX_ENTRIES = 20_000
REVIEWED = "reviewed"
"""The flag of a translation that a second person has approved; other tools keep it and don't mind it."""

_KEYWORD = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d{1,2})\])?\s*(".*")\s*$')
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"\s*$')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_RUN = re.compile(r"\w+|[^\w\s]+")
MAX_RUN = 200  # characters; Babel's search for places to break grows with the square of a run without one


class PoError(ValueError):
    """A PO file that can't be read: `line` counts from 1 (0 = the file as a whole), `message` is a sentence."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


@dataclass(frozen=True, slots=True)
class Entry:
    """One text. `forms` has one translation, or one for each plural form of the language ("" = none yet).

    `notes` are people's remarks, `hints` those of the extraction, `places` where the text is used, `previous` the
    source text that a fuzzy translation was made for. `line` is where its msgid stands.
    """

    id: str
    forms: tuple[str, ...] = ("",)
    plural: str = ""
    context: str | None = None
    notes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    previous: str = ""
    obsolete: bool = False
    line: int = field(default=0, compare=False)

    @property
    def key(self) -> tuple[str | None, str]:
        """What makes an entry another one."""
        return self.context, self.id

    @property
    def fuzzy(self) -> bool:
        """Whether somebody must look at the translation before it is used."""
        return "fuzzy" in self.flags

    @property
    def reviewed(self) -> bool:
        """Whether a second person has approved it."""
        return REVIEWED in self.flags and self.translated

    @property
    def translated(self) -> bool:
        """Whether the translation is whole and may be used."""
        return all(self.forms) and not self.fuzzy

    def flagged(self, **flags: bool) -> "Entry":
        """The entry with flags set or taken away, the others in their order."""
        kept = [flag for flag in self.flags if flags.get(flag, True)]
        return replace(self, flags=(*kept, *(name for name, on in flags.items() if on and name not in kept)))


@dataclass(frozen=True, slots=True)
class PoFile:
    """A catalogue: the header's lines ("Language: de"), remarks above it, and the entries in their order."""

    header: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()

    def value(self, name: str) -> str:
        """A header's value; "" where it is missing."""
        start = f"{name.lower()}:"
        return next(
            (line[len(start) :].strip() for line in self.header if line.lower().startswith(start)), ""
        )

    def with_value(self, name: str, value: str) -> "PoFile":
        """The file with one header set, in its place or at the end."""
        start, fresh = f"{name.lower()}:", f"{name}: {value}"
        lines = [fresh if line.lower().startswith(start) else line for line in self.header]
        return replace(self, header=tuple(lines if fresh in lines else [*lines, fresh]))

    def active(self) -> Iterator[Entry]:
        """The entries that are not obsolete."""
        return (entry for entry in self.entries if not entry.obsolete)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text)


class _Reader:
    """Lines into entries. One entry is open at a time; a comment or a msgid after its msgstr closes it."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._begin()

    def _begin(self) -> None:
        self.comments: dict[str, list[str]] = {"notes": [], "hints": [], "places": [], "flags": []}
        self.strings: dict[tuple[str, int], str] = {}
        self.previous: dict[str, str] = {}
        self.last: tuple[str, int] | None = None
        self.old: str | None = None
        self.line = 0
        self.obsolete = False

    def feed(self, number: int, line: str) -> None:
        """One line without its line end."""
        obsolete = line.startswith("#~")
        if obsolete:
            line = line[2:].strip()
        if line.startswith(("#|", "|")):
            if any(kind == "msgstr" for kind, _form in self.strings):
                self.close(number)
            self._previous(number, line.lstrip("#").removeprefix("|").strip())
        elif line.startswith("#"):
            if self.strings:
                self.close(number)
            self._comment(line)
        elif line:
            self._string(number, line, obsolete)

    def _comment(self, line: str) -> None:
        kind, text = line[:2], line[2:].strip()
        if kind == "#.":
            self.comments["hints"].append(text)
        elif kind == "#:":
            self.comments["places"] += text.split()
        elif kind == "#,":
            self.comments["flags"] += [flag.strip() for flag in text.split(",") if flag.strip()]
        else:
            self.comments["notes"].append(line[2:] if kind in ("# ", "#") else line[1:])

    def _previous(self, number: int, line: str) -> None:
        match = _KEYWORD.match(line)
        text = match[3] if match else line
        if match:
            self.old = match[1]
        if self.old is None or not _STRING.fullmatch(text):
            raise PoError(number, _("This line is not in the form of a PO file."))
        self.previous[self.old] = self.previous.get(self.old, "") + _unescape(text[1 : text.rindex('"')])

    def _string(self, number: int, line: str, obsolete: bool) -> None:
        match = _KEYWORD.match(line)
        if match:
            part = (match[1], int(match[2] or 0))
            starts = match[1] in ("msgid", "msgctxt")
            if starts and any(kind == "msgstr" for kind, _form in self.strings):
                self.close(number)
            if part in self.strings or (match[2] and match[1] != "msgstr"):
                raise PoError(number, _("%(keyword)s stands here a second time.", keyword=match[1]))
            if match[1] == "msgid":
                self.line = number
            self.obsolete = obsolete
            self.strings[part] = ""
            self.last, text = part, match[3]
        else:
            text = line
        if self.last is None or not _STRING.fullmatch(text):
            raise PoError(number, _("This line is not in the form of a PO file."))
        self.strings[self.last] += _unescape(text[1 : text.rindex('"')])

    def close(self, number: int) -> None:
        """End the open entry, if there is one."""
        if not self.strings:
            return
        if ("msgid", 0) not in self.strings:
            raise PoError(self.line or number - 1, _("An entry has no msgid."))
        forms = sorted((form, text) for (kind, form), text in self.strings.items() if kind == "msgstr")
        if not forms or [form for form, _text in forms] != list(range(len(forms))):
            raise PoError(self.line, _("An entry's msgstr is missing."))
        self.entries.append(
            Entry(
                self.strings["msgid", 0],
                tuple(text for _form, text in forms),
                self.strings.get(("msgid_plural", 0), ""),
                self.strings.get(("msgctxt", 0)),
                tuple(self.comments["notes"]),
                tuple(self.comments["hints"]),
                tuple(self.comments["places"]),
                tuple(dict.fromkeys(self.comments["flags"])),
                self.previous.get("msgid", ""),
                self.obsolete,
                self.line,
            )
        )
        if len(self.entries) > MAX_ENTRIES:
            raise PoError(self.line, _("The file has more than %(limit)s entries.", limit=MAX_ENTRIES))
        self._begin()


def read(data: bytes) -> PoFile:
    """A PO file in UTF-8. Raises PoError."""
    if len(data) > MAX_BYTES:
        raise PoError(0, _("The file is larger than %(limit)s MB.", limit=MAX_BYTES // 1024 // 1024))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise PoError(data.count(b"\n", 0, problem.start) + 1, _("The file is not UTF-8.")) from None
    reader = _Reader()
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        reader.feed(number, line.strip(" \t\r\f\v"))
    reader.close(len(lines))
    seen: dict[tuple[str | None, str], int] = {}
    for entry in reader.entries:
        if not entry.obsolete and seen.setdefault(entry.key, entry.line) != entry.line:
            message = _("This text stands already in line %(line)s.", line=seen[entry.key])
            raise PoError(entry.line, message)
    first = reader.entries[0] if reader.entries else None
    if first is None or first.id or first.context is not None:
        return PoFile((), (), tuple(reader.entries))
    header = tuple(line for line in first.forms[0].split("\n") if line)
    return PoFile(header, first.notes, tuple(reader.entries[1:]))


def _line(prefix: str, keyword: str, text: str) -> str:
    has_long_run = any(match.end() - match.start() > MAX_RUN for match in _RUN.finditer(text))
    lines = normalize(text, width=0 if has_long_run else WIDTH).split("\n")
    return "\n".join([f"{prefix}{keyword} {lines[0]}", *(prefix + line for line in lines[1:])])


def _comments(entry: Entry) -> Iterator[str]:
    yield from (f"# {note}".rstrip() for note in entry.notes)
    yield from (f"#. {hint}".rstrip() for hint in entry.hints)
    yield from (f"#: {place}" for place in entry.places)
    if entry.flags:
        yield f"#, {', '.join(entry.flags)}"


def _written(entry: Entry) -> Iterator[str]:
    yield from _comments(entry)
    prefix = "#~ " if entry.obsolete else ""
    if entry.previous:
        yield _line("#~| " if entry.obsolete else "#| ", "msgid", entry.previous)
    if entry.context is not None:
        yield _line(prefix, "msgctxt", entry.context)
    yield _line(prefix, "msgid", entry.id)
    if not entry.plural:
        yield _line(prefix, "msgstr", entry.forms[0])
        return
    yield _line(prefix, "msgid_plural", entry.plural)
    for number, form in enumerate(entry.forms):
        yield _line(prefix, f"msgstr[{number}]", form)


def write(file: PoFile) -> bytes:
    """The file as bytes: UTF-8, lines of about 100 characters, obsolete entries at the end."""
    header = Entry("", ("".join(f"{line}\n" for line in file.header),), notes=file.notes)
    ordered: Iterable[Entry] = [header, *sorted(file.entries, key=lambda entry: entry.obsolete)]
    return ("\n\n".join("\n".join(_written(entry)) for entry in ordered) + "\n").encode()
