"""The editor's document model: nothing is lost, and an edit changes its own place only."""

import difflib
import io
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tmpa.kernel.errors import Refused
from tmpa.kits import editing_changes as changing
from tmpa.kits import editing_po, editing_toml
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.editing import parse, serialise
from tmpa.kits.editing_canvas import marked
from tmpa.kits.editing_ops import Applied, Request, apply, document_of, is_markup
from tmpa.kits.editing_places import accepts, in_body, movable, palette
from tmpa.kits.editing_tree import Document, Node, literal, literal_value
from tmpa.kits.findings import KitRefused
from tmpa.kits.render import render_mail
from tmpa.kits.samples import sample_values
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import KitSource, read_folder

KITS = sorted((Path(__file__).resolve().parents[3] / "campaigns").glob("*/kit.toml"))
FRAGMENTS = (
    "<div>", "</div>", '<p class="a">', "{% if x %}", "{%- else -%}", "{% endif %}", "{{ _('a') }}", "{{ x }}", "{#",
    "#}", "<!--", "-->", '"', "'", "<", ">", "<style>", "</style>", "{% raw %}", "{% endraw %}", "words\n", "<br/>",
    '<a {% if x %}b="c"{% endif %} href="{{ "}}" }}">', "{% for a in b %}", "{% endfor %}", "{% set a = 1 %}", "&amp;",
    "<mj-text", "/>", "\r\n", "é", "{{", "}}", "{%", "%}", "<mj-column />", "</", "\x00", "\u2028",
)  # fmt: skip


def tiles(node: Node) -> bool:
    at = node.inner_start
    for child in node.children:
        if child.start != at or not tiles(child):
            return False
        at = child.end
    return not node.children or at == node.inner_end


@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=14).map("".join))
@settings(max_examples=100, deadline=None)
def test_every_byte_is_kept(text: str) -> None:
    for markup in (True, False):
        document = parse(text, markup=markup)
        assert serialise(document) == text
        assert tiles(document.root)


@given(st.text(max_size=40))
@settings(max_examples=80, deadline=None)
def test_a_literal_says_what_was_typed(text: str) -> None:
    typed = text.replace("\r", "")
    for quote in ('"', "'"):
        assert literal_value(literal(typed, quote)) == typed


@pytest.mark.parametrize("text", ["<a " * 20_000, "<!--" * 20_000, "{% if x %}a" * 8_000, "{{ '" * 20_000])
def test_hostile_templates_take_no_longer(text: str) -> None:
    assert serialise(parse(text)) == text


@pytest.fixture(scope="module", params=KITS, ids=lambda path: path.parent.name)
def shipped(request: pytest.FixtureRequest) -> KitSource:
    return read_folder(request.param.parent)


def documents(source: KitSource) -> list[tuple[str, Document, bool]]:
    return [
        (piece.template, document_of(source, piece), is_markup(piece)) for piece in source.manifest.pieces
    ]


def test_shipped_kits_are_understood_and_kept(shipped: KitSource) -> None:
    for path, document, markup in documents(shipped):
        assert serialise(document) == shipped.text(path)
        assert not [node for node in document.nodes.values() if node.loose or node.kind == "stray"], path
        for words in document.words:  # saved as they were, nothing changes
            if not path.endswith(".typ"):
                change = changing.set_words(document, words, words.value, markup=markup)
                assert changing.splice(document.text, change.edits) == document.text, words
    for table, rows in (("slots", shipped.manifest.slots), ("pieces", shipped.manifest.pieces)):
        for row in rows:
            kept = editing_toml.set_key(shipped.text("kit.toml"), table, row.name, "name", row.name)  # type: ignore[arg-type]
            assert kept == shipped.text("kit.toml")


def test_a_copy_removed_and_a_part_moved_back_leave_no_trace(shipped: KitSource) -> None:
    for _path, document, markup in documents(shipped):
        if not markup:
            continue
        for node in list(document.nodes.values())[::3]:
            if not movable(node):
                continue
            again = parse(done(document, changing.duplicate(document, node)))
            copy = again.starting_at(changing.duplicate(document, node).focus)
            assert copy is not None and again.of(copy) == document.of(node)
            assert done(again, changing.delete(again, copy)) == document.text
        body = next(
            node
            for node in document.nodes.values()
            if node.name in {"mj-body", "main"} and node.kind == "element"
        )
        parts = [child for child in body.children if movable(child)]
        for here, there in pairwise(parts):  # swapped twice
            change = changing.move(document, there, body, here)
            moved = parse(done(document, change))
            back = moved.starting_at(change.focus)
            assert back is not None and moved.of(back) == document.of(there)
            assert sorted(moved.text.splitlines()) == sorted(document.text.splitlines())
            around = [child for child in back.parent.children if movable(child)]  # type: ignore[union-attr]
            after = around[around.index(back) + 2] if around.index(back) + 2 < len(around) else None
            assert done(moved, changing.move(moved, back, back.parent, after)) == document.text  # type: ignore[arg-type]


def done(document: Document, change: changing.Change) -> str:
    return changing.splice(document.text, change.edits)


def first(document: Document, name: str) -> Node:
    return next(
        node
        for node in document.nodes.values()
        if node.name == name and node.kind == "element" and in_body(node)
    )


def asked(source: KitSource, piece: str, *operations: dict[str, Any]) -> Applied:
    request = Request.model_validate({"revision": 1, "operations": list(operations)})
    return apply(source, source.manifest.piece(piece), request.operations)


def lines_changed(before: str, after: str) -> tuple[list[str], list[str]]:
    found = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
    return [line[2:] for line in found if line[0] == "-"], [line[2:] for line in found if line[0] == "+"]


BACKUP = next(path.parent for path in KITS if path.parent.name == "calm-backup")


@pytest.fixture(scope="module")
def backup() -> KitSource:
    return read_folder(BACKUP)


MAIL = "mails/announcement.mjml"


def test_words_change_one_line_and_their_translations_become_fuzzy(backup: KitSource) -> None:
    document = document_of(backup, backup.manifest.piece("announcement"))
    words = next(each for each in document.words if each.value == "One call")
    result = asked(backup, "announcement", {"op": "words", "words": words.id, "value": 'One "call" \\ 100 %'})
    assert result.reviewed == ("de", "fr", "ja", "ar")
    assert set(result.changes) == {MAIL, *(f"locales/{tag}.po" for tag in result.reviewed)}
    removed, added = lines_changed(backup.text(MAIL), result.source.text(MAIL))
    assert len(removed) == len(added) == 1
    assert r"""{{ _("One \"call\" \\ 100 %") }}""" in added[0]
    removed, added = lines_changed(backup.text("locales/de.po"), result.source.text("locales/de.po"))
    # the page still says the old words: they keep their entry, the new ones begin as a copy
    assert removed == []
    assert added == ["#, fuzzy", r'msgid "One \"call\" \\ 100 %"', 'msgstr "Ein Anruf"', ""]
    translated = asked(
        result.source, "announcement",
        {"op": "translate", "text": 'One "call" \\ 100 %', "locale": "de", "value": "Ein „Anruf“"},
    )  # fmt: skip
    book = read_po(io.BytesIO(translated.source.files["locales/de.po"]))
    entry = book.get('One "call" \\ 100 %')
    assert entry is not None and entry.string == "Ein „Anruf“" and not entry.fuzzy


def test_operations_on_parts(backup: KitSource) -> None:
    document = document_of(backup, backup.manifest.piece("announcement"))
    body = first(document, "mj-body")
    sections = [child for child in body.children if child.kind == "element"]
    result = asked(
        backup, "announcement",
        {"op": "style", "node": first(document, "h2").id, "name": "color", "value": "{{ kit.accent }}"},
        {"op": "insert", "component": "mj-section:2", "parent": body.id, "before": sections[2].id},
    )  # fmt: skip
    assert set(result.changes) == {MAIL}
    removed, added = lines_changed(backup.text(MAIL), result.source.text(MAIL))
    assert [line.strip() for line in added].count('<mj-text>{{ _("New text") }}</mj-text>') == 2
    assert len(removed) <= 1
    button = first(document, "mj-button")
    written = asked(
        backup, "announcement",
        {"op": "attribute", "node": button.id, "name": "href", "value": 'https://a.example/?a=1&b="2"'},
    ).source.text(MAIL)  # fmt: skip
    assert 'href="https://a.example/?a=1&amp;b=&quot;2&quot;"' in written


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "attribute", "name": "href", "value": "{% if 1 %}https://a.example{% endif %}"},
        {"op": "attribute", "name": "onclick", "value": "x"},
        {"op": "style", "name": "color", "value": "red"},
        {"op": "attribute", "name": "color", "value": "{{ slot.__class__ }}"},
        {"op": "move", "parent": 0, "before": None},
    ],
)
def test_what_does_not_fit_is_refused(backup: KitSource, operation: dict[str, Any]) -> None:
    document = document_of(backup, backup.manifest.piece("announcement"))
    with pytest.raises(Refused):
        asked(backup, "announcement", {**operation, "node": first(document, "mj-button").id})


def test_a_broken_template_is_refused_with_its_line(kit: KitSource) -> None:
    piece = next(each for each in kit.manifest.pieces if each.kind == "mail")
    text = kit.text(piece.template).replace("</mj-body>", "{{ slot.nothing_like_it }}</mj-body>")
    with pytest.raises(KitRefused) as caught:
        asked(kit, piece.name, {"op": "code", "value": text})
    finding = caught.value.findings[0]
    assert (finding.file, finding.line) == (
        piece.template,
        text[: text.index("{{ slot.nothing")].count("\n") + 1,
    )


def test_nothing_outside_the_piece_can_be_written(kit: KitSource) -> None:
    page = next(each for each in kit.manifest.pieces if each.kind == "page")
    result = asked(kit, page.name, {"op": "code", "value": kit.text(page.template) + "<!-- a -->"})
    assert set(result.changes) == {page.template}
    with pytest.raises(Refused):
        asked(
            kit,
            page.name,
            {"op": "key", "table": "pieces", "name": page.name, "key": "template", "value": "x.html"},
        )
    with pytest.raises(ValidationError):
        asked(kit, page.name, {"op": "translate", "text": "x", "locale": "../kit", "value": "x"})


def test_interwoven_parts_stay_where_they_are() -> None:
    columns = '{% if a %}<mj-column>{% else %}<mj-column width="9px">{% endif %}</mj-column>'
    text = f"<mj-body><mj-section>{columns}</mj-section></mj-body>"
    document = parse(text)
    assert serialise(document) == text
    assert not movable(first(document, "mj-section"))
    assert not movable(first(document, "mj-column"))
    rule = parse('<p style="color:{% if a %}red{% endif %};margin:0">x</p>')
    with pytest.raises(Refused):
        changing.set_style(rule, rule.nodes[1], "color", "#000000")
    assert done(rule, changing.set_style(rule, rule.nodes[1], "margin", "4px")).endswith(';margin:4px">x</p>')


def test_line_ends_and_indents_are_those_of_the_file() -> None:
    text = "<mj-body>\r\n  <mj-section>\r\n    <mj-column />\r\n  </mj-section>\r\n</mj-body>\r\n"
    document = parse(text)
    block = next(each for each in palette(read_folder(BACKUP), "mail") if each.key == "mj-text")
    new = done(document, changing.insert(document, block, first(document, "mj-column"), None))
    assert new == text.replace(
        "<mj-column />", '<mj-column>\r\n      <mj-text>{{ _("New text") }}</mj-text>\r\n    </mj-column>'
    )


def test_a_key_of_the_manifest_changes_its_line_only(backup: KitSource) -> None:
    old = backup.text("kit.toml")
    new = editing_toml.set_key(old, "slots", "headline", "max_length", 60)
    assert lines_changed(old, new) == (["max_length = 80"], ["max_length = 60"])
    assert editing_toml.set_key(new, "slots", "headline", "max_length", 80) == old
    added = editing_toml.set_key(old, "slots", "audience", "example", 'a "b"\nc')
    assert tomllib.loads(added)["slots"][1]["example"] == 'a "b"\nc'
    assert editing_toml.set_key(added, "slots", "audience", "example", None) == old
    result = asked(
        backup,
        "announcement",
        {"op": "key", "table": "slots", "name": "headline", "key": "default", "value": "Hello"},
    )
    assert result.reviewed == ("de", "fr", "ja", "ar")


def test_catalogues_keep_what_is_not_edited(backup: KitSource) -> None:
    for tag in ("de", "ar"):
        text = backup.text(f"locales/{tag}.po")
        renamed = editing_po.rename(text, "Headline", "Head line", keep=False)
        assert lines_changed(text, renamed) == (['msgid "Headline"'], ["#, fuzzy", 'msgid "Head line"'])
        assert editing_po.rename(text, "no such text", "new", keep=False) == text
        for entry in read_po(io.BytesIO(text.encode())):
            if entry.id:
                assert editing_po.translate(text, str(entry.id), str(entry.string)) == text
    flagged = '#, python-format\nmsgid "%(a)s"\nmsgstr "x"\n'
    fuzzy = editing_po.rename(flagged, "%(a)s", "b %(a)s", keep=False)
    assert fuzzy.startswith("#, fuzzy, python-format\n")
    assert editing_po.translate(fuzzy, "b %(a)s", "y").startswith("#, python-format\n")


def test_the_canvas_names_every_part_and_looks_the_same(kit: KitSource) -> None:
    piece = next(each for each in kit.manifest.pieces if each.kind == "mail")
    document = document_of(kit, piece)
    slots = validate_slots(kit, sample_values(kit, "en"), "en", partial=True)

    def html(source: KitSource) -> str:
        mail = render_mail(source, piece.name, "en", SAMPLE_BRAND, slots, page_url="https://a.example/")
        return mail.preview(
            {"recipient.greeting": "Hello", "recipient.first_name": "A", "recipient.company": "B"}
        )

    drawn = html(marked(kit, piece, document))
    for node in document.nodes.values():
        if (
            node.kind == "element"
            and in_body(node)
            and node.name in {"mj-section", "mj-text", "mj-button", "h1"}
        ):
            assert (
                f"tmpa-n{node.id} " in drawn
                or f'tmpa-n{node.id}"' in drawn
                or f'data-tmpa-n="{node.id}"' in drawn
            )
    assert "tmpa-n" not in html(kit)


def test_every_block_of_the_palette_compiles(kit: KitSource) -> None:
    for name in ("announcement", "landing"):
        piece = kit.manifest.piece(name)
        document = document_of(kit, piece)
        for block in palette(kit, piece.kind):
            fitting = (
                node for node in document.nodes.values() if in_body(node) and accepts(node, block.names)
            )
            around = next((node for node in fitting if node.kind == "element"), None)
            if around is None:
                continue  # a list item, and the page has no list
            result = asked(
                kit, name, {"op": "insert", "component": block.key, "parent": around.id, "before": None}
            )
            assert set(result.changes) == {piece.template}, block.key
