"""Pictures by Chromium: hostile HTML runs nothing and reaches nothing; pictures of what differs."""

import io
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.kits.conftest import Make
from tmpa.kits import pictures
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.diff.looks import looks
from tmpa.kits.diff.pixels import mark
from tmpa.kits.pictures import Camera, NoPicture, camera, find_chromium
from tmpa.kits.source import KitSource


@pytest.fixture(scope="module")
def taking() -> Iterator[Camera]:
    program = find_chromium()
    assert program, "no Chromium on this machine; `make test` installs it"
    with camera(program) as found:
        yield found


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def png(colour: str, size: tuple[int, int], box: tuple[int, int, int, int] | None = None) -> bytes:
    picture = Image.new("RGB", size, "white")
    if box:
        picture.paste(colour, box)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def test_a_picture_is_as_wide_as_asked_and_as_high_as_the_page(taking: Camera) -> None:
    page = '<!doctype html><body style="margin:0;background:#00ff00"><div style="height:1234px"></div>'
    assert opened(taking.take(page, 320)).size == (320, 1234)
    assert opened(taking.take(page.replace("1234", "99999"), 320)).size == (320, pictures.MAX_HEIGHT)


def test_hostile_html_runs_nothing_and_reaches_nothing(taking: Camera, tmp_path: Path) -> None:
    calls: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def listen() -> None:
            try:
                connection, _address = server.accept()
                with connection:
                    calls.append(connection.recv(100))
            except OSError:
                return

        thread = threading.Thread(target=listen)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        red = tmp_path / "red.html"
        red.write_text('<body style="margin:0;background:#ff0000">')
        page = f"""<!doctype html><head><meta http-equiv="refresh" content="0;url={address}/refresh">
            <style>@import "{address}/a.css"; body {{ margin: 0; background: #00ff00 url("{address}/b.png") }}</style>
            <link rel="stylesheet" href="{address}/c.css"></head>
            <body onload="document.body.style.background='#ff0000'">
            <script>document.body.style.background = '#ff0000'; fetch('{address}/d')</script>
            <svg onload="document.body.style.background='#ff0000'"></svg>
            <img src="{address}/e.png" width="9" height="9" alt="">
            <iframe src="{red.as_uri()}" style="border:0;width:99px;height:99px"></iframe>
            <object data="{red.as_uri()}" width="99" height="99"></object>
            <embed src="{address}/f" width="9" height="9"><video src="{address}/g" autoplay></video>
            <div style="height:400px"></div></body>"""
        colours = {colour for _count, colour in opened(taking.take(page, 300)).getcolors(1 << 20) or []}
        assert (255, 0, 0) not in colours
        assert (0, 255, 0) in colours
        with socket.create_connection(server.getsockname()) as end:
            end.sendall(b"the test itself")
        thread.join()
    assert calls == [b"the test itself"]


def test_programs_that_are_none_or_hang_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoPicture, match="can't be started"), camera(str(tmp_path / "nothing")):
        pass
    program = tmp_path / "program"
    for script, says in (("exit 3", "ended"), ("sleep 30", "longer than")):
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(pictures, "TIMEOUT_SECONDS", 0.5)
        begun = time.monotonic()
        with pytest.raises(NoPicture, match=says), camera(str(program)) as broken:
            broken.take("<p>", 100)
        assert time.monotonic() - begun < 5
    assert find_chromium(str(program)) == str(program)
    assert find_chromium(str(tmp_path / "nothing")) is None


def test_differing_pixels_are_marked_and_what_only_moved_is_not() -> None:
    was = png("black", (40, 60), (10, 10, 30, 20))
    assert mark(was, was)[1] == 0
    wider = mark(was, png("black", (40, 60), (10, 10, 32, 20)))
    assert wider[1] == pytest.approx(2 * 10 / (40 * 60))
    taller = Image.new("RGB", (40, 80), "white")
    taller.paste("red", (5, 2, 9, 8))
    taller.paste(opened(was).crop((0, 9, 40, 60)), (0, 29))
    out = io.BytesIO()
    taller.save(out, "PNG")
    assert 0 < mark(was, out.getvalue())[1] < 0.02


def test_looks_of_two_versions(kit: KitSource, changed: Make, taking: Camera) -> None:
    other = changed(
        "kit.toml",
        "A headline that says what changes",
        "Another headline",
        "max_length = 3000",
        "max_length = 2999",
    )
    found = {look.piece: look for look in looks(kit, other, ["en"], SAMPLE_BRAND, taking)}
    assert {"announcement", "landing", "linkedin", "onepager"} <= found.keys()
    assert found["announcement"].marked is not None
    assert 0 < found["announcement"].share < 0.2
    assert found["onepager"].marked is not None
    assert found["linkedin"].texts is not None
    assert found["linkedin"].texts[1].startswith("Another headline")
    without = {look.piece: look for look in looks(kit, other, ["en"], SAMPLE_BRAND, None)}
    assert without["landing"].before is None
    assert "Chromium was not found" in without["landing"].note
    assert without["onepager"].marked is not None
    assert list(looks(kit, kit, ["en", "de"], SAMPLE_BRAND, None)) == []


def test_a_picture_that_fails_is_noted_and_the_others_are_shown(kit: KitSource, changed: Make) -> None:
    class Broken(Camera):
        def take(self, html: str, width: int, height: int = 800) -> bytes:
            raise NoPicture("Chromium ended before its time.")

    other = changed("kit.toml", "A headline that says what changes", "Another headline")
    found = {look.piece: look for look in looks(kit, other, ["en"], SAMPLE_BRAND, Broken(0, 0))}
    assert found["announcement"].note == "Chromium ended before its time."
    assert found["onepager"].marked is not None
