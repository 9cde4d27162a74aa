"""Leads counted by day from the sets, held to a plain count."""

from itertools import pairwise

import pytest
from pyroaring import BitMap

from leadwell.index import counting
from leadwell.index.index import YEAR_1_US, Index
from tests import make


@pytest.mark.parametrize("seed", range(6))
def test_leads_between_bounds_are_counted_as_one_by_one(seed: int) -> None:
    rng = make.seeded(seed)
    index = Index()
    top = 2 ** rng.choice((4, 20, 50))
    ids = rng.sample(range(1, 5_000), 300)
    values = {each: rng.randrange(top) for each in ids}
    index.created.fill(list(values), list(values.values()))
    index.chosen[7, 1] = BitMap(rng.sample(ids, 90))
    some = BitMap(rng.sample(ids, 200))
    bounds = sorted(rng.randrange(2 * top) for _ in range(rng.randrange(2, 33)))
    found = counting.days(
        index, some, [bound + YEAR_1_US for bound in bounds], [(7, 1), (7, 2)]
    )
    expected = [
        [each for each in some if low <= values[each] < high]
        for low, high in pairwise(bounds)
    ]
    assert [day.total for day in found] == [len(part) for part in expected]
    assert [day.chosen for day in found] == [
        (len(index.chosen[7, 1] & BitMap(part)), 0) for part in expected
    ]
