"""Changes to a .po file that touch only the entry they are about; everything else keeps its bytes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_KEYWORD = re.compile(r'\s*(msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?)\s+(".*")\s*\Z', re.DOTALL)
_MORE = re.compile(r'\s*(".*")\s*\Z', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
WIDTH = 98


@dataclass(slots=True)
class _Entry:
    """One entry by its spans: each keyword's lines, and the line of its flags."""

    start: int
    end: int
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    flags: tuple[int, int] | None = None


def _unquote(quoted: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), quoted.strip()[1:-1])


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + escaped.replace("\r", "\\r") + '"'


def _entries(text: str) -> Iterator[_Entry]:
    entry: _Entry | None = None
    keyword = ""
    for match in _LINE.finditer(text):
        line, start, end = match[0], match.start(), match.end()
        bare = line.strip()
        found = _KEYWORD.match(line)
        more = None if found else _MORE.match(line)
        if found:
            begins = found[1] == "msgctxt" or (
                found[1] == "msgid" and (entry is None or "msgctxt" not in entry.values)
            )
            if entry is not None and ("msgid" in entry.values and begins):
                yield entry
                entry = None
            entry = entry or _Entry(start, end)
            keyword = found[1]
            entry.spans[keyword] = (start, end)
            entry.values[keyword] = _unquote(found[2])
            entry.end = end
        elif more and entry is not None and keyword:
            entry.spans[keyword] = (entry.spans[keyword][0], end)
            entry.values[keyword] += _unquote(more[1])
            entry.end = end
        else:
            if entry is not None and "msgid" in entry.values:
                yield entry
                entry, keyword = None, ""
            if bare.startswith("#") and not bare.startswith("#~"):
                entry = entry or _Entry(start, end)
                if bare.startswith("#,"):
                    entry.flags = (start, end)
            else:
                entry = None
    if entry is not None and "msgid" in entry.values:
        yield entry


def _find(text: str, msgid: str) -> _Entry | None:
    for entry in _entries(text):
        if entry.values.get("msgid") == msgid and "msgctxt" not in entry.values:
            return entry
    return None


def _field(keyword: str, value: str, newline: str) -> str:
    """A keyword with its text, wrapped between words as translators' tools do."""
    whole = f"{keyword} {_quote(value)}{newline}"
    if len(whole) <= WIDTH + 2 and "\n" not in value[:-1]:
        return whole
    lines, line = [], ""
    for word in re.findall(r"[^\s]*\s*", value):
        if line and (len(_quote(line + word)) > WIDTH or line.endswith("\n")):
            lines.append(line)
            line = ""
        line += word
    if line:
        lines.append(line)
    return newline.join([f'{keyword} ""', *map(_quote, lines)]) + newline


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def has(text: str, msgid: str) -> bool:
    """Whether the catalogue has an entry for a text."""
    return _find(text, msgid) is not None


def translations(text: str) -> dict[str, str]:
    """What each text of the catalogue is translated with, fuzzy or not."""
    return {
        entry.values["msgid"]: entry.values["msgstr"]
        for entry in _entries(text)
        if "msgctxt" not in entry.values and entry.values.get("msgstr")
    }


def rename(text: str, old: str, new: str, *, keep: bool) -> str:
    """The catalogue after a source text was rewritten: its translation stays, marked fuzzy until somebody reviews it.

    With `keep` the old text is still used elsewhere: it keeps its entry, and the new one starts as a copy.
    """
    entry = _find(text, old)
    if entry is None or old == new or has(text, new):
        return text
    newline = _newline(text)
    block = text[entry.start : entry.end]
    start, end = (at - entry.start for at in entry.spans["msgid"])
    renamed = block[:start] + _field("msgid", new, newline) + block[end:]
    if any(value for keyword, value in entry.values.items() if keyword.startswith("msgstr")):
        renamed = _fuzzy(renamed, entry, newline)
    if keep:
        joint = "" if block.endswith("\n") else newline
        return text[: entry.end] + joint + newline + renamed + text[entry.end :]
    return text[: entry.start] + renamed + text[entry.end :]


def _fuzzy(block: str, entry: _Entry, newline: str) -> str:
    if entry.flags:
        start, end = (at - entry.start for at in entry.flags)
        flags = block[start:end]
        return (
            block if "fuzzy" in flags else block[:start] + flags.replace("#,", "#, fuzzy,", 1) + block[end:]
        )
    at = min(start for start, _end in entry.spans.values()) - entry.start
    return f"{block[:at]}#, fuzzy{newline}{block[at:]}"


def translate(text: str, msgid: str, value: str) -> str:
    """The catalogue with a text's translation set by a person: what was fuzzy is so no more."""
    entry = _find(text, msgid)
    newline = _newline(text)
    written = _field("msgstr", value, newline)
    if entry is None:
        joint = "" if not text or text.endswith("\n") else newline
        return text + joint + newline + _field("msgid", msgid, newline) + written
    if "msgstr" not in entry.spans:
        return text  # plural forms are the translator's page's
    start, end = entry.spans["msgstr"]
    changed = text if entry.values["msgstr"] == value else text[:start] + written + text[end:]
    if not entry.flags:
        return changed
    first, last = entry.flags
    kept = [flag.strip() for flag in text[first:last].strip()[2:].split(",") if flag.strip() != "fuzzy"]
    return changed[:first] + (f"#, {', '.join(kept)}{newline}" if kept else "") + changed[last:]
