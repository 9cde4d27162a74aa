"""What one request costs its reader, and what the reader is told of it.

A request costs one point, and one more for each hundred leads that it reads or writes;
one that is answered with `304` costs nothing.
"""

import math
from dataclasses import dataclass, field
from functools import lru_cache

from leadwell.api.load.rates import Rate, Rates, rate_of
from leadwell.errors.limits import RateLimited

LEADS_PER_POINT = 100
Header = tuple[bytes, bytes]


@dataclass(slots=True)
class Quota:
    """What is left to the reader of one request."""

    rates: Rates
    key: bytes
    rate: Rate
    name: str
    """Whose rate it is: `token` or `link`."""
    refusal: RateLimited | None = None

    def check(self) -> None:
        """Refuse the request, if its point was not there.

        Raises:
            RateLimited: the rate is used up.
        """
        if self.refusal is not None:
            raise self.refusal

    def begin(self) -> "Quota":
        """Spend the point that every request costs; `check` says whether it was there.

        A request looks at its token more than once, and is paid for once.
        """
        wait_s = self.rates.take(self.key, self.rate)
        if wait_s:
            self.refusal = _refusal(self.name, self.rate, wait_s)
        return self

    def charge(self, leads: int) -> None:
        """Spend what so many leads cost."""
        self.rates.charge(self.key, self.rate, leads / LEADS_PER_POINT)

    def give_back(self) -> None:
        """Let the request have cost nothing: its reader had the answer already."""
        self.rates.charge(self.key, self.rate, -1.0)

    def headers(self, now_s: float) -> list[Header]:
        """Return what the answer says of the rate; `now_s` is in seconds since 1970.

        draft-ietf-httpapi-ratelimit-headers, and what GitHub's clients read.
        """
        rate = self.rate
        ahead_s = self.rates.ahead_s(self.key)
        left = max(int((rate.window_s - ahead_s) * rate.per_s + 1e-6), 0)
        policy, limit, name = _standing(self.name, rate)
        return [
            policy,
            (b"ratelimit", b'"%s";r=%d;t=%d' % (name, left, math.ceil(ahead_s))),
            limit,
            (b"x-ratelimit-remaining", b"%d" % left),
            (b"x-ratelimit-reset", b"%d" % math.ceil(now_s + ahead_s)),
        ]


@lru_cache(maxsize=256)
def _standing(name: str, rate: Rate) -> tuple[Header, Header, bytes]:
    """Return what never changes of the headers: two of them, and the name."""
    window_s = max(math.ceil(rate.window_s), 1)
    policy = f'"{name}";q={rate.burst};w={window_s}'
    return (
        (b"ratelimit-policy", policy.encode()),
        (b"x-ratelimit-limit", b"%d" % rate.burst),
        name.encode(),
    )


def _refusal(name: str, rate: Rate, wait_s: float) -> RateLimited:
    seconds = max(math.ceil(wait_s), 1)
    return RateLimited(
        f"this {name} has used up its rate: {rate.burst:,} points at once, and "
        f"{rate.per_s:g} more each second",
        hint=f"wait {seconds} s. A request costs 1 point, and 1 more for each "
        f"{LEADS_PER_POINT} leads",
        wait_s=seconds,
        reason=f"{name}_rate",
    )


@dataclass(frozen=True, slots=True)
class Strangers:
    """Who sends wrong tokens, by address: it is soon answered without a look."""

    per_s: float
    """Wrong tokens a second; 0: any number."""
    burst_s: float
    rates: Rates = field(default_factory=Rates)

    def check(self, address: bytes) -> None:
        """Refuse an address that has sent too many, whatever it sends now.

        Raises:
            RateLimited: it has.
        """
        if not self.per_s:
            return
        wait_s = self.rates.wait_s(address, rate_of(self.per_s, self.burst_s))
        if wait_s:
            raise RateLimited(
                "too many wrong tokens came from your address",
                hint="compare the token with the one that you were given, and wait "
                "before you send it again",
                wait_s=max(math.ceil(wait_s), 1),
                reason="wrong_tokens",
            )

    def note(self, address: bytes) -> None:
        """Note a wrong token."""
        if self.per_s:
            self.rates.charge(address, rate_of(self.per_s, self.burst_s), 1.0)
