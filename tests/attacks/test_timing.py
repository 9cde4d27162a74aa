"""What exists is not told by how long an answer takes.

Both kinds of request are asked in turn, in random order, so that whatever else the
machine does falls on both. In the suite the difference may be large, for it shows only
that no work is done for one kind alone; for a verdict on a quiet machine:

    LEADWELL_TEST_EFFORT=50 pytest -m proof tests/attacks/test_timing.py

Then a difference is one that chance does not make, and that is larger than what one
kind shows against itself in the same minutes. It is looked for by the clock, as others
would, and by the processor's time, on which a neighbour has little influence.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from statistics import median

import pytest

from leadwell.admin import passwords
from leadwell.store import leads
from tests import leaks, make
from tests.attacks.place import LIST, PARTNER_NORTH, Patch, Place
from tests.desk import a_user
from tests.effort import EFFORT, REPEATS
from tests.recording import recorded

pytestmark = [REPEATS, pytest.mark.proof]
PAIRS = 60 * EFFORT
SLOW_PAIRS = 4 * min(EFFORT, 10)
"""Of what hashes a password, which takes a tenth of a second."""
VERDICT_PAIRS = 400
"""So many show a difference that is small, where there is one."""
WARM_UPS = 5
SHARE_MAX = 0.5
"""How much of a request's time the medians may differ by on a busy machine: a look more
at the database, a hash more, or a hash less takes more than that."""
CHANCE_MAX = 4.0
"""In standard deviations of Wilcoxon's sum: by chance it is passed once in 16,000."""
VISIBLE = 0.02
"""Of a request's time: a shift of less is some microseconds, which no reader sees."""
NO_PAUSE = ("WRONG_AFTER_S", 0.0)
"""So that what is left of the request is the hash, and the lack of one shows."""
Ask = Callable[[], object]


@dataclass(frozen=True)
class Compared:
    """How long two kinds of request took by one clock, in seconds, pair by pair."""

    first: list[float]
    other: list[float]

    def __str__(self) -> str:
        return (
            f"{len(self.first)} pairs: one kind takes {self.usual * 1e6:.0f} us, the "
            f"other differs by {self.shift * 1e6:.0f} us, and the one from itself by "
            f"{self.unrest * 1e6:.0f} us; {self.chance:.1f} deviations from chance"
        )

    @property
    def usual(self) -> float:
        return median([*self.first, *self.other])

    @property
    def share(self) -> float:
        """The difference of the medians, as a share of the time that one takes."""
        return abs(median(self.first) - median(self.other)) / self.usual

    @property
    def shift(self) -> float:
        """The median of the pairs' differences."""
        return abs(median(differences(self.first, self.other)))

    @property
    def unrest(self) -> float:
        """The same of one kind and itself: of what was asked one after the other."""
        return abs(median(differences(self.first[::2], self.first[1::2])))

    @property
    def chance(self) -> float:
        """Wilcoxon's signed ranks, in standard deviations from what chance gives."""
        by_size = sorted(differences(self.first, self.other), key=abs)
        count = len(by_size)
        above = sum(rank for rank, each in enumerate(by_size, 1) if each > 0)
        expected = count * (count + 1) / 4
        return abs(above - expected) / (expected * (2 * count + 1) / 6) ** 0.5

    @property
    def is_told(self) -> bool:
        """Whether somebody could tell the kinds apart who asks often enough."""
        is_visible = self.shift > max(VISIBLE * self.usual, self.unrest)
        return is_visible and self.chance > CHANCE_MAX


def differences(first: list[float], other: list[float]) -> list[float]:
    return [one - two for one, two in zip(first, other, strict=False)]


@dataclass(frozen=True)
class Look:
    """One comparison, by both clocks."""

    seen: Compared
    spent: Compared
    """The processor's time, of all threads."""

    def __str__(self) -> str:
        return f"by the clock: {self.seen}; of the processor: {self.spent}"


def compared(first: Ask, other: Ask, pairs: int = PAIRS) -> Look:
    """Ask both, again and again; the first ones warm what is warmed."""
    random = Random(1)  # noqa: S311 - an order, no secret
    seen: tuple[list[float], list[float]] = ([], [])
    spent: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs + WARM_UPS):
        both = [(0, first), (1, other)]
        random.shuffle(both)
        for which, ask in both:
            started = time.perf_counter(), time.process_time()
            ask()
            ended = time.perf_counter(), time.process_time()
            if number >= WARM_UPS:
                seen[which].append(ended[0] - started[0])
                spent[which].append(ended[1] - started[1])
    return Look(Compared(*seen), Compared(*spent))


def is_rough(look: Look) -> bool:
    """Whether one kind plainly takes longer."""
    return look.seen.share >= SHARE_MAX


def is_told(look: Look) -> bool:
    """Whether there is a difference at all, by any clock."""
    return is_rough(look) or look.seen.is_told or look.spent.is_told


def is_told_by_the_clock(look: Look) -> bool:
    """The same of what is written while the answer waits: that spends, unseen."""
    return is_rough(look) or look.seen.is_told


def check(
    first: Ask, other: Ask, pairs: int = PAIRS, fails: Callable[[Look], bool] = is_rough
) -> Look:
    """Look up to three times: a neighbour may disturb one look, and a leak each."""
    for _ in range(3):
        look = compared(first, other, pairs)
        if not fails(look):
            return look
    raise AssertionError(str(look))


def a_hidden_lead_and_none(place: Place) -> tuple[Ask, Ask]:
    return (
        lambda: place.get(f"{LIST}/{PARTNER_NORTH}"),
        lambda: place.get(f"{LIST}/999999"),
    )


def a_foreign_campaign_and_none(place: Place) -> tuple[Ask, Ask]:
    token = place.token_of_account()
    return (
        lambda: place.get("/v2/campaigns/363", token),
        lambda: place.get("/v2/campaigns/999999", token),
    )


def a_token_almost_right_and_none(place: Place) -> tuple[Ask, Ask]:
    """Tokens of another system, as they have no checksum: only the digest decides."""
    return (
        lambda: place.get(LIST, f"{place.partner[3:40]}"),
        lambda: place.get(LIST, "x" * 37),
    )


def a_link_almost_right_and_none(place: Place) -> tuple[Ask, Ask]:
    near = make.almost(place.csv_link.removesuffix(".csv")) + ".csv"
    return (
        lambda: place.client.get(near),
        lambda: place.client.get(f"/feed/{'Q' * 43}.csv"),
    )


def a_hidden_lead_and_none_written(place: Place) -> tuple[Ask, Ask]:
    body = {"fields": {"name": "Mine"}}
    return (
        lambda: place.ask("PATCH", f"{LIST}/{PARTNER_NORTH}", json=body),
        lambda: place.ask("PATCH", f"{LIST}/999999", json=body),
    )


QUICK = [
    a_hidden_lead_and_none,
    a_foreign_campaign_and_none,
    a_token_almost_right_and_none,
    a_link_almost_right_and_none,
    a_hidden_lead_and_none_written,
]


@pytest.mark.parametrize("two", QUICK, ids=lambda each: each.__name__)
def test_no_time_tells_what_there_is(
    place: Place, two: Callable[[Place], tuple[Ask, Ask]]
) -> None:
    with recorded("timing", on=two.__name__.replace("_", " ")) as counts:
        look = check(*two(place), fails=is_told if EFFORT >= 20 else is_rough)
        counts["pairs"] = len(look.seen.first)
    print(look)  # noqa: T201 - shown by pytest -s


def signing_in(place: Place) -> tuple[Ask, Ask]:
    """Somebody who signs in here, with a wrong password, and nobody."""
    user = a_user(place.hub, place.south, email="ada@example.com")

    def tried(email: str) -> Ask:
        def ask() -> object:
            # Nobody has to wait any more: each failure is counted, and written.
            place.clock.now += timedelta(hours=2)
            given = {"email": email, "password": "a wrong password"}
            return place.client.post("/login", data=given)

        return ask

    return tried(user.email), tried("nobody@example.com")


def test_no_time_tells_who_signs_in(place: Place, monkeypatch: Patch) -> None:
    fails = is_told_by_the_clock if EFFORT >= 20 else is_rough
    if fails is is_rough:
        monkeypatch.setattr(passwords, *NO_PAUSE)
    with recorded("timing", on="a user and nobody") as counts:
        look = check(*signing_in(place), SLOW_PAIRS, fails)
        counts["pairs"] = len(look.seen.first)
    print(look)  # noqa: T201 - shown by pytest -s


def test_one_kind_alone_is_not_told_from_itself(place: Place) -> None:
    ask, _ = a_hidden_lead_and_none(place)
    check(ask, ask, VERDICT_PAIRS, is_told)


def test_ten_looks_more_would_be_found_by_a_verdict(
    place: Place, monkeypatch: Patch
) -> None:
    """All of them take a tenth of the request."""
    honest = leads.find_one

    def find_one(connection: object, campaign: object, query: object) -> object:
        found = honest(connection, campaign, query)  # type: ignore[arg-type]
        hidden = honest(connection, campaign, leaks._open(query))  # type: ignore[arg-type]
        for _ in range(10 if hidden else 0):
            honest(connection, campaign, replace(query))  # type: ignore[arg-type,type-var]
        return found

    monkeypatch.setattr(leads, "find_one", find_one)
    with pytest.raises(AssertionError):
        check(*a_hidden_lead_and_none(place), VERDICT_PAIRS, is_told)


def test_a_password_that_is_hashed_for_users_alone_would_be_found(
    place: Place, monkeypatch: Patch
) -> None:
    honest = passwords._verified

    def verified(kept: str | None, password: str) -> bool:
        return kept is not None and honest(kept, password)

    monkeypatch.setattr(passwords, "_verified", verified)
    monkeypatch.setattr(passwords, *NO_PAUSE)
    with pytest.raises(AssertionError):
        check(*signing_in(place), SLOW_PAIRS)


def test_a_look_at_each_lead_would_be_found(place: Place, monkeypatch: Patch) -> None:
    """Work that is done for a lead that is there, and hidden, and for no other."""
    for _ in range(20):
        make.a_lead(place.database, place.campaign)

    honest = leads.find_one

    def find_one(connection: object, campaign: object, query: object) -> object:
        found = honest(connection, campaign, query)  # type: ignore[arg-type]
        if found is None and honest(connection, campaign, leaks._open(query)):  # type: ignore[arg-type]
            for _ in range(300):
                honest(connection, campaign, replace(query))  # type: ignore[arg-type,type-var]
        return found

    monkeypatch.setattr(leads, "find_one", find_one)
    with pytest.raises(AssertionError):
        check(*a_hidden_lead_and_none(place))
