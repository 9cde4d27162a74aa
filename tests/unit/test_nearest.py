"""A misspelt name is told what it most likely meant, and at no great cost."""

from difflib import get_close_matches
from random import Random

import pytest

from leadwell.schema.nearest import nearest
from tests import make

SLUGS = [field["slug"] for field in make.FIELDS]
LETTERS = "abcdefghijklmnopqrstuvwxyz-"


def misspelt(random: Random, name: str) -> str:
    letters = list(name)
    for _ in range(random.randint(1, 2)):
        place = random.randrange(len(letters))
        letters[place] = random.choice(["", random.choice(LETTERS), letters[place] * 2])
        if not any(letters):
            letters.append("a")
    return "".join(letters)


@pytest.mark.parametrize("seed", range(20))
def test_it_finds_what_comparing_all_names_finds(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - seeded misspellings, no secret
    known = SLUGS + [
        "".join(random.choice(LETTERS) for _ in range(random.randint(2, 20)))
        for _ in range(200)
    ]
    names = [misspelt(random, random.choice(SLUGS)) for _ in range(50)]

    same = [
        nearest(name, known) == next(iter(get_close_matches(name, known, n=1)), None)
        for name in names
    ]

    assert sum(same) >= 48


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Budget", "budget"),
        ("emial", "email"),
        ("customertype", "customer-type"),
        ("zzz", None),
        ("", None),
        ("budget" * 20, None),
    ],
)
def test_it_knows_common_mistakes(given: str, meant: str | None) -> None:
    assert nearest(given, SLUGS) == meant
