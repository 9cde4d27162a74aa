"""What a column of a file holds, counted value by value in bounded memory."""

import re
from collections import Counter
from collections.abc import Callable
from typing import cast

from leadwell.intake.source import Cell
from leadwell.intake.spelling import DIGITS_MAX, boolean, day, moment, number, text_of

# More different values than any closed list should have, and few enough to hold.
DISTINCT_MAX = 60

# A longer text is a sentence, not a choice.
CHOICE_CHARS_MAX = 60

# The longest value a `text` field takes.
TEXT_CHARS_MAX = 255

# What is asked of e-mail, phone and url: the odd typing error is a bad row.
MOSTLY = 0.95

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_URL = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)
_PHONE = re.compile(r"\+?[\d\s()./-]{6,24}")
_SLASHES = re.compile(r"(\d\d?)/\d\d?/\d{4}.*", re.DOTALL)


class Column:
    """The facts of one column.

    Up to `DISTINCT_MAX` different values are counted and judged at the end; beyond
    it every value is judged as it comes, against the kinds still possible.
    """

    def __init__(self, *, decimal_comma: bool) -> None:
        """Start with nothing seen; `decimal_comma` is how numbers are written."""
        self.filled = 0
        self.longest = 0
        self.multiline = False
        self.lists = 0
        self.objects = 0
        self.elements: Counter[str] = Counter()
        self._counted: Counter[str] | None = Counter()
        self._fits: Counter[str] = Counter()
        self._tests = _tests(decimal_comma=decimal_comma)
        self._possible = dict(self._tests)

    def add(self, cell: Cell) -> None:
        """Count one cell; an empty one says nothing."""
        if cell is None:
            return
        self.filled += 1
        if isinstance(cell, str):
            self._add_text(cell)
        elif isinstance(cell, list):
            self._add_list(cell)
        elif isinstance(cell, dict):
            self.objects += 1
        else:
            self._add_text(text_of(cell))

    @property
    def counts(self) -> Counter[str] | None:
        """How often each value is there, or `None` if they are too many or too long."""
        return self._counted

    def share(self, kind: str) -> float:
        """Which part of the filled cells is of the kind, from 0 to 1."""
        if self._counted is not None:
            test = self._tests[kind]
            fitting = sum(n for value, n in self._counted.items() if test(value))
        else:
            fitting = self._fits[kind]
        return fitting / self.filled if self.filled else 0.0

    def _add_text(self, text: str) -> None:
        counted = self._counted
        if counted is not None and text in counted:
            counted[text] += 1
            return
        self.longest = max(self.longest, len(text))
        self.multiline = self.multiline or "\n" in text
        if counted is None:
            self._judge(text, 1)
        elif len(counted) < DISTINCT_MAX and len(text) <= CHOICE_CHARS_MAX:
            counted[text] = 1
        else:
            self._counted = None
            for value, times in counted.items():
                self._judge(value, times)
            self._judge(text, 1)

    def _judge(self, text: str, times: int) -> None:
        failed: list[str] = []
        for kind, test in self._possible.items():
            if test(text):
                self._fits[kind] += times
            elif kind in _ALWAYS or self._fits[kind] < self.filled // 2:
                failed.append(kind)
        for kind in failed:
            self._possible.pop(kind)
            self._fits.pop(kind, None)

    def _add_list(self, items: list[object]) -> None:
        if all(
            isinstance(item, str) and len(item) <= CHOICE_CHARS_MAX for item in items
        ):
            self.lists += 1
            if len(self.elements) <= DISTINCT_MAX:
                self.elements.update(cast("list[str]", items))
        else:
            self.objects += 1


# A single value that is not one settles these: a number column holds numbers.
_ALWAYS = frozenset({"number", "date", "datetime", "ambiguous"})


def _tests(*, decimal_comma: bool) -> dict[str, Callable[[str], bool]]:
    def is_number(text: str) -> bool:
        return (
            (len(text) <= DIGITS_MAX or sum(map(str.isdigit, text)) <= DIGITS_MAX)
            and not text.startswith("+")
            and number(text, decimal_comma=decimal_comma) is not None
        )

    return {
        "number": is_number,
        "date": lambda text: day(text) is not None,
        "datetime": lambda text: moment(text) is not None,
        "ambiguous": lambda text: _first_of(text) <= 12,
        "boolean": lambda text: boolean(text) is not None,
        "email": lambda text: _EMAIL.fullmatch(text) is not None,
        "url": lambda text: _URL.fullmatch(text) is not None,
        "phone": _is_phone,
        "international": lambda text: text.startswith("+") and _is_phone(text),
    }


def _first_of(text: str) -> int:
    # 03/04/2024 is a day in April or in March; 31/03/2024 settles it for a column.
    slashes = _SLASHES.fullmatch(text)
    return int(slashes[1]) if slashes else 99


def _is_phone(text: str) -> bool:
    if _PHONE.fullmatch(text) is None:
        return False
    return 6 <= sum(map(str.isdigit, text)) <= 15
