"""Which of several forms of an answer a client likes best (RFC 9110 §12.5.1)."""

from collections.abc import Sequence

from starlette.types import Scope

HTML = "text/html"
MARKDOWN = "text/markdown"
JSON = "application/json"


def preferred(scope: Scope, offered: Sequence[str]) -> str:
    """Return the media type to answer with; the first one, if nothing tells.

    Of two that are liked equally the one that is named first wins, and a name wins over
    a wildcard.
    """
    lines = [value for name, value in scope["headers"] if name == b"accept"]
    ranges = b",".join(lines).decode("latin-1").lower().split(",")
    weights = [_weight(each) for each in ranges if each.strip()]
    return max(offered, key=lambda kind: _rank(kind, weights))


def _rank(kind: str, weights: Sequence[tuple[str, float]]) -> tuple[float, int]:
    ranks = {
        name: (weight, len(weights) - place)
        for place, (name, weight) in reversed(list(enumerate(weights)))
    }
    if kind in ranks:
        return ranks[kind]
    for place, wildcard in enumerate((f"{kind.partition('/')[0]}/*", "*/*")):
        if wildcard in ranks:
            return ranks[wildcard][0], -1 - place
    return 0.0, -3


def _weight(text: str) -> tuple[str, float]:
    name, _, parameters = text.partition(";")
    _, _, number = parameters.partition("q=")
    try:
        return name.strip(), float(number.partition(";")[0]) if number else 1.0
    except ValueError:
        return name.strip(), 0.0
