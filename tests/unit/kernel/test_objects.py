"""Both object stores keep the same promises."""

import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.servers.s3 import S3Address
from tmpa.kernel.objects import LocalStore, MissingObject, ObjectStore, S3Store, open_store
from tmpa.kernel.signing import BadToken, Signer
from tmpa.settings import Settings

BAD_KEYS = (
    "", "/", "/etc/passwd", "../x", "a/../x", "a/..", "a//b", "a/", ".", "..", "./a", "a/./b", ".hidden", "a/.hidden",
    "a\\b", "a b", "ä", "a\x00b", "a\nb", "a?b", "a#b", "a%2fb", "~root", "-a", "x" * 901,
)  # fmt: skip


class Conformance:
    """What every store does; the subclasses say which."""

    def test_what_is_put_is_got(self, store: ObjectStore) -> None:
        for data in (b"", b"\x00\xff" * 1000, "grüße".encode()):
            store.put("a/b/c.txt", data, "text/plain")
            assert store.get("a/b/c.txt") == data
        assert store.exists("a/b/c.txt")
        assert store.content_type("a/b/c.txt").partition(";")[0] == "text/plain"

    def test_what_is_missing_says_so(self, store: ObjectStore) -> None:
        for key in ("never/was.txt", "never"):
            assert not store.exists(key)
            store.delete(key)
            with pytest.raises(MissingObject):
                store.get(key)
            with pytest.raises(MissingObject):
                store.content_type(key)

    def test_a_folder_is_no_object(self, store: ObjectStore) -> None:
        store.put("folder/x.txt", b"x", "text/plain")
        assert not store.exists("folder")
        with pytest.raises(MissingObject):
            store.get("folder")

    def test_lists_are_sorted_and_by_prefix(self, store: ObjectStore) -> None:
        keys = ["kits/a/2.txt", "kits/a/1.txt", "kits/b.txt", "kits/a1/x.txt", "pages/p.txt"]
        for key in keys:
            store.put(key, b"x", "text/plain")
        assert list(store.list("kits/a/")) == ["kits/a/1.txt", "kits/a/2.txt"]
        assert sorted(store.list("kits/a")) == ["kits/a/1.txt", "kits/a/2.txt", "kits/a1/x.txt"]
        assert sorted(store.list("")) == sorted([*keys])
        assert list(store.list("nothing/")) == []

    def test_a_deleted_object_is_gone(self, store: ObjectStore) -> None:
        store.put("a.txt", b"x", "text/plain")
        store.delete("a.txt")
        store.delete("a.txt")
        assert not store.exists("a.txt")

    def test_bad_keys_are_refused_everywhere(self, store: ObjectStore) -> None:
        for key in BAD_KEYS:
            for act in (store.get, store.exists, store.delete, store.url, store.content_type):
                with pytest.raises(ValueError):
                    act(key)
            with pytest.raises(ValueError):
                store.put(key, b"x", "text/plain")


@pytest.mark.backends("sqlite")
class TestLocalStore(Conformance):
    """The folder."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalStore:
        return LocalStore(tmp_path / "objects", "http://127.0.0.1:8000", Signer(["s" * 32]))

    def test_nothing_leaves_the_folder(self, store: LocalStore, tmp_path: Path) -> None:
        (tmp_path / "secret.txt").write_text("secret")
        for prefix in ("../", "/", "a/../../", ".."):
            try:
                assert list(store.list(prefix)) == []
            except ValueError:
                continue

    def test_an_address_holds_for_its_key_and_its_time(self, store: LocalStore) -> None:
        store.put("a.txt", b"x", "text/plain")
        query = parse_qs(urlsplit(store.url("a.txt", 60)).query)
        until, mac = query["until"][0], query["mac"][0]
        assert store.admits("a.txt", until, mac)
        assert not store.admits("b.txt", until, mac)
        assert not store.admits("a.txt", str(int(until) + 1), mac)
        for forged in ("", "-1", "1e9", "٣", "9" * 400):
            assert not store.admits("a.txt", forged, mac)
        with pytest.raises(BadToken):
            store.admits("a.txt", until, "not base64!")
        past = parse_qs(urlsplit(store.url("a.txt", -1)).query)
        assert not store.admits("a.txt", past["until"][0], past["mac"][0])

    def test_deleting_a_folder_deletes_nothing(self, store: LocalStore) -> None:
        store.put("folder/x.txt", b"x", "text/plain")
        store.delete("folder")
        store.delete("folder/x.txt/y.txt")
        assert store.get("folder/x.txt") == b"x"

    def test_nothing_half_written_is_seen(self, store: LocalStore, tmp_path: Path) -> None:
        store.put("a/x.txt", b"old", "text/plain")
        (tmp_path / "objects" / "a" / ".x.txt.99.1").write_bytes(b"half")
        assert list(store.list("a/")) == ["a/x.txt"]


class TestS3Store(Conformance):
    """A bucket on each of two servers."""

    @pytest.fixture
    def store(self, s3_server: S3Address, request: pytest.FixtureRequest) -> S3Store:
        return S3Store(
            s3_server.bucket, f"{request.node.name.partition('[')[0]}-{time.time_ns()}/", s3_server.endpoint
        )

    def test_an_address_is_read_without_keys_and_can_not_be_changed(
        self, store: S3Store, s3_server: S3Address
    ) -> None:
        store.put("a.txt", b"content", "text/plain", cache="immutable")
        address = store.url("a.txt", 60)
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert answer.read() == b"content"
        if s3_server.kind == "rclone":  # the one that checks signatures
            for forged in (address.replace("a.txt", "b.txt"), address.replace("Expires=60", "Expires=6000")):
                with pytest.raises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(forged, timeout=10)
                assert refused.value.code in (403, 404)
                refused.value.close()

    def test_the_prefix_keeps_installations_apart(self, store: S3Store, s3_server: S3Address) -> None:
        store.put("a.txt", b"x", "text/plain")
        assert not S3Store(s3_server.bucket, "other/", s3_server.endpoint).exists("a.txt")


def test_the_setting_chooses_the_store(tmp_path: Path, s3_server: S3Address) -> None:
    local = open_store(Settings(env="test", var_dir=tmp_path, secret_keys="s" * 32))
    assert isinstance(local, LocalStore)
    bucket = open_store(
        Settings(env="test", objects_url=f"s3://{s3_server.bucket}/deep/er", s3_endpoint=s3_server.endpoint)
    )
    assert isinstance(bucket, S3Store)
    bucket.put("a.txt", b"x", "text/plain")
    assert S3Store(s3_server.bucket, "deep/er/", s3_server.endpoint).get("a.txt") == b"x"
