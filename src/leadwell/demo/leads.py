"""Sample leads: plausible, made up from a seed, with dates relative to today."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from leadwell.demo import campaign, words

COUNT = 1_430
SEED = 362
_DAYS = 420
"""How far back the oldest lead lies."""
_STATUSES = ("contacted", "offer-sent", "won", "lost", "unqualified")


@dataclass(frozen=True, slots=True)
class DemoLead:
    """One lead as it comes in, and what has become of it since."""

    created_at: datetime
    fields: dict[str, Any]
    """In the spelling of the wire."""
    external_id: str
    updated_at: datetime | None
    """When somebody dealt with it; `None`: nobody has."""
    status: str | None
    assigned_person: str | None
    """By name."""


def leads(now: datetime, seed: int = SEED, count: int = COUNT) -> list[DemoLead]:
    """Make up leads in the order in which they came in; equal seeds, equal leads."""
    random = Random(seed)  # noqa: S311 - sample data, no secret
    # More of them lately: the square pushes the ages towards today.
    ages = sorted((random.random() ** 2 * _DAYS for _ in range(count)), reverse=True)
    return [_lead(random, now, number, age) for number, age in enumerate(ages, 1)]


def _lead(random: Random, now: datetime, number: int, age_days: float) -> DemoLead:
    created = now - timedelta(days=age_days, seconds=random.random())
    is_touched = random.random() < min(0.85, 0.15 + age_days / 20)
    wait = timedelta(days=age_days * random.random() ** 3)
    return DemoLead(
        created_at=created,
        fields=dict(_fields(random, number, created)),
        external_id=f"demo-{number:05d}",
        updated_at=now - wait if is_touched else None,
        status=random.choices(_STATUSES, (40, 20, 15, 17, 8))[0]
        if is_touched
        else None,
        assigned_person=random.choice(words.PEOPLE) if is_touched else None,
    )


def _fields(
    random: Random, number: int, created: datetime
) -> Iterator[tuple[str, Any]]:
    first, last = random.choice(words.FIRST_NAMES), random.choice(words.LAST_NAMES)
    zipcode, city = random.choice(words.PLACES)
    is_company = random.random() < 0.22
    yield "name", f"{first} {last}"
    # Domains that RFC 2606 keeps for examples: no mail can reach anybody.
    yield "email", f"lead{number}@{random.choice(('example.com', 'example.org'))}"
    if random.random() < 0.9:
        # One made-up block, so that the numbers are seen to be invented.
        yield "phone", f"+4599{number % 1_000_000:06d}"
    yield "address", f"{random.choice(words.STREETS)} {random.randint(1, 120)}"
    yield "zipcode", zipcode
    yield "city", city
    yield "customer-type", "commercial" if is_company else "private"
    yield "source", _weighted(random, campaign.SOURCES, campaign.SOURCE_WEIGHTS)
    product = random.choice(tuple(campaign.PRODUCTS))
    yield "product", product
    interests = [slug for slug in campaign.INTERESTS if random.random() < 0.3]
    if interests:
        yield "interests", interests
    yield "newsletter", random.random() < 0.4
    if is_company:
        company = random.choice(words.COMPANIES).lower().replace("ø", "oe")
        yield "website", f"https://{company.replace('æ', 'ae')}{number}.example.com"
    yield from _offer(random, product, created)


def _offer(
    random: Random, product: str, created: datetime
) -> Iterator[tuple[str, Any]]:
    budget = random.randint(8, 260) * 1_000 + random.choice((0, 0, 0, 500, 250.5))
    if random.random() < 0.8:
        yield "budget", budget
    if random.random() < 0.5:
        cents = random.randint(0, 99)
        yield "estimated-price", f"{int(budget * 0.9)}.{cents:02d}"
        line = {"sku": product.upper(), "qty": random.randint(1, 24), "price": budget}
        yield "df_quotation_lines", [line]
    if random.random() < 0.4:
        later = created + timedelta(days=random.randint(2, 40))
        yield "follow-up", later.date().isoformat()
        yield "visit-at", later.strftime("%Y-%m-%dT%H:00:00Z")
    if random.random() < 0.25:
        yield "project-notes", random.choice(words.NOTES)


def _weighted(random: Random, choices: dict[str, str], weights: tuple[int, ...]) -> str:
    return random.choices(tuple(choices), weights)[0]
