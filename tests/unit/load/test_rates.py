"""What readers may spend: never more than the burst and what the rate earns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwell.api.load import rates
from leadwell.api.load.rates import DEBT_S, Rate, Rates
from tests.effort import examples

KEY = b"a token"


class Watch:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def spent(watch: Watch) -> Rates:
    return Rates(watch)


def test_a_burst_is_let_through_and_then_the_rate(spent: Rates, watch: Watch) -> None:
    rate = Rate(10, 2)
    assert [spent.take(KEY, rate) for _ in range(20)] == [0.0] * 20
    assert spent.take(KEY, rate) == pytest.approx(0.1)
    watch.now += 0.1
    assert spent.take(KEY, rate) == 0
    assert spent.take(KEY, rate) > 0
    assert spent.take(b"another", rate) == 0


def test_a_slow_rate_lets_one_request_through(spent: Rates, watch: Watch) -> None:
    rate = Rate(0.01, 10)
    assert rate.burst == 1
    assert spent.take(KEY, rate) == 0
    assert spent.take(KEY, rate) == pytest.approx(100)
    watch.now += 100
    assert spent.take(KEY, rate) == 0


@given(
    rate=st.builds(Rate, st.floats(0.1, 1e4), st.floats(0.1, 60)),
    steps=st.lists(st.tuples(st.floats(0, 5), st.floats(0.5, 20)), max_size=60),
)
@examples(100)
def test_no_window_holds_more_than_burst_and_rate(
    rate: Rate, steps: list[tuple[float, float]]
) -> None:
    watch = Watch()
    spent, taken = Rates(watch), list[tuple[float, float]]()
    for pause_s, points in steps:
        watch.now += pause_s
        wait_s = spent.take(KEY, rate, points)
        if not wait_s:
            taken.append((watch.now, points))
        elif points <= rate.window_s * rate.per_s:
            # So long it takes, and no longer.
            watch.now += wait_s * 1.001
            assert spent.wait_s(KEY, rate, points) == 0
    for first, (since, _) in enumerate(taken):
        total = 0.0
        for until, points in taken[first:]:
            total += points
            most = rate.window_s * rate.per_s + (until - since) * rate.per_s
            assert total <= most * 1.0001 + 1e-3


def test_what_is_owed_has_to_be_waited_for_but_not_for_ever(
    spent: Rates, watch: Watch
) -> None:
    rate = Rate(10, 2)
    spent.charge(KEY, rate, 30)
    assert spent.wait_s(KEY, rate) == pytest.approx(1.1)
    spent.charge(KEY, rate, 1e9)
    assert spent.wait_s(KEY, rate) == pytest.approx(DEBT_S + 0.1)
    watch.now += DEBT_S + 0.1
    assert spent.take(KEY, rate) == 0


def test_what_is_given_back_can_be_spent_again(spent: Rates) -> None:
    rate = Rate(1, 1)
    assert spent.take(KEY, rate) == 0
    spent.charge(KEY, rate, -1)
    assert spent.take(KEY, rate) == 0
    assert spent.take(KEY, rate) > 0


def test_what_others_have_spent_counts(watch: Watch) -> None:
    here, there = Rates(watch), Rates(watch)
    rate = Rate(10, 2)
    for _ in range(15):
        here.take(KEY, rate)
    told = here.fresh(0.02)
    assert told == {KEY: pytest.approx(1.5)}
    there.agree(told)
    assert [there.take(KEY, rate) for _ in range(5)] == [0.0] * 5
    assert there.take(KEY, rate) > 0
    # Told once only; and who has spent next to nothing is not spoken of.
    assert here.fresh(0.02) == {}
    assert there.fresh(1) == there.fresh(0.02) == {}


def test_room_is_made_for_those_that_still_wait(
    monkeypatch: pytest.MonkeyPatch, spent: Rates, watch: Watch
) -> None:
    monkeypatch.setattr(rates, "KEYS_MAX", 100)
    rate = Rate(1, 1)
    for number in range(90):
        spent.take(b"passed %d" % number, rate)
    watch.now += 2
    spent.take(KEY, rate)
    for number in range(40):
        spent.take(b"new %d" % number, rate)
    assert spent.take(KEY, rate) > 0
    for number in range(1_000):
        spent.take(b"newest %d" % number, rate)
    assert len(spent.fresh(0)) <= 100
