"""What the pages say, in the languages that there are: English, and Danish.

English stands in the templates as `_("…")`, and in the code as `said("…")`; the files
of a folder `xx` have the same in another language: under `[said]` the English text and
what it is there, under `[counted]` the text of one, and the two forms it has there,
and under `[refused]` what the layers below refuse (see `refusals`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib.resources import files

import msgspec

from leadwell.admin.words import clocks, refusals

LANGUAGES = {"en": "English", "da": "Dansk"}
"""By the tag of RFC 5646, with the name that its speakers give it."""


@dataclass(frozen=True)
class Words:
    """One language, and the clock of who reads it."""

    tag: str
    said: Mapping[str, str]
    counted: Mapping[str, tuple[str, str]]
    zone: tzinfo = UTC
    refused: refusals.Patterns = ()
    """What the layers below refuse."""

    def gettext(self, text: str) -> str:
        """Say a text; one that is not known is said in English."""
        return self.said.get(text, text)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Say a text of as many as there are."""
        forms = self.counted.get(one, (one, many))
        return forms[0] if number == 1 else forms[1]

    def __call__(self, text: str, **values: object) -> str:
        """Say a text, with values put in: `%(name)s`."""
        return self.gettext(text) % values if values else self.gettext(text)

    def by_clock(self, zone: str) -> "Words":
        """Return the same for who reads by the clock of a time zone."""
        return replace(self, zone=clocks.zone_of(zone))

    @property
    def zone_name(self) -> str:
        """The name of the time zone."""
        return str(self.zone)

    def moment(self, at: datetime) -> str:
        """Write a moment, to the minute."""
        return clocks.moment(at, self.zone, self.tag)

    def exact(self, at: datetime) -> str:
        """Write a moment, with its seconds where it has some."""
        return clocks.exact(at, self.zone, self.tag)

    def day(self, at: datetime) -> str:
        """Write the day of a moment."""
        return clocks.day(at.astimezone(self.zone), self.tag)

    def local(self, text: str) -> str:
        """Write a moment of the API as a browser's input has it."""
        return clocks.local(text, self.zone)

    def refusal(self, text: str) -> str:
        """Say what was refused, and what to do; an unknown one in English."""
        return refusals.said(self.refused, text)

    def number(self, number: int) -> str:
        """Write a whole number with its thousands apart."""
        text = f"{number:,}"
        return text.replace(",", ".") if self.tag == "da" else text


class File(msgspec.Struct, forbid_unknown_fields=True):
    """What a file of words holds."""

    said: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    counted: dict[str, tuple[str, str]] = msgspec.field(
        default_factory=dict[str, tuple[str, str]]
    )
    refused: dict[str, str] = msgspec.field(default_factory=dict[str, str])


def mark(text: str) -> str:
    """Name a text that is said where it is used, so that it is found here."""
    return text


def read(tag: str) -> File:
    """Read the files of a language together."""
    whole = File()
    for file in files(__package__).joinpath(tag).iterdir():
        part = msgspec.toml.decode(file.read_bytes(), type=File)
        whole.said |= part.said
        whole.counted |= part.counted
        whole.refused |= part.refused
    return whole


@cache
def words(tag: str) -> Words:
    """Return a language by its tag."""
    if tag == "en":
        return Words(tag, {}, {})
    held = read(tag)
    refused = refusals.patterns(held.refused)
    return Words(tag, held.said, held.counted, refused=refused)


def preferred(chosen: str, accept: str) -> str:
    """Return the language of a page: the chosen one, or what a browser likes best.

    Args:
        chosen: what the user has chosen; may be empty
        accept: the header `Accept-Language` (RFC 9110 §12.5.4)
    """
    if chosen in LANGUAGES:
        return chosen
    weights: dict[str, float] = {}
    for part in accept.split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            number = float(weight or 1)
        except ValueError:
            number = 0.0
        language = tag.partition("-")[0].lower()
        weights[language] = max(number, weights.get(language, 0.0))
    return max(LANGUAGES, key=lambda each: weights.get(each, 0.0))
