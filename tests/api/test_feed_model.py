"""The promise of the change feed, against random writers, tokens and edits.

Each seed is one hub over HTTP: leads are made, changed, merged and deleted, filters,
tokens and schemas are edited, and mirrors follow with all kinds of page sizes. At
every `up_to_date` a copy must be exactly what its token sees, and no id that was
never visible may ever be named.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadwell.api.app import app
from leadwell.api.hub import Hub
from leadwell.model.keyring import Keyring
from leadwell.store.connection import Database
from leadwell.store.writes import chores
from tests import make
from tests.asking import Whole
from tests.effort import REPEATS
from tests.histories import EDITS, KEY, Kept, Model, a_model, finish
from tests.mirror import Mirror

pytestmark = REPEATS
STEPS = 70
MIRRORS = 3
"""At least; each is compared at the end, and whenever it is told to be exact."""
SEEDS = int(os.environ.get("LEADWELL_TEST_SEEDS", "150"))
"""On each database; the storms over HTTP are 100 more. Each is named in the report; a
longer run: LEADWELL_TEST_SEEDS=20000 make proof."""


def begin_mirror(model: Model) -> None:
    kept = model.random.choice(model.tokens)
    asked = model.random.choice([{}, {}, {"status": "new"}, {"budget[lt]": "15"}])
    mirror = Mirror(model.client, kept.text, asked=asked)
    if model.random.random() < 0.3:
        mirror.load(per_page=model.random.choice([1, 3, 50]))
    kept.mirrors.append(mirror)


def read(model: Model) -> None:
    kept = model.random.choice(model.tokens)
    for mirror in kept.mirrors:
        if model.random.random() < 0.7:
            answer = mirror.step(model.random.choice([1, 2, 5, 500]), _digest=1)
            check(model, kept, mirror, answer)


def check(model: Model, kept: Kept, mirror: Mirror, answer: dict[str, Any]) -> None:
    assert mirror.told <= kept.visible, mirror.told - kept.visible
    if not answer["up_to_date"]:
        return
    model.checked += 1
    listed = {x["id"]: x for x in mirror.get("", per_page=1000).json()["data"]}
    assert mirror.copy == listed
    assert answer["count"] == len(listed)
    assert answer["digest"] == mirror.digest
    assert mirror.get("/digest").json()["digest"] == mirror.digest


OPERATIONS: list[Callable[[Model], None]] = [*EDITS, begin_mirror, *[read] * 8]


def a_hub(database: Database) -> Whole:
    return Whole(
        app(Hub(database, Keyring.of(KEY), make.Clock(), "https://hub.example"))
    )


def run(folder: Path, seed: int, engine: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(chores, "CHUNK", 7)
    model = a_model(folder, seed, engine, a_hub)
    # One loop for all requests, rather than one for each.
    with model.client:
        for kept in model.tokens:
            kept.mirrors.append(Mirror(model.client, kept.text))
        for _ in range(STEPS):
            model.random.choice(OPERATIONS)(model)
            model.look()
        settle(model)
    model.database.close()
    return model.checked


def settle(model: Model) -> None:
    """Finish all chores; then every mirror must become exact."""
    finish(model)
    model.look()
    for kept in model.tokens:
        for mirror in kept.mirrors:
            answer = mirror.follow(model.random.choice([1, 3, 500]))
            assert answer["up_to_date"]
            check(model, kept, mirror, mirror.step(_digest=1))


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(1000, 1000 + SEEDS))
def test_every_copy_is_exact_for_many_seeds(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    assert run(tmp_path, seed, engine, monkeypatch) >= MIRRORS


@pytest.mark.parametrize("seed", make.seeds(40, in_suite=6))
def test_every_copy_is_exact_when_it_is_said_to_be(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    assert run(tmp_path, seed, engine, monkeypatch) >= MIRRORS
