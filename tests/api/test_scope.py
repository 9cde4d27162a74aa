"""No token is ever told more, or less, than its grant: random cases, planted leaks."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import leaks, make, worlds
from tests.effort import REPEATS

pytestmark = REPEATS
WORLDS = 8
CASES = 260
"""Per world: 2,080 in all."""


def _cases(
    folder: Path, seed: int, count: int, engine: str = "sqlite"
) -> Iterator[int]:
    world = worlds.a_world(folder, seed, engine)
    token = world.token()
    for number in range(count):
        if number % 4 == 0:
            token = world.token()
        yield worlds.check(world, token, worlds.a_question(world.random))
    world.database.close()


@pytest.mark.parametrize("seed", make.seeds(WORLDS, in_suite=1))
def test_a_token_is_told_what_its_grant_lets_it_see(
    tmp_path: Path, engine: str, seed: int
) -> None:
    answers = Counter(_cases(tmp_path, seed, CASES, engine))

    # Both kinds of answer must be common, or the cases would show little.
    assert answers.total() == CASES
    assert min(answers[200], answers[400]) > CASES / 8


@pytest.mark.parametrize("plant", leaks.OF_READING)
def test_a_planted_leak_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: leaks.Plant
) -> None:
    """Without it the same cases pass: they are those of the first world above."""
    plant(monkeypatch)

    with pytest.raises(AssertionError):
        list(_cases(tmp_path, 0, CASES))
