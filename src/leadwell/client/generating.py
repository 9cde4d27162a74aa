"""A campaign's schema as a Python module: `leadwell codegen`. Pure text."""

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from leadwell.client.errors import UnexpectedAnswer

_HEAD = '''\
"""Leads of campaign {id}, as the types of their fields.

Written by `leadwell codegen {id}` from schema {version}. Run that again, do not edit.
"""

from datetime import date as Date
from datetime import datetime as Moment
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypedDict

from msgspec import Struct, field

from leadwell.client import Choice
from leadwell.client.models import TypedLead

__all__ = {names}
SCHEMA_VERSION = "{version}"

# {name}
'''
_TYPES = {
    "number": "int | float",
    "decimal": "Decimal",
    "boolean": "bool",
    "date": "Date",
    "datetime": "Moment",
    "select": "Choice",
    "multi_select": "list[Choice]",
    "text": "str",
    "long_text": "str",
    "email": "str",
    "phone": "str",
    "url": "str",
}
"""By type of field; what is unknown here, and `json`, may be anything."""
_ALWAYS = ("SCHEMA_VERSION", "Fields", "Given", "Lead", "Status")
_IMPORTED = ("Any", "Choice", "Date", "Decimal", "Moment", "StrEnum", "Struct")
_TAKEN_CLASSES = {*_ALWAYS, *_IMPORTED, "TypedDict", "TypedLead"}
# In the body of a class, a field of that name would stand for the type after it.
_TAKEN_NAMES = {"str", "int", "float", "bool", "list", "field"} | set(keyword.kwlist)
_LABEL_CHARACTERS_MAX = 70
_SAFE = re.compile(r"[\w.-]+", re.ASCII)


class _Names:
    """Python names that are given out once each."""

    def __init__(self, taken: Iterable[str], ending: str) -> None:
        self._taken = set(taken)
        self._ending = ending

    def of(self, wanted: str) -> str:
        """Return the name, or one like it when it is taken."""
        name, number = wanted, 1
        while name in self._taken:
            name = f"{wanted}{self._ending}{'' if number == 1 else number}"
            number += 1
        self._taken.add(name)
        return name


def module(schema: Mapping[str, Any]) -> str:
    """Write the types of a campaign's leads, from its schema as the hub answers it.

    Raises:
        UnexpectedAnswer: its id or its version is not one that a hub gives.
    """
    fields = schema["fields"]
    class_names = _Names(_TAKEN_CLASSES, "Option")
    enums = {
        each["slug"]: class_names.of(_class_name(each["slug"]))
        for each in fields
        if "options" in each
    }
    head = _HEAD.format(
        id=_word(schema["campaign_id"]),
        version=_word(schema["version"]),
        name=_comment(schema["name"]),
        names=_listed([*_ALWAYS, *enums.values()]),
    )
    options = [
        _enum(enums[each["slug"]], each["options"], each["label"])
        for each in fields
        if each["slug"] in enums
    ]
    status = _enum("Status", schema["statuses"], "Where a lead stands")
    parts = [*options, status, _fields(fields), _given(fields, enums), _LEAD]
    return "\n\n".join([head, *parts])


_LEAD = '''\
class Lead(TypedLead, frozen=True, kw_only=True):
    """A lead of the campaign: `Lead.of(lead)` reads one of the client."""

    fields: Fields
'''


def _enum(name: str, options: Iterable[Mapping[str, Any]], label: str) -> str:
    members = _Names({"mro", "name", "value"}, "_")
    lines = [f"class {name}(StrEnum):", f"    # {_comment(label)}", ""]
    for option in options:
        member = members.of(_name(option["slug"]).upper())
        line = f"    {member} = {_quoted(option['slug'])}"
        lines.append(f"{line}  # {_comment(option['label'])}")
    return "\n".join([*lines, ""]) + ("" if len(lines) > 3 else "    pass\n")


def _fields(fields: Iterable[Mapping[str, Any]]) -> str:
    names = _Names(_TAKEN_NAMES, "_")
    lines = ["class Fields(Struct, frozen=True, kw_only=True):"]
    lines += ['    """What a lead holds; `None` where a field is empty."""', ""]
    for each in fields:
        slug, name = each["slug"], names.of(_name(each["slug"]))
        kind = f"{_TYPES.get(each['type'], 'Any')} | None"
        default = "None"
        if name != slug:
            default = f"field(default=None, name={_quoted(slug)})"
        lines += [f"    # {_comment(each['label'])}", f"    {name}: {kind} = {default}"]
    return "\n".join([*lines, ""])


def _given(fields: Iterable[Mapping[str, Any]], enums: Mapping[str, str]) -> str:
    lines = ["Given = TypedDict(", '    "Given",', "    {"]
    lines += [f"        {line}," for line in _given_lines(fields, enums)]
    lines += ["    },", "    total=False,", ")", ""]
    meaning = '"""What `create` and `update` are given; `None` empties a field."""'
    return "\n".join([*lines[:-1], meaning, ""])


def _given_lines(
    fields: Iterable[Mapping[str, Any]], enums: Mapping[str, str]
) -> Iterator[str]:
    for each in fields:
        kind = _TYPES.get(each["type"], "Any")
        kind = kind.replace("Choice", enums.get(each["slug"], "str"))
        yield f"{_quoted(each['slug'])}: {kind} | None"


def _class_name(slug: str) -> str:
    words = re.split(r"[^A-Za-z0-9]+", slug)
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return name if name[:1].isalpha() else f"Options{name}"


def _name(slug: str) -> str:
    name = re.sub(r"\W", "_", slug, flags=re.ASCII).strip("_")
    return name if name[:1].isalpha() else f"n_{name}"


def _comment(text: str) -> str:
    # Whatever people write into a label, it must not end the comment.
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line[:_LABEL_CHARACTERS_MAX]


def _word(given: object) -> str:
    # It stands in the module as it is, which somebody will run.
    text = str(given)
    if not _SAFE.fullmatch(text):
        raise UnexpectedAnswer(f"the hub says {text[:40]!r} where it has an id")
    return text


def _quoted(text: str) -> str:
    return f'"{text}"' if _SAFE.fullmatch(text) else repr(text)


def _listed(names: Iterable[str]) -> str:
    lines = [f"    {_quoted(name)}," for name in sorted(names)]
    return "\n".join(["[", *lines, "]"])
