"""What a question costs that nobody has asked before, and when it is asked again.

The hub has just been started and its index loaded. Some questions are asked once, then
the same ones again; they are fewer than those whose answers and pins a hub has at hand.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from random import Random
from statistics import median

from bench import load, progress, serving
from bench.cases import LEADS
from bench.data import SELECTS, STATUSES, Made
from bench.load import asked
from bench.measures.reading import CLIENTS, warm
from bench.serving import Server

QUESTIONS = 150
AT_ONCE = 30
SETTLING = 300
"""Other pages that are read first, so that the interpreter has seen the code."""
Row = dict[str, float]
_CHOICES = {"status": list(STATUSES)} | {
    slug: [f"{slug}-{number}" for number in range(many)]
    for slug, many in SELECTS.items()
}
THREE, THREE_UNPINNED = "three filters", "three filters, _snapshot=none"
KINDS = {
    "one filter": (1, ""),
    "two filters": (2, ""),
    THREE: (3, ""),
    THREE_UNPINNED: (3, "&_snapshot=none"),
}
"""How many filters, and what is asked besides: without a pin nothing is written."""


def measured(given: Made, small: Made, rounds: int) -> dict[str, dict[str, Row]]:
    """Return the figures by kind and hub, in microseconds of processor time."""
    hubs = {serving.HUB: given}
    if small.leads != given.leads:
        hubs[serving.SMALL_HUB] = small
    taken: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for number in range(rounds):
        progress.stage(f"first touch, round {number + 1} of {rounds}")
        for name, made in hubs.items():
            with serving.hub(made, name=name) as hub:
                warm(hub, made)
                _settle(hub, made)
                for kind, (filters, more) in KINDS.items():
                    raw = _questions(filters, more, made.whole, number)
                    costs = _costs_us(hub, raw)
                    taken.setdefault(kind, {}).setdefault(name, []).append(costs)
    return {
        kind: {
            name: {
                "first_us": median(first for first, _ in costs),
                "again_us": median(again for _, again in costs),
            }
            for name, costs in by_hub.items()
        }
        for kind, by_hub in taken.items()
    }


def _settle(hub: Server, made: Made) -> None:
    raw = [
        asked(f"{LEADS}?status[ne]={status}&page={page}", made.whole)
        for status in STATUSES
        for page in range(1, SETTLING // len(STATUSES))
    ]
    load.measured(hub, lambda number: raw[number], len(raw))


def _costs_us(hub: Server, raw: Sequence[bytes]) -> tuple[float, float]:
    """Return what a question costs the first time, and the second time."""
    cpu_s = [0.0, 0.0]
    for start in range(0, len(raw), AT_ONCE):
        some = raw[start : start + AT_ONCE]
        for turn in range(2):
            figures = load.measured(hub, some.__getitem__, len(some), CLIENTS)
            cpu_s[turn] += figures.cpu_s
    return cpu_s[0] / len(raw) * 1e6, cpu_s[1] / len(raw) * 1e6


def _questions(filters: int, more: str, token: str, seed: int) -> list[bytes]:
    """Return so many different questions, others with each seed where there are."""
    every = list(_combined(filters))
    # A kind of its own: what one kind has asked is not the first touch of another.
    chosen = Random(f"{filters}{more}{seed}").sample(every, min(QUESTIONS, len(every)))
    return [asked(f"{LEADS}?{'&'.join(pairs)}{more}&page=1", token) for pairs in chosen]


def _combined(filters: int) -> Iterator[tuple[str, ...]]:
    for fields in combinations(_CHOICES, filters):
        given = ([f"{x}={value}" for value in _CHOICES[x]] for x in fields)
        yield from product(*given)
