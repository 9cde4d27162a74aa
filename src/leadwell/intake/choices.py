"""Closed lists found in a file: the options of a select, the statuses."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from leadwell.intake.spelling import number
from leadwell.model.slug import unique_slug

Definition: TypeAlias = dict[str, object]

_CALENDARS_SPELLED = """
january february march april may june july august september october november december
jan feb mar apr may jun jul aug sep oct nov dec
januar februar marts april maj juni juli august september oktober november december
jan feb mar apr maj jun jul aug sep okt nov dec
januar februar märz april mai juni juli august september oktober november dezember
jan feb mär apr mai jun jul aug sep okt nov dez
monday tuesday wednesday thursday friday saturday sunday
mon tue wed thu fri sat sun
mandag tirsdag onsdag torsdag fredag lørdag søndag
man tir ons tor fre lør søn
montag dienstag mittwoch donnerstag freitag samstag sonntag
"""
_CALENDARS = tuple(
    {word: place for place, word in enumerate(words.split())}
    for words in _CALENDARS_SPELLED.strip().splitlines()
)

_STATUS_WORDS: dict[str, frozenset[str]] = {
    "won": frozenset({"won", "closed won", "sold", "vundet", "solgt", "gewonnen"}),
    "lost": frozenset(
        {"lost", "closed lost", "rejected", "tabt", "afvist", "verloren", "abgelehnt"}
    ),
    "inactive": frozenset(
        {
            "inactive",
            "closed",
            "archived",
            "cancelled",
            "canceled",
            "inaktiv",
            "lukket",
            "arkiveret",
            "annulleret",
            "geschlossen",
            "archiviert",
        }
    ),
}


def options(labels: Iterable[str]) -> list[Definition]:
    """List the options of a select, in the order people expect."""
    taken: set[str] = set()
    made: list[Definition] = []
    for label in ordered(labels):
        slug = unique_slug(label, taken, reserved=())
        taken.add(slug)
        made.append({"slug": slug, "label": label})
    return made


def statuses(counts: Mapping[str, int]) -> list[Definition]:
    """List the statuses of a campaign; the most frequent is the default.

    Only a word that leaves no doubt makes a status won, lost or inactive.
    """
    if not counts:
        return [{"slug": "new", "label": "New", "type": "active", "default": True}]
    made = options(counts)
    most = max(made, key=lambda option: counts[str(option["label"])])
    for option in made:
        option["type"] = _type_of(str(option["label"]))
    most["default"] = True
    return made


def ordered(labels: Iterable[str]) -> list[str]:
    """Sort labels: by the calendar, by number, else by the alphabet."""
    given = sorted(labels, key=lambda label: (label.casefold(), label))
    for calendar in _CALENDARS:
        if all(label.casefold() in calendar for label in given):
            return sorted(given, key=lambda label: calendar[label.casefold()])
    numbers = {label: number(label, decimal_comma=False) for label in given}
    if any(value is None for value in numbers.values()):
        return given
    return sorted(given, key=lambda label: numbers[label] or 0)


def _type_of(label: str) -> str:
    word = label.casefold().replace("_", " ").replace("-", " ").strip()
    for type_name, words in _STATUS_WORDS.items():
        if word in words:
            return type_name
    return "active"
