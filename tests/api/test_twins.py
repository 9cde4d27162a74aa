"""Nothing on the wire depends on what a token may not see (CONTRACT §3).

Two hubs differ only there, and are asked the same at random while leads are written,
seen and unseen. Totals, digests, tags, cursors, errors and statements must not differ.
"""

import os
from pathlib import Path
from random import Random

import pytest

from leadwell.model.campaign import Policy
from tests import leaks, twins
from tests.effort import REPEATS
from tests.happenings import Happenings
from tests.questions import Questions
from tests.recording import recorded
from tests.submissions import Submissions

pytestmark = REPEATS
SEED, CASES, FEW_CASES = 2, 300, 150
LONG = int(os.environ.get("LEADWELL_TEST_SCOPE", "20000"))
"""Requests of the long run: LEADWELL_TEST_SCOPE=1000000 make proof."""
PER_SEED = 1_000
"""Then both hubs begin anew: their leads grow, and so does the time of a request."""


def _ask(
    folder: Path,
    seed: int,
    count: int,
    engine: str = "sqlite",
    *,
    policy: Policy = Policy.OFF,
    **sees: bool,
) -> int:
    with twins.opened(folder, engine, policy=policy, **sees) as pair:
        random = Random(seed)  # noqa: S311 - a seeded run, no secret
        happenings = Happenings(pair, random, **sees)
        questions = Questions(happenings, random, Submissions(happenings, random))
        questions.run(count)
    return questions.asked


@pytest.mark.parametrize("few_fields", [False, True])
def test_what_a_token_may_not_see_changes_no_byte(
    tmp_path: Path, engine: str, few_fields: bool
) -> None:
    assert _ask(tmp_path, SEED, CASES, engine, few_fields=few_fields) >= CASES


def test_what_is_masked_for_a_token_changes_no_byte(tmp_path: Path) -> None:
    assert _ask(tmp_path, SEED, FEW_CASES, masked=True) >= FEW_CASES


@pytest.mark.proof
def test_what_is_masked_changes_no_byte_of_many_answers(
    tmp_path: Path, engine: str
) -> None:
    # PostgreSQL takes four times as long.
    count = PER_SEED if engine == "sqlite" else CASES
    assert _ask(tmp_path, SEED, count, engine, masked=True) >= count


@pytest.mark.parametrize("plant", leaks.OF_MASKS)
def test_a_planted_leak_of_masked_values_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: leaks.Plant
) -> None:
    plant(monkeypatch)

    with pytest.raises(twins.Differs):
        _ask(tmp_path, SEED, CASES, masked=True)


def _of_duplicates(folder: Path, count: int, policy: Policy, few: str) -> int:
    return _ask(folder / few, SEED, count, few_fields=few == "few", policy=policy)


@pytest.mark.parametrize(
    ("policy", "few"), [(Policy.MERGE, "few"), (Policy.REJECT, "all")]
)
def test_a_duplicate_that_a_token_may_not_see_changes_no_byte(
    tmp_path: Path, policy: Policy, few: str
) -> None:
    assert _of_duplicates(tmp_path, FEW_CASES, policy, few) >= FEW_CASES


@pytest.mark.proof
@pytest.mark.parametrize("few", ["few", "all"])
@pytest.mark.parametrize("policy", [Policy.MERGE, Policy.REJECT])
def test_a_hidden_duplicate_changes_no_byte_of_many_answers(
    tmp_path: Path, policy: Policy, few: str
) -> None:
    assert _of_duplicates(tmp_path, PER_SEED, policy, few) >= PER_SEED


@pytest.mark.parametrize("plant", leaks.OF_DUPLICATES)
def test_a_planted_leak_of_duplicates_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: leaks.Plant
) -> None:
    plant(monkeypatch)

    with pytest.raises(twins.Differs):
        _of_duplicates(tmp_path, CASES, Policy.REJECT, "all")


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(LONG // PER_SEED))
def test_it_changes_no_byte_of_many_answers(tmp_path: Path, seed: int) -> None:
    # A quarter on PostgreSQL, which takes half as long again; and a half of each with a
    # token of few fields.
    engine = "postgres" if seed % 4 == 3 else "sqlite"
    with recorded("scope", on=engine) as counts:
        counts["cases"] = _ask(
            tmp_path, seed, PER_SEED, engine, few_fields=seed // 4 % 2 == seed % 2
        )
        assert counts["cases"] >= PER_SEED


def _ask_both(folder: Path) -> None:
    """Look at what is hidden of leads that are seen, and then at the hidden ones."""
    for few_fields in (True, False):
        _ask(folder / f"{few_fields}", SEED, CASES, few_fields=few_fields)


@pytest.mark.parametrize("plant", leaks.OF_ALL)
def test_a_planted_leak_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: leaks.Plant
) -> None:
    """Without it the same requests pass: they are those of the first test."""
    plant(monkeypatch)

    with recorded("leaks", on=plant.__name__) as counts:
        with pytest.raises(twins.Differs):
            _ask_both(tmp_path)
        counts["found"] += 1
