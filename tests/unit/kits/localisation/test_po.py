"""PO files: nothing is lost, bad ones are refused with their line, other tools read them the same."""

import io

import polib
import pytest
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from tmpa.kits.localisation.po import MAX_ENTRIES, Entry, PoError, PoFile, read, write
from tmpa.resources import data_dir

FULL = """# for everybody
msgid ""
msgstr ""
"Language: de\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"X-Own: kept\\n"

# a translator's remark
#. slot headline: label
#: kit.toml:4 mails/a.mjml:12
#, fuzzy, python-format
#| msgid "Old text"
msgid "New text"
msgstr "Neuer Text"

msgctxt "menu"
msgid "Open"
msgstr "Öffnen"

msgid "one day"
msgid_plural "%(num)s days"
msgstr[0] "ein Tag"
msgstr[1] "%(num)s Tage"

#~ msgid "Gone"
#~ msgstr "Weg \\"und\\" fort\\n"
"""


def test_everything_of_a_file_is_kept() -> None:
    file = read(FULL.encode())
    first, menu, days, gone = file.entries
    assert (first.notes, first.hints, first.places) == (
        ("a translator's remark",),
        ("slot headline: label",),
        ("kit.toml:4", "mails/a.mjml:12"),
    )
    assert (first.fuzzy, first.previous, first.flags) == (True, "Old text", ("fuzzy", "python-format"))
    assert (menu.context, days.plural, days.forms) == ("menu", "%(num)s days", ("ein Tag", "%(num)s Tage"))
    assert (gone.obsolete, gone.forms) == (True, ('Weg "und" fort\n',))
    assert (file.value("x-own"), file.notes) == ("kept", ("for everybody",))
    assert read(write(file)) == file
    assert FULL.splitlines()[first.line - 1] == 'msgid "New text"'


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=120)
_NOTE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30).map(str.strip)
_ENTRIES = st.lists(
    st.builds(
        Entry,
        id=_TEXT.filter(bool),
        forms=st.lists(_TEXT, min_size=1, max_size=1).map(tuple),
        notes=st.lists(_NOTE.filter(lambda note: note[:1] not in "~.:,|"), max_size=2).map(tuple),
        flags=st.sampled_from([(), ("fuzzy",), ("reviewed", "fuzzy")]),
        previous=_TEXT,
    ),
    max_size=6,
    unique_by=lambda entry: entry.id,
)


@given(_ENTRIES)
@settings(max_examples=60, deadline=None)
def test_any_text_survives_and_others_read_the_same(entries: list[Entry]) -> None:
    data = write(PoFile(("Language: de", "Content-Type: text/plain; charset=UTF-8"), (), tuple(entries)))
    assert read(data).entries == tuple(entries)
    assert write(read(data)) == data
    theirs = {m.id: m.string for m in read_po(io.BytesIO(data), charset="utf-8") if m.id}
    assert theirs == {entry.id: entry.forms[0] for entry in entries if entry.id}


def test_the_shipped_catalogues_are_read_as_others_read_them() -> None:
    for path in sorted(data_dir("campaigns").glob("*/locales/*.po")):
        ours = {entry.id: entry.forms[0] for entry in read(path.read_bytes()).active()}
        assert ours == {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n', 4, "stands already in line 1"),
        ('msgid "a"\nmsgstr "b\n', 2, "not in the form"),
        ("nonsense\n", 1, "not in the form"),
        ('msgid "a"\n\nmsgid "b"\nmsgstr ""\n', 3, "a second time"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[0] "x"\nmsgstr[2] "y"\n', 1, "msgstr is missing"),
        ('msgstr "b"\n', 1, "no msgid"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(PoError) as caught:
        read(text.encode())
    assert (caught.value.line, says in caught.value.message) == (line, True), caught.value


def test_limits() -> None:
    with pytest.raises(PoError, match="UTF-8"):
        read(b'msgid "\xff"\nmsgstr ""\n')
    with pytest.raises(PoError, match="entries"):
        read("".join(f'msgid "{n}"\nmsgstr ""\n\n' for n in range(MAX_ENTRIES + 1)).encode())
    with pytest.raises(PoError, match="MB"):
        read(b"#" * 5_000_000)
