"""The translation memory: exact and alike, each vendor's own; a machine never stands for people's words."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from tests.factories.accounts import organization
from tmpa.db import Database
from tmpa.kernel.scope import Scope
from tmpa.kits.localisation.memory import Origin, Remembered, lookup, remember
from tmpa.kits.localisation.similarity import most_similar, similarity
from tmpa.kits.localisation.suggestions import (
    ChatSuggester,
    SuggestionFailed,
    Wish,
    open_suggester,
    protect,
    restore,
)
from tmpa.settings import Settings

TEXT = "The test is free of charge and takes twenty minutes."


def keep(database: Database, vendor: uuid.UUID, text: str, german: str, origin: Origin = "person") -> int:
    with database.unit_of_work(Scope("vendor", vendor)) as session:
        item = Remembered(text, (german,), "de")
        return remember(session, vendor, "en", "a-kit", [item], origin)


def test_the_memory_finds_the_same_and_the_alike_of_the_own_vendor_only(database: Database) -> None:
    mine, theirs = (organization(database, "vendor", name) for name in ("Mine", "Theirs"))
    assert keep(database, mine, TEXT, "Der Test ist kostenlos.") == 1
    assert keep(database, mine, TEXT, "Der Test ist kostenlos.") == 0
    keep(database, mine, TEXT.replace("twenty", "thirty"), "Dreißig Minuten.")
    keep(database, mine, "Something of about the same length as that one.", "Anders.")
    keep(database, theirs, TEXT, "Geheim.")
    with database.unit_of_work(Scope("vendor", mine), write=False) as session:
        same, alike = lookup(session, "en", "de", TEXT)
        assert lookup(session, "en", "fr", TEXT) == []
    assert (same.forms, same.percent) == (("Der Test ist kostenlos.",), 100)
    assert alike.forms == ("Dreißig Minuten.",)
    assert 80 < alike.percent < 100


@pytest.mark.backends("sqlite")
def test_a_machine_never_overwrites_a_person(database: Database) -> None:
    vendor = organization(database, "vendor", "Mine")
    assert keep(database, vendor, TEXT, "Maschine", "machine") == 1
    assert keep(database, vendor, TEXT, "Mensch") == 1
    assert keep(database, vendor, TEXT, "Maschine", "machine") == 0
    with database.unit_of_work(Scope("vendor", vendor), write=False) as session:
        (match,) = lookup(session, "en", "de", TEXT)
    assert (match.forms, match.origin) == (("Mensch",), "person")


def test_similarity_is_symmetric_enough_and_cheap() -> None:
    assert similarity("a b c", "a b c") == 1
    assert similarity("short", "a very much longer text than that") == 0
    assert most_similar(TEXT, [TEXT.replace("twenty", "ten"), "Nothing alike", TEXT + "!"]) == (
        TEXT + "!",
        pytest.approx(0.99, abs=0.01),
    )
    long = "word " * 2000
    started = time.process_time()
    assert similarity(long, long + "more") > 0.9
    assert time.process_time() - started < 1


def test_codes_are_hidden_from_the_machine_and_come_back() -> None:
    text = "Hello %(name)s, <strong>see</strong> {{ slot.offer }} %(name)s"
    hidden, codes = protect(text)
    assert hidden == "Hello ⟦1⟧, ⟦2⟧see⟦3⟧ ⟦4⟧ ⟦1⟧"
    assert restore(hidden, codes) == text
    with pytest.raises(SuggestionFailed):
        restore("⟦9⟧", codes)


def test_suggestions_are_off_by_default_and_the_key_is_hidden(tmp_path: Any) -> None:
    settings = Settings(var_dir=tmp_path)
    assert open_suggester(settings) is None
    named = settings.model_copy(
        update={"suggestions_url": "http://127.0.0.1:1/v1", "suggestions_key": "very secret"}
    )
    assert "very secret" not in repr(open_suggester(named))


class _Double(BaseHTTPRequestHandler):
    """An OpenAI-compatible service that behaves as the path's first word says."""

    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({"headers": dict(self.headers), "body": body, "path": self.path})
        way = self.path.split("/")[1]
        texts = json.loads(body["messages"][1]["content"])["texts"]
        content = json.dumps({"translations": [f"DE {text}" for text in texts]})
        if way == "slow":
            time.sleep(0.6)  # the service itself is slow: longer than the limit that the test sets
        if way == "fenced":
            content = f"```json\n{content}\n```"
        if way == "broken":
            content = json.dumps({"translations": ["ohne alles"]})
        if way == "chatty":
            content = "Sure! Here you are."
        if way == "few":
            content = json.dumps({"translations": []})
        status = {"error": 500, "moved": 302}.get(way, 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/good/chat/completions")
        self.end_headers()
        answer = json.dumps({"choices": [{"message": {"content": content}}]})
        self.wfile.write(b"x" * 300_000 if way == "endless" else answer.encode())

    def log_message(self, *_arguments: Any) -> None:
        """Nothing on stderr."""


@pytest.fixture(scope="module")
def double() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Double)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


WISH = Wish("en", "de", ("From %(price)s",), ("mail a",), {"backup": "Sicherung"})


@pytest.mark.parametrize("way", ["good", "fenced"])
def test_a_service_suggests(double: str, way: str) -> None:
    _Double.asked.clear()
    made = ChatSuggester(f"{double}/{way}/", "secret", "a-model").suggest(WISH)
    assert made == ("DE From %(price)s",)
    (asked,) = _Double.asked
    assert asked["path"] == f"/{way}/chat/completions"
    assert asked["headers"]["Authorization"] == "Bearer secret"
    assert asked["body"]["model"] == "a-model"
    assert "%(price)s" not in asked["body"]["messages"][1]["content"]
    assert "Sicherung" in asked["body"]["messages"][1]["content"]


@pytest.mark.parametrize(
    ("way", "says"),
    [
        ("error", "status 500"),
        ("moved", "status 302"),
        ("slow", "didn't answer"),
        ("broken", "lost a placeholder"),
        ("chatty", "isn't understood"),
        ("few", "isn't understood"),
        ("endless", "isn't understood"),
    ],
)
def test_every_failure_is_a_sentence(double: str, way: str, says: str) -> None:
    with pytest.raises(SuggestionFailed, match=says):
        ChatSuggester(f"{double}/{way}", "", "", seconds=0.3).suggest(WISH)


def test_nobody_there_is_a_sentence() -> None:
    with pytest.raises(SuggestionFailed, match="can't be reached"):
        ChatSuggester("http://127.0.0.1:9", "", "").suggest(WISH)
