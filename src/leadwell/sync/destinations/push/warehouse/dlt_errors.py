"""What dlt's errors mean for the user. None of its packages is needed to read them."""

import errno
import os
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from leadwell.errors import LeadwellError, UsageError
from leadwell.sync.destinations.meanings import FULL, meant
from leadwell.sync.destinations.push.warehouse.engine import Away
from leadwell.sync.errors import ReceiverRefuses

SAID_CHARACTERS_MAX = 300
_WITHIN = ("client_exception", "dbapi_exception", "inner_exc")
"""Where dlt's errors have what the warehouse or its driver said."""
_PASSWORD = re.compile(
    r"(?<=://)[^@\s]*@|(?<=password=)[^&\s]*|(?<=pwd=)[^;\s]*", re.IGNORECASE
)
_SECRET_NAMES = ("PASSWORD", "SECRET", "CREDENTIALS", "TOKEN", "KEY")
_SECRET_CHARACTERS_MIN = 4
"""What is shorter would be taken out of ordinary words."""


@contextmanager
def explained(text: str, destination: str) -> Generator[None]:
    """Say of dlt's errors what they mean.

    Args:
        text: names the warehouse in messages
        destination: as dlt calls it

    Raises:
        UsageError: a package or a setting is missing, or cannot be used.
        Away: it may well work later.
        ReceiverRefuses: it never will.
    """
    try:
        yield
    except LeadwellError:
        raise
    except Exception as error:
        # Not "from error": its text may hold a password, and a log would show it.
        raise _meaning(list(_causes(error)), text, destination) from None


def _meaning(causes: list[BaseException], text: str, destination: str) -> BaseException:
    names = [{kind.__name__ for kind in type(each).__mro__} for each in causes]
    kinds: set[str] = set[str]().union(*names)
    if "KeyboardInterrupt" in kinds:
        return KeyboardInterrupt()
    if any(getattr(each, "errno", 0) == errno.ENOSPC for each in causes):
        return meant(text, FULL)
    if "ImportError" in kinds:
        return UsageError(
            f"dlt lacks a package for {destination}: {_said(causes, 'ImportError')}",
            hint=f"pip install 'dlt[{destination}]'",
        )
    if "ConfigurationException" in kinds:
        listed = (getattr(each, "fields", None) for each in causes)
        fields: Sequence[str] = next(filter(None, listed), ())
        lacks = f"does not find {', '.join(fields)} in" if fields else "cannot use"
        return UsageError(
            f"dlt {lacks} its settings for {destination}",
            hint=f"set DESTINATION__{destination.upper()}__CREDENTIALS, or write it "
            "into .dlt/secrets.toml: https://dlthub.com/docs/dlt-ecosystem/destinations",
        )
    if "TransientException" in kinds:
        return Away(_said(causes, "TransientException"))
    return ReceiverRefuses(
        f"{text} does not take the leads: {_said(causes, 'TerminalException')}",
        hint="nothing was given up: what waits is kept in the ledger",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Return an error and what it came from, the outermost first."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and each not in found:
            found.append(each)
            within = [getattr(each, name, None) for name in ("exception", *_WITHIN)]
            waiting += [*within, each.__cause__, each.__context__]
    yield from found


def _said(causes: list[BaseException], kind: str) -> str:
    """Return what was said first by an error of a kind, by what it wraps if it does."""
    named = (e for e in causes if kind in {k.__name__ for k in type(e).__mro__})
    said: BaseException = next(named, causes[0])
    while isinstance(within := _within(said), BaseException):
        said = within
    text = " ".join(str(said).split()) or type(said).__name__
    return masked(text)[:SAID_CHARACTERS_MAX]


def _within(error: BaseException) -> object:
    return next((getattr(error, n) for n in _WITHIN if getattr(error, n, None)), None)


def masked(text: str) -> str:
    """Take out what could be a secret: passwords, and what variables hold as such."""
    for name, value in os.environ.items():
        is_secret = any(word in name.upper() for word in _SECRET_NAMES)
        if is_secret and len(value) >= _SECRET_CHARACTERS_MIN:
            text = text.replace(value, "***")
    return _PASSWORD.sub("***", text)
