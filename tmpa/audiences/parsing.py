"""Contact lists as people have them: any encoding, any delimiter, headings in their own language."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from charset_normalizer import from_bytes

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import lazy_gettext as _l

SAMPLE_BYTES = 256 * 1024
MAX_CELL = 2000
TABLES = [
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp932",
    "gb18030",
    "big5",
    "cp949",
]
DELIMITERS = ",;\t|"
# A cell that a spreadsheet would run (OWASP, CSV injection). A leading + or - is common in phone numbers.
FORMULA_STARTS = ("=", "@", "\t", "\r")

COLUMNS: dict[str, tuple[str, ...]] = {
    "email": ("email", "e-mail", "e mail", "mail", "email address", "e-mail-adresse", "adresse e-mail", "courriel",
              "メール", "メールアドレス", "البريد الإلكتروني", "البريد"),
    "first_name": ("first name", "firstname", "given name", "vorname", "prénom", "prenom", "名", "الاسم الأول"),
    "last_name": ("last name", "lastname", "surname", "family name", "nachname", "nom", "nom de famille", "姓",
                  "اسم العائلة"),
    "name": ("name", "full name", "contact", "kontakt", "nom complet", "氏名", "お名前", "الاسم", "الاسم الكامل"),
    "company": ("company", "organization", "organisation", "firma", "unternehmen", "société", "societe",
                "entreprise", "会社", "会社名", "الشركة"),
    "country": ("country", "country code", "land", "pays", "国", "国コード", "البلد", "الدولة"),
    "phone": ("phone", "telephone", "mobile", "telefon", "téléphone", "電話", "電話番号", "الهاتف"),
    "locale": ("language", "locale", "sprache", "langue", "言語", "اللغة"),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of a list: its number in the file (the heading is 1), and its cells by column."""

    number: int
    cells: dict[str, str]
    problem: str = ""


@dataclass
class Table:
    """A parsed heading, ready to be read on."""

    encoding: str
    mapping: dict[str, str]
    unknown: list[str] = field(default_factory=list)
    text: str = ""
    delimiter: str = ","

    def rows(self) -> Iterator[Row]:
        """The lines after the heading."""
        lines = _lines(self.text, self.delimiter)
        _number, first = next(lines)
        heading = [_clean(cell) for cell in first]
        # a column that stands there twice counts once, at its first place
        columns = [
            self.mapping.get(cell) if cell not in heading[:place] else None
            for place, cell in enumerate(heading)
        ]
        for number, cells in lines:
            if any(cell.strip() for cell in cells):
                yield _row(number, columns, cells)


def read(data: bytes) -> Table:
    """The heading of a contact list and what its columns mean; all lines of it can be read then.

    Raises Refused for an empty, binary or broken file and for one without a column of addresses.
    """
    if not data.strip():
        raise Refused(_l("The file is empty."), "file", "empty")
    text, encoding = _decode(data)
    delimiter = _delimiter(text)
    lines = _lines(text, delimiter)
    heading = [_clean(cell) for cell in next(lines, (1, []))[1]]
    for _line in lines:  # to the end, so that nothing is imported of a file that breaks off in the middle
        pass
    table = Table(encoding=encoding, mapping={}, text=text, delimiter=delimiter)
    for cell in heading:
        column = next((name for name, words in COLUMNS.items() if cell.casefold() in words), None)
        if column and column not in table.mapping.values():
            table.mapping[cell] = column
        elif cell:
            table.unknown.append(cell)
    if "email" not in table.mapping.values():
        raise Refused(
            _l(
                "No column of e-mail addresses was found. The first line must name the columns, one of them “email”. "
                "It reads: %(heading)s",
                heading=", ".join(heading)[:200],
            ),
            "file",
            "heading",
        )
    return table


def _decode(data: bytes) -> tuple[str, str]:
    if data[:4] in (b"PK\x03\x04", b"%PDF") or data[:4] == b"\xd0\xcf\x11\xe0":
        raise Refused(
            _l("This is not a CSV file. Save the sheet as CSV (UTF-8), then upload it."), "file", "binary"
        )
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        guessed = _guess(data[:SAMPLE_BYTES])
        if guessed is None:
            raise Refused(
                _l("The file's text can't be read. Save it as CSV (UTF-8), then upload it."),
                "file",
                "encoding",
            ) from None
        encoding = guessed
        text = data.decode(encoding, errors="replace")
    if "\x00" in text:
        raise Refused(_l("The file holds binary data, not text. Save it as CSV (UTF-8)."), "file", "binary")
    return text, encoding.removesuffix("-sig")


def _guess(sample: bytes) -> str | None:
    """The table that a text without a mark was probably written in, as spreadsheet programs write them."""
    if _is_japanese(sample):
        return "cp932"
    found = from_bytes(sample, cp_isolation=TABLES)
    best = found.best()
    if best is None:
        return None
    # several tables give texts that look as good; the Western one that Windows writes is the likeliest
    western = any(
        "cp1252" in each.could_be_from_charset
        and (each.chaos, -each.coherence) <= (best.chaos, -best.coherence)
        for each in found
    )
    letters = set(sample.decode("cp1252", errors="replace").lower())
    czech = "ø" in letters and letters & set("áíéýúù") and not letters & set("æå")  # ř in its own table
    return "cp1252" if western and not czech else best.encoding


def _is_japanese(sample: bytes) -> bool:
    """Whether the text is Shift JIS beyond doubt: short names are too few letters for statistics.

    A text of another table that happens to decode has Latin and Japanese letters in the same words.
    """
    text = sample.decode("cp932", errors="ignore")  # the sample may end within a letter
    words = [word for word in re.findall(r"\w+", text) if not word.isascii()]
    return (
        bool(words)
        and len(text.encode("cp932")) >= len(sample) - 1
        and all(not any(letter.isascii() for letter in word) for word in words)
        and all("\u3040" <= letter <= "\u9fff" or letter in "々〆ヶ" for word in words for letter in word)
    )


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line with its number. Raises Refused where they can't be read."""
    source = _Source(text)
    reader = csv.reader(source, delimiter=delimiter)
    begun = 1
    try:
        for cells in reader:
            if source.ended:  # the text was over before the line was: the csv module lets that pass
                raise csv.Error
            yield reader.line_num, cells
            begun = reader.line_num + 1
    except csv.Error:
        # a quotation mark that is never closed swallows the rest of the file, or a cell of 131,072 characters
        raise Refused(
            _l("Line %(line)s can’t be read as CSV: a quotation mark is opened and not closed.", line=begun),
            "file",
            "csv",
        ) from None


class _Source:
    """A text by lines, whatever ends them, that knows when it was asked for more than it has."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._lines.readline()
        self.ended = not line
        if self.ended:
            raise StopIteration
        return line


def _delimiter(text: str) -> str:
    line = text.lstrip("\r\n").splitlines()[0] if text.strip() else ""
    return max(DELIMITERS, key=line.count)


def _clean(cell: str) -> str:
    """The cell's words in one line: line breaks and control characters have no place in names and addresses."""
    plain = " ".join(unicodedata.normalize("NFC", cell.strip().strip("\ufeff")).split())
    return "".join(letter for letter in plain if unicodedata.category(letter) != "Cc")


def _row(number: int, columns: list[str | None], cells: list[str]) -> Row:
    found = {name: _clean(cell) for name, cell in zip(columns, cells, strict=False) if name}
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        return Row(number, found, "columns")
    if any(cell.startswith(FORMULA_STARTS) for cell in found.values()):
        return Row(number, found, "formula")
    if any(len(cell) > MAX_CELL for cell in found.values()):
        return Row(number, found, "too_long")
    if "name" in found and not found.get("first_name") and not found.get("last_name"):
        found["first_name"], found["last_name"] = split_name(found["name"])
    return Row(number, found)


def split_name(name: str) -> tuple[str, str]:
    """A whole name as (first, last): "Last, First" by its comma, one word as the last name in CJK scripts."""
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    words = name.split()
    if len(words) < 2:
        cjk = any(
            "CJK" in unicodedata.name(letter, "") or "HANGUL" in unicodedata.name(letter, "")
            for letter in name
        )
        return ("", name) if cjk else (name, "")
    if any("CJK" in unicodedata.name(letter, "") for letter in words[0]):
        return " ".join(words[1:]), words[0]
    return " ".join(words[:-1]), words[-1]
