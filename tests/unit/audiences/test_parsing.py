"""Contact lists in any encoding, delimiter and language; anything else is refused with a reason."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tmpa.audiences import parsing
from tmpa.audiences.parsing import Row, read, split_name
from tmpa.kernel.errors import Refused


def rows(data: bytes) -> list[Row]:
    return list(read(data).rows())


def cells(data: bytes) -> list[dict[str, str]]:
    return [row.cells for row in rows(data)]


def refusal(data: bytes) -> Refused:
    with pytest.raises(Refused) as refused:
        read(data)
    assert refused.value.field == "file" and str(refused.value)
    return refused.value


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600))
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        list(read(data).rows())
    except Refused as refused:
        assert str(refused)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from('ab@.,;"\'\t\r\n |é=\u3042\x85\u2028\x00'), max_size=200), st.sampled_from(
    ["utf-8", "utf-8-sig", "utf-16"]
))  # fmt: skip
def test_what_follows_a_good_heading_is_read_or_refused(body: str, encoding: str) -> None:
    try:
        for row in read(f"email,name\n{body}".encode(encoding)).rows():
            assert all("\n" not in cell and "\r" not in cell for cell in row.cells.values())
    except Refused as refused:
        assert str(refused)


NAMES = {
    "cp1252": ("Käthe", "Lüders", "Grüne Gärten €"),
    "utf-8": ("Søren", "Ñandú", "株式会社テスト"),
    "utf-8-sig": ("Søren", "Ñandú", "株式会社テスト"),
    "utf-16": ("翔太", "田中", "شركة الاختبار"),
    "shift_jis": ("翔太", "田中", "株式会社テスト製作所"),
    "cp1256": ("ليلى", "حداد", "شركة الاختبار للتجارة"),
}


@pytest.mark.parametrize("encoding", NAMES)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_delimiter_and_line_end(encoding: str, delimiter: str, end: str) -> None:
    first, last, company = NAMES[encoding]
    lines = [delimiter.join(("email", "first name", "last name", "company"))]
    lines += [delimiter.join((f"p{n}@example.com", first, last, company)) for n in range(20)]
    found = cells(end.join(lines).encode(encoding))
    assert len(found) == 20
    assert found[7] == {"email": "p7@example.com", "first_name": first, "last_name": last, "company": company}


@pytest.mark.parametrize(
    "heading",
    [
        "E-Mail,First name,Last name,Company",
        "E-Mail-Adresse,Vorname,Nachname,Firma",
        "Adresse e-mail,Prénom,Nom,Société",
        "メール,名,姓,会社名",
        "البريد الإلكتروني,الاسم الأول,اسم العائلة,الشركة",
        "EMAIL,GIVEN NAME,SURNAME,ORGANISATION",
        " email , first name , last name , company ",
        '"email","first name","last name","company"',
    ],
)
def test_headings_in_five_languages(heading: str) -> None:
    assert cells(f"{heading}\na@b.example,A,B,C\n".encode()) == [
        {"email": "a@b.example", "first_name": "A", "last_name": "B", "company": "C"}
    ]


def test_columns_that_mean_nothing_here_are_named_and_left_out() -> None:
    table = read(b"email,Shoe size,email\na@b.example,42,second@b.example\n")
    assert table.unknown == ["Shoe size", "email"] or table.unknown == ["Shoe size"]
    assert [row.cells for row in table.rows()] == [{"email": "a@b.example"}]


def test_line_numbers_are_those_of_the_file() -> None:
    found = rows(b'email,name\na@b.example,A\n\n"b@b.example","B\nC"\nc@b.example,C\n')
    assert [(row.number, row.cells["email"]) for row in found] == [
        (2, "a@b.example"),
        (5, "b@b.example"),
        (6, "c@b.example"),
    ]
    assert found[1].cells["name"] == "B C"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a@b.example,=1+1", "formula"),
        ("a@b.example,@SUM(A1)", "formula"),
        ('a@b.example,"\t=1+1"', "formula"),
        ("a@b.example," + "x" * 2001, "too_long"),
        ("a@b.example,A,more", "columns"),
        ("a@b.example,A,,", ""),
        ("a@b.example", ""),
        ("a@b.example,+49 40 555", ""),
    ],
)
def test_a_lines_problem_is_named(line: str, problem: str) -> None:
    assert [row.problem for row in rows(f"email,name\n{line}\n".encode())] == [problem]


def workbook() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \r\n\t ", "empty"),
        (workbook(), "binary"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old Excel", "binary"),
        (b"%PDF-1.7", "binary"),
        (b"email,name\na@b.example,A\x00B\n", "binary"),
        ("email,name\na@b.example,A\n".encode("utf-16-le"), "binary"),  # without its mark
        (b"name,company\nA,B\n", "heading"),
        (b"just some words", "heading"),
        (b"\n\n\n,,,\n", "heading"),
        (b'email,name\na@b.example,"never closed\nb@b.example,B\nc@b.example,C\n', "csv"),
        (b'email,"' + b"x" * 200_000, "csv"),
        (b'email,name\na@b.example,"' + b"x" * 200_000 + b'"\n', "csv"),
    ],
)
def test_a_file_that_can_not_be_taken_says_why(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_the_line_of_an_unclosed_quotation_mark_is_named() -> None:
    assert "Line 3 " in str(refusal(b'email,name\na@b.example,A\nb@b.example,"B\nc@b.example,C'))


def test_a_quotation_mark_inside_of_a_cell_is_only_a_letter() -> None:
    assert cells(b'email,name\na@b.example,Jim "Slim" Doe\n')[0]["name"] == 'Jim "Slim" Doe'
    assert cells(b'email,name\na@b.example,"Jim ""Slim"" Doe"')[0]["name"] == 'Jim "Slim" Doe'


def test_a_large_list_is_read_in_a_moment() -> None:
    data = b"email,name\n" + b"".join(b"p%d@example.com,Person %d\n" % (n, n) for n in range(100_000))
    assert sum(1 for _ in read(data).rows()) == 100_000


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Weiß, Sabine", ("Sabine", "Weiß")),
        ("Anna Maria Schmidt", ("Anna Maria", "Schmidt")),
        ("Cher", ("Cher", "")),
        ("田中", ("", "田中")),
        ("田中 翔太", ("翔太", "田中")),
        ("ليلى حداد", ("ليلى", "حداد")),
    ],
)
def test_whole_names_are_split(name: str, split: tuple[str, str]) -> None:
    assert split_name(name) == split


def test_every_problem_of_a_line_has_its_sentence() -> None:
    assert parsing.MAX_CELL == 2000
