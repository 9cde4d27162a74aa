"""The log: one JSON object a line on stderr, and no value of anybody in it.

What an error *says* may quote what somebody sent, wherever it was raised. So a fault is
told by the kinds of its errors and the lines of code that they came through, and by
facts that have a name: a SQLSTATE, an `errno`, one of our codes.
"""

import errno
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO, cast

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from leadwell.errors import LeadwellError, UsageError

CHAIN_MAX = 8
"""How many errors are told that led to each other."""
_FACTS = ("sqlstate", "constraint", "result", "extendedresult")
"""What drivers of databases name besides the text of an error."""


def configure_logs(level: str) -> None:
    """Log one JSON object a line to stderr, also what libraries and threads say.

    Raises:
        UsageError: there is no such level.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise UsageError(
            f"{level!r} is not a log level", hint="use debug, info, warning or error"
        )
    structlog.configure(
        processors=processors(),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        # A line and its end in one write: several workers share one stderr.
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _STDERR)),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[Handler()], level=max(number, logging.WARNING))
    # Whoever sends half a form decides how often it warns; the request has a line.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    warnings.showwarning = _warned
    sys.excepthook = _hooked
    threading.excepthook = lambda given: _hooked(
        given.exc_type, given.exc_value, given.exc_traceback
    )


def log_beside() -> None:
    """Have what a command notes go to stderr, beside its answer; a hub has its own."""
    if not structlog.is_configured():
        structlog.configure(
            processors=processors(),
            # Looked up each time: who runs commands in one process may redirect it.
            logger_factory=lambda *_: structlog.WriteLogger(cast("TextIO", _STDERR)),
        )


class _Stderr:
    """Where lines go; a line that cannot be written keeps nothing from being done.

    Its disk may be full, or who read it gone: neither concerns who asks for leads.
    """

    def write(self, line: str) -> None:
        """Write a line, if that can be done."""
        with suppress(OSError, ValueError):
            sys.stderr.write(line)

    def flush(self) -> None:
        """Hand over what was written, if that can be done."""
        with suppress(OSError, ValueError):
            sys.stderr.flush()


_STDERR = _Stderr()


def processors() -> list[Processor]:
    """Return what makes a line of what happened."""
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_fault,
        structlog.processors.JSONRenderer(serializer=_as_json),
    ]


def told(error: BaseException) -> str:
    """Tell a fault without what its errors say: the newest, then what led to it."""
    return "\n".join(line for each in _chain(error) for line in _lines(each))


def _chain(error: BaseException) -> Iterator[BaseException]:
    each: BaseException | None = error
    for _ in range(CHAIN_MAX):
        if each is None:
            return
        yield each
        each = each.__cause__ or (
            None if each.__suppress_context__ else each.__context__
        )


def _lines(error: BaseException) -> Iterator[str]:
    yield _name(error)
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} {frame.name}: {frame.line}"
    # Of an ExceptionGroup.
    together: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    for each in together:
        yield from (f"  | {line}" for line in told(each).splitlines())


def _name(error: BaseException) -> str:
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}"
    facts = [f"{x}={getattr(error, x)}" for x in _FACTS if hasattr(error, x)]
    if isinstance(error, LeadwellError):
        facts.append(f"code={error.code}")
    if isinstance(error, OSError) and error.errno is not None:
        facts.append(f"errno={errno.errorcode.get(error.errno, error.errno)}")
    return f"{name}({', '.join(facts)})"


def _with_fault(_: Any, __: str, line: EventDict) -> EventDict:
    given: object = line.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given
    if isinstance(error, BaseException):
        line["exception"] = told(error)
    return line


class Handler(logging.Handler):
    """Writes what libraries log, without what is put into their words."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        line: dict[str, Any] = {
            "logger": record.name,
            "event": _quiet(str(record.msg)),
            "level": record.levelname.lower(),
        }
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["exception"] = told(error)
        _STDERR.write(f"{_as_json(line)}\n")
        _STDERR.flush()


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Log a warning of Python by its kind and place; its words may quote a value."""
    del message, file, line
    place = f"{filename}:{lineno}"
    structlog.get_logger("leadwell").warning("warned", of=category.__name__, at=place)


def _quiet(text: str) -> str:
    """Keep the first line of a message, and of a traceback all but what errors say."""
    lines = text.splitlines() or [""]
    if not lines[0].startswith("Traceback"):
        return lines[0]
    return "\n".join(x if x[:1] == " " else x.partition(":")[0] for x in lines)


def _hooked(
    kind: type[BaseException],
    error: BaseException | None,
    trace: TracebackType | None,
) -> None:
    del trace
    if issubclass(kind, KeyboardInterrupt) or error is None:
        return
    structlog.get_logger("leadwell").error("fault", exc_info=error)


def _as_json(line: dict[str, Any], **_: Any) -> str:
    text: bytes = msgspec.json.encode(line, enc_hook=str)
    return text.decode()
