"""Reading folders and zips: everything unsafe is refused with a sentence that says what and where."""

import io
import stat
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tmpa.kits import source as reading
from tmpa.kits.findings import KitRefused
from tmpa.kits.source import build_source, content_hash, pack, read_folder, read_zip


def zipped(files: dict[str, bytes], prefix: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(prefix + path, data)
    return out.getvalue()


def refused(data: bytes) -> KitRefused:
    with pytest.raises(KitRefused) as caught:
        read_zip(data)
    return caught.value


def test_folder_zip_and_zip_with_a_top_folder_are_the_same_kit(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    for path, data in files.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("x")
    hashes = {
        read_folder(tmp_path).content_hash,
        read_zip(zipped(files)).content_hash,
        read_zip(zipped(files, "my-kit/")).content_hash,
        read_zip(pack(build_source(files))).content_hash,
    }
    assert len(hashes) == 1


def test_hash_depends_on_names_and_content() -> None:
    assert content_hash({"a": b"1", "b": b"2"}) == content_hash({"b": b"2", "a": b"1"})
    assert content_hash({"a": b"1"}) != content_hash({"b": b"1"})
    assert content_hash({"a": b"1"}) != content_hash({"a": b"2"})


@pytest.mark.parametrize(
    "name",
    ["../evil.txt", "a/../../evil.txt", "/etc/evil.txt", "C:\\evil.txt", "a\\..\\evil.txt", "mails/\x01.txt"],
)
def test_paths_that_lead_out_are_refused(files: dict[str, bytes], name: str) -> None:
    finding = refused(zipped({**files, name: b"x"})).findings[0]
    assert finding.rule == "zip"
    assert "leads out" in finding.message


def test_a_bomb_is_refused_while_unpacking(files: dict[str, bytes]) -> None:
    assert refused(zipped({**files, "pages/bomb.html": b"0" * 15_000_000})).findings[0].rule == "zip"
    assert refused(zipped({**files, "pages/bomb.html": b"0" * 60_000_000})).findings[0].rule == "zip"


def test_a_lying_directory_is_not_believed(files: dict[str, bytes]) -> None:
    data = bytearray(zipped({"kit.toml": b"0" * 30_000_000}))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")  # claims to unpack to ten bytes
    assert refused(bytes(data)).findings[0].rule in {"zip", "manifest"}


def test_too_many_files_and_too_many_bytes_are_refused(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = {f"pages/p{number}.txt": b"" for number in range(501)}
    assert refused(zipped({**files, **many})).findings[0].rule == "size"
    monkeypatch.setattr(reading, "MAX_BYTES", 1000)
    assert refused(zipped(files)).findings[0].rule in {"size", "zip"}


def test_links_are_refused_in_zip_and_folder(files: dict[str, bytes], tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("mails/link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "link" in refused(out.getvalue()).findings[0].message
    (tmp_path / "kit.toml").write_bytes(files["kit.toml"])
    (tmp_path / "passwd.txt").symlink_to("/etc/passwd")
    with pytest.raises(KitRefused, match="symbolic link"):
        read_folder(tmp_path)


def test_garbage_and_doubled_entries_are_refused(files: dict[str, bytes]) -> None:
    assert refused(b"not a zip").findings[0].rule == "zip"
    assert refused(zipped(files)[:-30]).findings[0].rule == "zip"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("kit.toml", files["kit.toml"])
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("kit.toml", b"format = 1")
    assert "twice" in refused(out.getvalue()).findings[0].message


@pytest.mark.parametrize(
    ("path", "data", "says"),
    [
        ("mails/run.exe", b"MZ", "type"),
        ("a/b/c/d/e.txt", b"x", "deep"),
        ("mails/bad name.txt", b"x", "names"),
        ("pages/latin.txt", "é".encode("latin-1"), "UTF-8"),
        ("pages/binary.txt", b"a\x00b", "binary"),
        ("images/fake.png", b"<html>", "can't be read"),
    ],
)
def test_files_that_do_not_belong(files: dict[str, bytes], path: str, data: bytes, says: str) -> None:
    finding = refused(zipped({**files, path: data})).findings[0]
    assert finding.file == path
    assert says in finding.message


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        '<circle onclick="x()"/>',
        "<foreignObject/>",
        '<image href="https://evil.example/x.png"/>',
        '<a xlink:href="javascript:alert(1)" xmlns:xlink="http://www.w3.org/1999/xlink"/>',
        '<rect style="fill:url(https://evil.example/x)"/>',
        "<style>@import 'x.css';</style>",
        '<set attributeName="href" to="javascript:alert(1)"/>',
        "<g>",
    ],
)
def test_svg_with_behaviour_is_refused_with_its_line(files: dict[str, bytes], body: str) -> None:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>'.encode()
    finding = refused(zipped({**files, "images/x.svg": svg})).findings[0]
    assert (finding.rule, finding.file) == ("svg", "images/x.svg")
    assert finding.line >= 2


def test_svg_with_entities_is_refused(files: dict[str, bytes]) -> None:
    svg = b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>'
    assert refused(zipped({**files, "images/x.svg": svg})).findings[0].rule == "svg"


def test_oversize_images_are_refused(files: dict[str, bytes]) -> None:
    out = io.BytesIO()
    Image.new("1", (5000, 10)).save(out, "PNG")
    assert "4096" in refused(zipped({**files, "images/wide.png": out.getvalue()})).findings[0].message
    out = io.BytesIO()
    Image.new("1", (20000, 20000)).save(out, "PNG")  # a decompression bomb of a few kB
    assert "4096" in refused(zipped({**files, "images/bomb.png": out.getvalue()})).findings[0].message


def test_a_folder_without_manifest_says_so(tmp_path: Path) -> None:
    with pytest.raises(KitRefused, match=r"kit\.toml"):
        read_folder(tmp_path)
    with pytest.raises(KitRefused, match="not a folder"):
        read_folder(tmp_path / "none")
