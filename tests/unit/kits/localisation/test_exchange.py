"""Agencies' files: out and back without loss; hostile, broken and foreign ones are refused with a line and a reason."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.unit.kits.localisation.conftest import DAYS, FOOTER, GREETING, MANIFEST, make
from tmpa.kits.catalogue import read_catalogue
from tmpa.kits.localisation.exchange import ExchangeRefused, Form, export, file_name, import_file
from tmpa.kits.localisation.inline import NS2, InlineError
from tmpa.kits.localisation.po import PoFile, write
from tmpa.kits.localisation.units import State, with_state
from tmpa.kits.localisation.workflow import updated
from tmpa.kits.localisation.xliff_read import parse
from tmpa.kits.localisation.xliff_rules import problems
from tmpa.kits.source import KitSource

FORMS: tuple[Form, ...] = ("xliff", "xliff12", "po")
_PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0<>{}%"), max_size=40)
_WORDS = _PLAIN.filter(bool)
_STATES = st.sampled_from(["fuzzy", "translated", "reviewed"])


@st.composite
def translations(draw: st.DrawFn) -> dict[str, tuple[tuple[str, ...], State]]:
    """Good translations of the tiny kit, each text in any state, some missing."""
    greeting = draw(_PLAIN) + "<strong>" + draw(_PLAIN) + "</strong>%(name)s" + draw(_PLAIN) + "%(name)s"
    days = (draw(_WORDS), draw(_PLAIN) + "%(num)s" + draw(_PLAIN))
    made: dict[str, tuple[tuple[str, ...], State]] = {
        GREETING: ((greeting,), draw(_STATES)),
        DAYS[0]: (days, draw(_STATES)),
        FOOTER: ((draw(_PLAIN) + " Stillhaven Recovery " + draw(_PLAIN),), draw(_STATES)),
        "Headline": ((draw(_WORDS),), draw(_STATES)),
    }
    return {text: value for text, value in made.items() if draw(st.booleans())}


def with_german(texts: dict[str, tuple[tuple[str, ...], State]], note: str = "") -> KitSource:
    """The kit with a full German catalogue: these translations, the others missing."""
    file, _update = updated(make(), "de", PoFile())
    entries = tuple(
        replace(
            with_state(entry, *texts.get(entry.id, (entry.forms, "missing"))), notes=(note,) if note else ()
        )
        for entry in file.entries
    )
    return make({"de": write(replace(file, entries=entries)).decode()})


@given(translations(), _PLAIN.map(lambda note: " ".join(note.split())))
@settings(max_examples=40, deadline=None)
def test_out_and_back_gives_the_same_catalogue(
    texts: dict[str, tuple[tuple[str, ...], State]], note: str
) -> None:
    note = "".join(char for char in note if char.isprintable()).lstrip("~.:,| ").rstrip()
    full, empty = with_german(texts, note), with_german({})
    for form in FORMS:
        sent = export(full, "de", form)
        if form != "po":
            assert list(problems(parse(sent))) == []
        same = import_file(full, "de", "same", sent)
        assert same.catalogue is None, same.counts()
        back = import_file(empty, "de", "back", sent)
        brought = back.catalogue or empty.files["locales/de.po"]
        assert brought == full.files["locales/de.po"], back.counts()
        assert len(back.of("added")) == len(texts)


def german(text: str) -> bytes:
    """A PO file of an agency with one translation of the greeting."""
    return f'msgid ""\nmsgstr "Language: de\\n"\n\nmsgid "{GREETING}"\nmsgstr "{text}"\n'.encode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Hallo, <strong>das</strong>", "lost %(name)s"),
        ("Hallo %(name)s", "lost <strong>, </strong>"),
        ("%(name)s <strong>x</strong><b>y</b>", "has <b>, </b>"),
        ('%(name)s <strong onclick=\\"x\\">y</strong>', 'has <strong onclick="x">'),
        ("%(name)s <strong>100 %</strong>", "has %"),
        ("%(name)s <strong>{{ brand.name }}</strong>", "has {{brand.name}}"),
        ("%(name)s <strong>{# </strong>", "has {#"),
    ],
)
def test_a_broken_translation_is_refused_and_named(text: str, reason: str) -> None:
    done = import_file(make(), "de", "back.po", german(text))
    (refused,) = done.of("refused")
    assert reason in refused.reason
    assert (refused.line, done.catalogue) == (4, None)


def test_reviewed_translations_are_safe() -> None:
    reviewed = with_german({GREETING: (("Hallo %(name)s <strong>hier</strong>",), "reviewed")})
    for text in ("", "Moin %(name)s <strong>hier</strong>"):
        done = import_file(reviewed, "de", "back.po", german(text))
        assert done.catalogue is None
        assert done.of("kept")[0].reason
    newer = german("Moin %(name)s <strong>hier</strong>").replace(
        b'msgid "Hello', b'#, reviewed\nmsgid "Hello'
    )
    assert b"Moin" in (import_file(reviewed, "de", "back.po", newer).catalogue or b"")


def test_names_of_the_glossary_are_kept() -> None:
    data = (
        f'msgid "{FOOTER}"\nmsgstr "Ein Test von Stillhafen"\n\nmsgid "Headline"\nmsgstr "Titel"\n'.encode()
    )
    done = import_file(make(), "de", "back.po", data)
    assert done.of("refused")[0].reason == "“Stillhaven Recovery” must stay as it is."
    assert len(done.of("added")) == 1


def test_a_text_that_changed_since_is_stale() -> None:
    sent = export(with_german({"Headline": (("Titel",), "translated")}), "de", "xliff")
    changed = make(manifest=MANIFEST.replace('label = "Headline"', 'label = "Your headline"'))
    (stale,) = import_file(changed, "de", "back.xlf", sent).of("stale")
    assert (stale.source, "changed since" in stale.reason) == ("Headline", True)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'original="tiny-kit', b'original="other-kit', "made from the kit other-kit"),
        (b'trgLang="de"', b'trgLang="fr"', "is in “fr”, not in “de”"),
        (b'<segment id="s1"', b'<segment id="s1" state="done"', "redefined"),
        (b'state="initial"', b'state="done"', "not a state"),
        (b"<source xml", b"<sauce xml", "mismatch"),
        (b'version="2.1"', b'version="1.1"', "can't be read"),
        (b'dataRef="d1"', b'dataRef="d9"', "inline code"),
        (b'<ph id="1"', b'<script/><ph id="1"', "<script> must not stand"),
        (b"<?xml version='1.0' encoding='UTF-8'?>", b'<!DOCTYPE x [<!ENTITY e "f">]>', "document type"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_a_sentence(old: bytes, new: bytes, says: str) -> None:
    sent = export(make(), "de", "xliff")
    assert old in sent
    with pytest.raises(ExchangeRefused) as caught:
        import_file(make(), "de", "back.xlf", sent.replace(old, new, 1))
    assert says in str(caught.value)
    assert str(caught.value).startswith("back.xlf:")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_never_resolve_in_any_encoding(encoding: str) -> None:
    text = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><xliff xmlns="{NS2}" version="2.1">&a;</xliff>'
    with pytest.raises(InlineError, match="document type"):
        parse(text.encode(encoding))


def test_bombs_and_giants_are_refused() -> None:
    with pytest.raises(InlineError, match="MB"):
        parse(b"<x>" + b" " * 9_000_000)
    with pytest.raises(InlineError, match="well-formed"):
        parse(b"<x>" * 5000)
    with pytest.raises(InlineError, match="elements"):
        parse(b"<x>" + b"<y/>" * 300_001 + b"</x>")


def test_other_tools_files_are_understood() -> None:
    """UTF-16, segments, annotations, paired codes, a state of 1.2 that only approved says."""
    text = f"""<?xml version="1.0" encoding="UTF-16"?><xliff xmlns="{NS2}" version="2.0" srcLang="en" trgLang="de">
      <file id="f"><unit id="1"><originalData><data id="a">%(name)s</data><data id="b">&lt;strong></data>
      <data id="c">&lt;/strong></data></originalData>
      <segment state="final"><source>Hello <ph id="1" dataRef="a"/>, </source>
        <target>Hallo <ph id="1" dataRef="a"/>, </target></segment>
      <segment state="translated"><source>see <pc id="2" dataRefStart="b" dataRefEnd="c">this</pc></source>
        <target><mrk id="m" type="term">siehe</mrk> <pc id="2" dataRefStart="b" dataRefEnd="c">hier</pc></target>
      </segment></unit></file></xliff>"""
    done = import_file(make(), "de", "other.xlf", text.encode("utf-16"))
    assert b'msgstr "Hallo %(name)s, siehe <strong>hier</strong>"' in (done.catalogue or b"")
    old = export(make(), "de", "xliff12")
    root = etree.fromstring(old)
    unit = next(each for each in root.iter("{*}trans-unit") if each[0].text == "Headline")
    unit.set("approved", "yes")
    target = unit.find("{*}target")
    assert target is not None
    target.text = "Titel"
    del target.attrib["state"]
    done = import_file(make(), "de", "old.xlf", etree.tostring(root))
    assert b'#, reviewed\nmsgid "Headline"\nmsgstr "Titel"' in (done.catalogue or b"")


def test_plural_forms_of_every_language_go_out_and_must_come_back() -> None:
    sent = export(make(), "ar", "xliff")
    assert sent.count(b"Plural form ") == 6
    assert b"for numbers such as 2<" in sent
    few = b'msgid "one day left"\nmsgid_plural "%(num)s days left"\nmsgstr[0] "a"\nmsgstr[1] "%(num)s b"\n'
    assert "wants 6" in import_file(make(), "ar", "x.po", few).of("refused")[0].reason


def test_an_import_writes_only_what_it_brings() -> None:
    source = make({"de": 'msgid "Headline"\nmsgstr "Titel"\n'})
    done = import_file(source, "de", "x.po", b'msgid "Headline"\nmsgstr "Kopf"\n')
    assert done.catalogue is not None and b'msgstr "Kopf"' in done.catalogue
    assert read_catalogue(source, "de").entries[0].forms == ("Titel",)
    assert file_name(source, "de", "xliff") == "tiny-kit-1.2.0.de.xlf"


_SENT = {form: export(make(), "ar", form) for form in FORMS}


@given(st.sampled_from(FORMS), st.integers(0, 4000), st.integers(0, 60), st.binary(max_size=12))
@settings(max_examples=80, deadline=None)
def test_a_damaged_file_is_taken_or_refused_and_nothing_else(
    form: Form, at: int, length: int, put: bytes
) -> None:
    sent = _SENT[form]
    damaged = sent[:at] + put + sent[at + length :]
    try:
        import_file(make(), "ar", "damaged", damaged)
    except ExchangeRefused as refusal:
        assert str(refusal).startswith("damaged:")
