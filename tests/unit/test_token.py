import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwell.model import token

PUBLIC, SECRET = b"\x01" * 6, b"\x02" * 32
TEXT = token.text_of(PUBLIC, SECRET)


@given(st.binary(min_size=6, max_size=6), st.binary(min_size=32, max_size=32))
def test_every_token_has_the_shape_and_a_checksum(public: bytes, secret: bytes) -> None:
    text = token.text_of(public, secret)
    head, public_id, rest = text.split("_")
    assert (head, len(public_id), len(rest)) == ("lw", 8, 49)
    assert token.looks_like_token(text)
    assert not token.is_mistyped(text)
    assert token.public_id_of(text) == public_id


@pytest.mark.parametrize("place", range(3, len(TEXT)))
def test_one_wrong_character_is_found_by_the_checksum(place: int) -> None:
    wrong = "1" if TEXT[place] != "1" else "2"
    mistyped = TEXT[:place] + wrong + TEXT[place + 1 :]
    assert token.is_mistyped(mistyped)


def test_a_token_of_another_system_is_not_ours() -> None:
    assert not token.looks_like_token("123456789abcdef")
    assert not token.is_mistyped("123456789abcdef")


def test_the_digest_needs_the_key() -> None:
    assert token.digest(b"a" * 32, TEXT) != token.digest(b"b" * 32, TEXT)
    assert TEXT.encode() not in token.digest(b"a" * 32, TEXT)
