"""Secrets of links: their strength and their shape."""

import pytest

from leadwell.model.link import looks_like_secret, secret_of


@pytest.mark.parametrize("byte", [0, 1, 255])
def test_every_secret_has_the_shape_of_one(byte: int) -> None:
    text = secret_of(bytes([byte]) * 32)
    assert len(text) == 43
    assert looks_like_secret(text)


def test_two_secrets_that_differ_in_one_bit_differ() -> None:
    assert secret_of(bytes(32)) != secret_of(bytes(31) + b"\1")


@pytest.mark.parametrize(
    "text", ["", "0" * 42, "0" * 44, "0" * 42 + "-", "0" * 43 + "\n", "å" + "0" * 42]
)
def test_anything_else_has_not(text: str) -> None:
    assert not looks_like_secret(text)
