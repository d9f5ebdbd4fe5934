"""Signed notes against the examples that their specification and its reference implementation publish."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tmpa.engagement.evidence.checkpoint import (
    BadNote,
    Checkpoint,
    VerifierKey,
    checkpoint_text,
    open_note,
    parse_checkpoint,
    sign,
    split_note,
)

# From the documentation of golang.org/x/mod/sumdb/note, the reference implementation.
SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n— PeterNeumann {SIGNATURE}\n"


def test_signs_the_published_example_byte_for_byte() -> None:
    assert sign(TEXT, "PeterNeumann", Ed25519PrivateKey.from_private_bytes(SEED)) == NOTE


def test_opens_the_published_example() -> None:
    assert open_note(NOTE, VerifierKey.parse(KEY)) == TEXT


@pytest.mark.parametrize(
    "vkey",
    [KEY, "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
     "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"],
)  # fmt: skip
def test_published_keys_have_their_ids(vkey: str) -> None:
    assert str(VerifierKey.parse(vkey)) == vkey


@pytest.mark.parametrize(
    "vkey",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a3+!!!!",
    ],
)
def test_bad_keys_are_refused(vkey: str) -> None:
    with pytest.raises(BadNote):
        VerifierKey.parse(vkey)


def test_signatures_of_strangers_are_passed_over() -> None:
    stranger = Ed25519PrivateKey.generate()
    theirs = sign(TEXT, "EnochRoot", stranger).rpartition("\n\n")[2]
    assert open_note(NOTE + theirs, VerifierKey.parse(KEY)) == TEXT
    with pytest.raises(BadNote):
        open_note(sign(TEXT, "PeterNeumann", stranger), VerifierKey.parse(KEY))


def test_every_changed_character_is_found() -> None:
    key = VerifierKey.parse(KEY)
    for at in range(len(NOTE)):
        changed = NOTE[:at] + chr(ord(NOTE[at]) ^ 1) + NOTE[at + 1 :]
        with pytest.raises(BadNote):
            open_note(changed, key)


@pytest.mark.parametrize(
    "note", ["", "\n", "a\n\n", TEXT, f"{TEXT}\n— x y\n", f"{TEXT}\n- PeterNeumann AAAAAAAA\n"]
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(BadNote):
        split_note(note)


def test_the_example_checkpoint_of_the_specification_is_read() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = parse_checkpoint(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint_text(checkpoint) == text
    for bad in (
        text.replace("2085", "02085"),
        text + "extension\n",
        text[:-1],
        text.replace("CsUY", "CsU"),
        "\n" + text,
    ):
        with pytest.raises(BadNote):
            parse_checkpoint(bad)
    assert checkpoint_text(Checkpoint("o", 0, b"\0" * 32)).startswith("o\n0\n")
