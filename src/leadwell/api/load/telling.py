"""The limits of one token, as `/v2/me` tells them."""

from typing import Any

from leadwell.api.hub import Limits
from leadwell.api.load.quotas import LEADS_PER_POINT
from leadwell.api.load.rates import rate_of
from leadwell.model.query import PER_PAGE_DEFAULT, PER_PAGE_MAX
from leadwell.model.token import Token
from leadwell.schema.querystring import PARAMETERS_MAX
from leadwell.schema.question.following import WAIT_S_MAX


def told(limits: Limits, token: Token) -> dict[str, Any]:
    """Return every limit that the bearer of a token may meet."""
    return {
        "per_page_default": PER_PAGE_DEFAULT,
        "per_page_max": PER_PAGE_MAX,
        "parameters_max": PARAMETERS_MAX,
        "wait_s_max": WAIT_S_MAX,
        "url_bytes_max": limits.url_bytes_max,
        "header_bytes_max": limits.header_bytes_max,
        "body_bytes_max": limits.body_bytes_max,
        "batch_bytes_max": limits.batch_bytes_max,
        "body_timeout_s": limits.body_timeout_s,
        "requests_at_once": limits.token_in_flight_max,
        "long_polls_at_once": limits.token_long_polls_max,
        "rate": _rate(limits, token),
    }


def per_s_of(limits: Limits, token: Token) -> float:
    """Return how many points a token may spend each second; 0: any number."""
    return limits.token_rate if token.rate is None else token.rate


def _rate(limits: Limits, token: Token) -> dict[str, Any] | None:
    per_s = per_s_of(limits, token)
    if not per_s:
        return None
    return {
        "points_per_s": per_s,
        "points_at_once": rate_of(per_s, limits.rate_burst_s).burst,
        "leads_per_point": LEADS_PER_POINT,
    }
