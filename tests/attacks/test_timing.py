"""What exists is not told by how long an answer takes.

Both kinds of request are asked in turn, in random order, so that whatever else the
machine does falls on both. Compared are medians: what a busy machine adds to some
requests moves them little. In the suite the difference may be large, for it shows only
that no work is done for one kind alone; for a verdict on a quiet machine:

    LEADWELL_TEST_EFFORT=50 pytest -m proof tests/attacks/test_timing.py
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from statistics import median, quantiles

import pytest

from leadwell.admin import passwords
from leadwell.store import leads
from tests import leaks, make
from tests.attacks.place import LIST, PARTNER_NORTH, Patch, Place
from tests.desk import a_user
from tests.effort import EFFORT, REPEATS

pytestmark = [REPEATS, pytest.mark.proof]
PAIRS = 60 * EFFORT
SLOW_PAIRS = 4 * min(EFFORT, 10)
"""Of what hashes a password, which takes a tenth of a second."""
SHARE_MAX = 0.5
"""How much of a request's time the medians may differ by on a busy machine: a look more
at the database, a hash more, or a hash less takes more than that."""
NOISE_MAX = 3.0
"""With much effort: how much of the spread between single requests that is."""
Ask = Callable[[], object]


@dataclass(frozen=True)
class Compared:
    """How long two kinds of request took, in seconds."""

    first: list[float]
    other: list[float]

    @property
    def difference(self) -> float:
        return abs(median(self.first) - median(self.other))

    @property
    def share(self) -> float:
        """The difference, as a share of the time that one takes."""
        return self.difference / median([*self.first, *self.other])

    @property
    def noises(self) -> float:
        """The difference, in standard errors of a median of so many requests."""
        low, _, high = quantiles(self.first, n=4)
        return self.difference / (1.25 * (high - low) / 1.35 / len(self.first) ** 0.5)


def compared(first: Ask, other: Ask, pairs: int = PAIRS) -> Compared:
    """Ask both, again and again; the first ones warm what is warmed."""
    random, times = Random(1), ([], [])  # type: ignore[var-annotated]  # noqa: S311
    for number in range(pairs + 5):
        both = [(0, first), (1, other)]
        random.shuffle(both)
        for which, ask in both:
            started = time.perf_counter()
            ask()
            if number >= 5:
                times[which].append(time.perf_counter() - started)
    return Compared(*times)


def check(first: Ask, other: Ask, pairs: int = PAIRS) -> None:
    """Look up to three times: a neighbour may disturb one look, and a leak each."""
    for _ in range(3):
        found = compared(first, other, pairs)
        if found.share < SHARE_MAX and (EFFORT < 20 or found.noises < NOISE_MAX):
            return
    raise AssertionError(found)


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
    near = place.csv_link.replace(".csv", "")[:-1] + "Z.csv"
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
    check(*two(place))


def signing_in(place: Place) -> tuple[Ask, Ask]:
    """Somebody who signs in here, with a wrong password, and nobody."""
    user = a_user(place.hub, place.south, email="ada@example.com")

    def tried(email: str) -> Ask:
        return lambda: place.client.post(
            "/login", data={"email": email, "password": "a wrong password"}
        )

    return tried(user.email), tried("nobody@example.com")


def test_no_time_tells_who_signs_in(place: Place) -> None:
    check(*signing_in(place), SLOW_PAIRS)


def test_a_password_that_is_hashed_for_users_alone_would_be_found(
    place: Place, monkeypatch: Patch
) -> None:
    honest = passwords._verified

    def verified(kept: str | None, password: str) -> bool:
        return kept is not None and honest(kept, password)

    monkeypatch.setattr(passwords, "_verified", verified)
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
