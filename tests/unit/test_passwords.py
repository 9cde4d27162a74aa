"""What a password costs to hash, and to compare where there is none."""

import pytest
from argon2 import extract_parameters
from argon2.exceptions import VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from leadwell.admin import passwords


def test_a_hash_costs_what_the_rfc_recommends() -> None:
    assert extract_parameters(passwords.hash_now("a")) == RFC_9106_LOW_MEMORY


def test_to_compare_with_nobodys_costs_the_same() -> None:
    assert extract_parameters(passwords._NOBODY) == RFC_9106_LOW_MEMORY
    # It is compared in full, and not refused at first sight as no hash at all.
    with pytest.raises(VerifyMismatchError):
        passwords._hasher.verify(passwords._NOBODY, "")
    assert not passwords._verified(None, "")
