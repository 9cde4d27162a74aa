"""What the layers below refuse, in other languages than that of the code.

Their errors are English sentences with values put in. A language has the same sentence
with {} for each value, and so says what it has learnt; other sentences stay English.
Texts that were kept in English, as those of an import are, are said like any others.
"""

import re
from collections.abc import Iterable, Mapping

HOLE = "{}"
_BETWEEN = "; "
"""What stands between what was wrong and what to do about it, in one text."""
Patterns = tuple[tuple[re.Pattern[str], str], ...]


def patterns(texts: Mapping[str, str]) -> Patterns:
    """Return how each sentence is recognised; those that say most come first."""
    told = sorted(texts.items(), key=lambda pair: -len(pair[0].replace(HOLE, "")))
    return tuple((_pattern(text), said) for text, said in told)


def said(known: Patterns, text: str) -> str:
    """Say a refusal: the whole of it, or what was wrong and then what to do."""
    places = [match.start() for match in re.finditer(_BETWEEN, text)]
    for place in (*places, len(text)):
        wrong = _found(known, text[:place])
        if wrong is not None:
            rest = text[place:].removeprefix(_BETWEEN)
            hint = _found(known, rest) or rest
            return _BETWEEN.join(filter(None, (wrong, hint)))
    return text


def _found(known: Patterns, text: str) -> str | None:
    for pattern, said_ in known:
        if match := pattern.fullmatch(text):
            return _filled(said_, match.groups())
    return None


def _filled(text: str, values: Iterable[str]) -> str:
    parts = text.split(HOLE)
    return "".join(
        part + value for part, value in zip(parts, (*values, ""), strict=True)
    )


def _pattern(text: str) -> re.Pattern[str]:
    parts = map(re.escape, text.split(HOLE))
    return re.compile("(.+?)".join(parts), re.DOTALL)
