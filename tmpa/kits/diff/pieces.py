"""Pieces that came, went or changed: their keys, their forms, the texts in their templates and their layout."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from pathlib import PurePosixPath
from typing import Any

from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.i18n import ngettext
from tmpa.kits.diff.changes import Changes, kind_of, reordered, rising
from tmpa.kits.localisation.usage import kit_texts
from tmpa.kits.manifest import PagePiece, Piece
from tmpa.kits.source import KitSource

TEMPLATES = (".mjml", ".html", ".txt", ".typ")
_QUOTED = re.compile(r"[\"']([A-Za-z0-9_./-]{3,200})[\"']")

_KEYS: Mapping[str, Any] = {
    "title": _l("“%(piece)s” has another title."),
    "kind": _l("“%(piece)s” is a piece of another kind."),
    "template": _l("“%(piece)s” is made from another file."),
    "network": _l("“%(piece)s” is for another network."),
    "sizes": _l("The sizes of “%(piece)s” changed."),
    "height": _l("The height of “%(piece)s” changed (in pixels)."),
}
_TEXTS: Mapping[str, Any] = {
    "subject": _l("The subject of “%(piece)s” changed."),
    "preheader": _l("The line after the subject of “%(piece)s” changed."),
    "page_title": _l("The page title of “%(piece)s” changed."),
    "description": _l("The description of “%(piece)s” changed."),
    "button": _l("The button of the form of “%(piece)s” changed."),
    "thanks_title": _l("The title of the thanks after “%(piece)s” changed."),
    "thanks_text": _l("The thanks after “%(piece)s” changed."),
    "alt": _l("The text that stands for “%(piece)s” where the picture can't be seen changed."),
}
_FIELD: Mapping[str, Any] = {
    "label": _l("The field “%(field)s” of “%(piece)s” has another label."),
    "kind": _l("The field “%(field)s” of “%(piece)s” takes another kind of answer."),
    "choices": _l("The choices of the field “%(field)s” of “%(piece)s” changed."),
}


def files_of(source: KitSource, piece: Piece) -> list[str]:
    """The piece's template and every file of the kit that it names, directly or through another."""
    found: list[str] = []
    waiting = [piece.template]
    while waiting:
        path = waiting.pop(0)
        if path in found or path not in source.files:
            continue
        found.append(path)
        if path.endswith(TEMPLATES):
            for name in _QUOTED.findall(source.text(path)):
                beside = str(PurePosixPath(path).parent / name)
                climbing = name.replace(
                    "../", ""
                )  # Typst names files from where it lies, or from the kit with "/"
                waiting += [each for each in (name.lstrip("/"), beside, climbing) if each in source.files]
    return found


def compare_pieces(found: Changes, old: KitSource, new: KitSource) -> None:
    """Add what changed in the pieces, told apart by name."""
    was = {piece.name: piece for piece in old.manifest.pieces}
    now = {piece.name: piece for piece in new.manifest.pieces}
    for name, piece in was.items():
        if name not in now:
            found.add(
                "pieces",
                "removed",
                f"pieces.{name}",
                _("“%(piece)s” is gone.", piece=piece.title),
                piece.title,
            )
    for name, piece in now.items():
        if name not in was:
            sentence = _("“%(piece)s” is new.", piece=piece.title)
            _explain(found, new, piece)
            found.add("pieces", "added", f"pieces.{name}", sentence, "", piece.title)
            continue
        if was[name] != piece:
            _keys(found, was[name], piece)
        _contents(found, old, new, was[name], piece)
    if reordered(list(was), list(now)):
        sentence = _("The pieces stand in another order.")
        found.add("pieces", "changed", "pieces", sentence, list(was), list(now))


def _keys(found: Changes, was: Piece, now: Piece) -> None:
    names = list(dict.fromkeys((*type(was).model_fields, *type(now).model_fields)))
    for key in names:
        old, new = getattr(was, key, None), getattr(now, key, None)
        place = f"pieces.{now.name}.{key}"
        if old == new:
            continue
        if key == "fields":
            _fields(found, was, now)
        elif key in _TEXTS:
            found.add("texts", kind_of(old, new), place, str(_TEXTS[key]) % {"piece": now.title}, old, new)
        elif key in _KEYS:
            found.add("pieces", kind_of(old, new), place, str(_KEYS[key]) % {"piece": now.title}, old, new)
        elif key == "max_length" and isinstance(old, int) and isinstance(new, int):
            if new < old:
                sentence = _("Fewer characters fit into “%(piece)s”.", piece=now.title)
            else:
                sentence = _("More characters fit into “%(piece)s”.", piece=now.title)
            found.add("pieces", rising(new, old), place, sentence, old, new)
        else:
            sentence = _("The key %(key)s changed.", key=place)
            found.add("pieces", kind_of(old, new), place, sentence, old, new)


def _fields(found: Changes, old: Piece, new: Piece) -> None:
    was = {field.name: field for field in old.fields} if isinstance(old, PagePiece) else {}
    now = {field.name: field for field in new.fields} if isinstance(new, PagePiece) else {}
    for name, field in was.items():
        if name not in now:
            sentence = _(
                "The form of “%(piece)s” no longer asks for “%(field)s”.", piece=new.title, field=name
            )
            found.add("pieces", "removed", f"pieces.{new.name}.fields.{name}", sentence, field.label)
    for name, field in now.items():
        place = f"pieces.{new.name}.fields.{name}"
        if name not in was:
            sentence = _("The form of “%(piece)s” also asks for “%(field)s”.", piece=new.title, field=name)
            found.add("pieces", "added", place, sentence, "", field.label)
            continue
        for key in type(field).model_fields:
            before, after = getattr(was[name], key), getattr(field, key)
            if before == after:
                continue
            if key == "required":
                sentence = (
                    _("“%(field)s” must be filled in on “%(piece)s”.", field=name, piece=new.title)
                    if after
                    else _("“%(field)s” may stay empty on “%(piece)s”.", field=name, piece=new.title)
                )
                found.add("pieces", "tightened" if after else "loosened", f"{place}.{key}", sentence)
            elif key in _FIELD:
                sentence = str(_FIELD[key]) % {"field": name, "piece": new.title}
                found.add("pieces", kind_of(before, after), f"{place}.{key}", sentence, before, after)
            else:
                sentence = _("The key %(key)s changed.", key=f"{place}.{key}")
                found.add("pieces", kind_of(before, after), f"{place}.{key}", sentence, before, after)
    if reordered(list(was), list(now)):
        sentence = _("The form of “%(piece)s” asks in another order.", piece=new.title)
        found.add("pieces", "changed", f"pieces.{new.name}.fields", sentence, list(was), list(now))


def _contents(found: Changes, old: KitSource, new: KitSource, was: Piece, now: Piece) -> None:
    """Texts and layout of the template with what it includes."""
    before, after = _templates(old, was), _templates(new, now)
    if {path: old.files[path] for path in before} == {path: new.files[path] for path in after}:
        return
    count = len(found.listed)
    _texts(found, now, _texts_of(old, before), _texts_of(new, after))
    lines_before, lines_after = _layout(old, before), _layout(new, after)
    if lines_before != lines_after:
        steps = SequenceMatcher(None, lines_before, lines_after, autojunk=False).get_opcodes()
        changed = sum(max(a2 - a1, b2 - b1) for tag, a1, a2, b1, b2 in steps if tag != "equal")
        sentence = ngettext(
            "The layout of “%(piece)s” changed in %(num)s line of its template.",
            "The layout of “%(piece)s” changed in %(num)s lines of its template.",
            changed,
            piece=now.title,
        )
        found.add("pieces", "changed", now.template, sentence)
    if len(found.listed) > count:
        for path in (*before, *after):
            found.explain(path)


def _explain(found: Changes, source: KitSource, piece: Piece) -> None:
    for path in _templates(source, piece):
        found.explain(path)


def _templates(source: KitSource, piece: Piece) -> list[str]:
    return [path for path in files_of(source, piece) if path.endswith(TEMPLATES)]


def _texts_of(source: KitSource, paths: list[str]) -> list[str]:
    return [text for path in paths for text in texts_in(source, path)]


def texts_in(source: KitSource, path: str) -> list[str]:
    """The texts that one template shows, each once, in its order."""
    lines = source.text(path).splitlines()
    found = []
    for text, each in kit_texts(source).items():
        line = next((use.line for use in each.uses if use.file == path), 0)
        if line:
            found.append((line, lines[line - 1].find(text[:20]), text))
    return [text for _line, _column, text in sorted(found)]


def _layout(source: KitSource, paths: list[str]) -> list[str]:
    """The templates' lines without their texts, and without spacing where spacing can't be seen."""
    lines: list[str] = []
    for path in paths:
        content = source.text(path)
        for text in sorted(texts_in(source, path), key=len, reverse=True):
            for written in (text, text.replace("\\", "\\\\").replace('"', '\\"')):
                content = content.replace(f'"{written}"', '""').replace(f"'{written}'", "''")
        if path.endswith(".txt"):
            lines += content.splitlines()
        else:
            lines += [" ".join(line.split()) for line in content.splitlines() if line.strip()]
    return lines


def _texts(found: Changes, piece: Piece, before: list[str], after: list[str]) -> None:
    """Texts that became others, came or went, in the order of the template."""
    for tag, a1, a2, b1, b2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        gone = [text for text in before[a1:a2] if text not in after]
        come = [text for text in after[b1:b2] if text not in before]
        paired = min(len(gone), len(come))
        for was, now in zip(gone, come, strict=False):
            sentence = _("A text of “%(piece)s” changed.", piece=piece.title)
            found.add("texts", "changed", piece.template, sentence, was, now)
        for text in gone[paired:]:
            sentence = _("“%(piece)s” no longer says this.", piece=piece.title)
            found.add("texts", "removed", piece.template, sentence, text)
        for text in come[paired:]:
            sentence = _("“%(piece)s” also says this.", piece=piece.title)
            found.add("texts", "added", piece.template, sentence, "", text)
