"""Bit-sliced numbers: ranges and orders are those of the numbers themselves."""

from random import Random
from typing import Any

import pytest
from pyroaring import BitMap

from leadwell.index import index, slices, snapshot
from leadwell.index.index import Index, Row
from leadwell.index.slices import Slices
from tests import make
from tests.effort import REPEATS

LEADS = 300
KINDS = {"7": (7, "select"), "8": (8, "multi_select"), "9": (9, "text")}


class Known:
    """Slices, and the same numbers as a dictionary."""

    def __init__(self, random: Random, highest: int) -> None:
        self.random, self.highest = random, highest
        self.slices, self.values = Slices(), dict[int, int]()

    @property
    def everything(self) -> BitMap:
        return BitMap(self.values)

    def change(self) -> None:
        lead_id = self.random.randint(1, LEADS)
        how = self.random.choice(["put", "put", "put", "put", "fill", "drop"])
        if how == "put":
            value, before = self.number(), self.values.get(lead_id, 0)
            self.slices.put(lead_id, value, before)
            self.values[lead_id] = value
        elif how == "fill":
            new = {n: self.number() for n in range(lead_id, lead_id + 9)}
            new = {n: v for n, v in new.items() if n not in self.values}
            self.slices.fill([*new], [*new.values()])
            self.values |= new
        else:
            gone = BitMap([lead_id, lead_id + 1])
            self.slices.drop(gone)
            self.values = {n: v for n, v in self.values.items() if n not in gone}

    def number(self) -> int:
        """A number anywhere, or near to another one."""
        near = self.random.choice([*self.values.values(), 0])
        number = self.random.choice([self.random.randint(0, self.highest), near + 1])
        return min(number, self.highest)

    def check(self) -> None:
        random, values = self.random, self.values
        bound = self.number() + random.randint(-1, 1)
        found = self.slices.at_least(bound, self.everything)
        assert list(found) == sorted(n for n, v in values.items() if v >= bound)
        within = [n for n in values if random.random() < 0.5]
        start, count = random.randint(0, LEADS), random.randint(1, 9)
        is_down = random.choice([True, False])
        ordered = sorted(sorted(within), key=values.__getitem__, reverse=is_down)
        window = self.slices.ordered(BitMap(within), start, count, descending=is_down)
        assert window == ordered[start : start + count]
        assert all(self.slices.value(n) == v for n, v in values.items())


@REPEATS
@pytest.mark.parametrize("highest", [0, 1, 40, 2**20, 2**62])
@pytest.mark.parametrize("regions", [1, 3])
def test_ranges_and_orders_are_those_of_the_numbers(
    monkeypatch: pytest.MonkeyPatch, highest: int, regions: int
) -> None:
    monkeypatch.setattr(slices, "REGIONS_MAX", regions)
    monkeypatch.setattr(slices, "_REGION", 16)
    monkeypatch.setattr(slices, "_CROWDED", 8)
    known = Known(make.seeded(highest + regions), highest)
    known.check()
    for _ in range(300):
        known.change()
        known.check()
    assert len([*known.slices.beside()]) <= 2 * regions


def a_row(random: Random, lead_id: int, seq: int, **more: Any) -> Row:
    chosen = random.sample([1, 2, 3], random.randint(0, 3))
    fields = {7: random.choice([4, 5, "null"]), 8: chosen, 9: '"x"', 99: 1}
    kept = [f'"{n}":{v}' for n, v in fields.items() if random.random() < 0.7]
    given: dict[str, Any] = {
        "status": random.choice([1, 2, None]),
        "assigned_to": random.choice([1, None]),
        "created_at": lead_id * 1_000_003 % 10**9,
        "fields": f"{{{','.join(kept)}}}",
    }
    return Row(lead_id, seq, **given | more)


@pytest.mark.parametrize("many", [1, 4, 100])
def test_an_index_that_followed_is_the_one_that_is_made_at_once(
    monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(index, "MANY", many)
    random, followed, rows = make.seeded(many), Index(), dict[int, Row]()
    for seq in range(1, 200):
        ids = random.sample(range(1, 40), random.randint(1, 8))
        new = [a_row(random, lead_id, seq * 10 + n) for n, lead_id in enumerate(ids)]
        followed.put_all(KINDS, new)
        rows |= {row.id: row for row in new}
        gone = BitMap(random.sample(range(1, 40), random.randint(0, 2)))
        followed.drop(gone)
        rows = {n: row for n, row in rows.items() if n not in gone}
        if seq % 10 == 0:
            made = Index()
            made.fill(KINDS, [*rows.values()])
            assert held(followed) == held(made)
            followed.pack()
            again = snapshot.read(snapshot.write(followed))
            assert again is not None
            assert held(again) == held(made)


def held(each: Index) -> list[Any]:
    """All that the index tells; a bitmap that is empty tells what none does."""
    created, changed = each.created, each.changed
    return [
        each.everything,
        {key: ids for key, ids in each.chosen.items() if ids},
        {key: ids for key, ids in each.filled.items() if ids},
        {n: (created.value(n), changed.value(n)) for n in each.everything},
    ]
