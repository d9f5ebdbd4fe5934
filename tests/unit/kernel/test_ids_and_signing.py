"""Public ids, signed tokens and MACs."""

import time
import uuid

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from tmpa.kernel.ids import new_id, parse, public
from tmpa.kernel.signing import BadToken, Signer, b64, unb64

OLD, NEW = "old-secret-of-at-least-32-characters", "new-secret-of-at-least-32-characters"


@given(st.uuids())
def test_an_id_reads_back(value: uuid.UUID) -> None:
    text = public("cmp", value)
    assert parse("cmp", text) == value
    assert len(text) == 30 and text.isascii() and text == text.lower()


@given(st.lists(st.uuids(), min_size=2, max_size=5))
def test_public_ids_sort_as_the_ids_do(values: list[uuid.UUID]) -> None:
    assert sorted(public("x", value) for value in values) == [public("x", value) for value in sorted(values)]


def test_new_ids_follow_time_and_can_not_be_guessed() -> None:
    earlier = new_id()
    with time_machine.travel(time.time() + 1):
        later = new_id()
    assert earlier < later
    many = [new_id() for _ in range(1000)]
    assert {value.version for value in many} == {7}
    assert len({value.int & (1 << 62) - 1 for value in many}) == 1000


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse("cmp", f"{text}_")


@pytest.mark.parametrize(
    "text",
    [
        "usr_" + "0" * 26,  # another kind
        "cmp_" + "0" * 25,
        "cmp_" + "0" * 27,
        "cmp_" + "i" * 26,  # not in the alphabet
        "cmp_" + "z" * 26,  # more than 128 bits
        "CMP_" + "0" * 26,
        "0" * 26,
        "cmp_" + "٠" * 26,
    ],
)
def test_near_misses_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse("cmp", text)


@given(st.binary(max_size=60))
def test_base64_has_one_spelling(data: bytes) -> None:
    text = b64(data)
    assert unb64(text) == data
    for other in (text + "=", text + "\n", " " + text, text + "é"):
        with pytest.raises(BadToken):
            unb64(other)


def test_a_token_holds_its_payload_until_it_expires() -> None:
    signer = Signer([NEW])
    token = signer.sign("reset", {"u": "42"}, 60)
    assert signer.verify("reset", token) == {"u": "42"}
    with time_machine.travel(time.time() + 61):
        with pytest.raises(BadToken) as over:
            signer.verify("reset", token)
        assert over.value.expired


def test_a_token_is_of_one_purpose() -> None:
    signer = Signer([NEW])
    with pytest.raises(BadToken) as bad:
        signer.verify("invitation", signer.sign("reset", {}, 60))
    assert not bad.value.expired


def test_any_changed_letter_is_noticed() -> None:
    signer = Signer([NEW])
    token = signer.sign("reset", {"u": "42"}, 60)
    for place, letter in enumerate(token):
        changed = token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :]
        with pytest.raises(BadToken):
            signer.verify("reset", changed)


@given(st.text(max_size=80))
def test_no_text_passes_for_a_token(text: str) -> None:
    with pytest.raises(BadToken):
        Signer([NEW]).verify("reset", text)


def test_keys_rotate() -> None:
    """The newest secret signs; what an older one signed holds until that is taken away."""
    token, mac = Signer([OLD]).sign("reset", {"u": "42"}, 60), Signer([OLD]).mac("object", b"x")
    both = Signer([NEW, OLD])
    assert both.verify("reset", token) == {"u": "42"}
    assert both.mac_holds("object", b"x", mac)
    assert both.mac("object", b"x") == Signer([NEW]).mac("object", b"x")
    only_new = Signer([NEW])
    assert not only_new.mac_holds("object", b"x", mac)
    with pytest.raises(BadToken):
        only_new.verify("reset", token)


def test_a_mac_of_another_length_does_not_hold() -> None:
    signer = Signer([NEW])
    mac = signer.mac("object", b"x")
    for other in (b"", mac[:-1], mac + b"\0", mac[::-1]):
        assert not signer.mac_holds("object", b"x", other)
