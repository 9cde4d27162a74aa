"""Where leads can go. To add a destination, write its module and name it here."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

from leadwell.sync.destinations.base import Copy, Destination, Overtaken
from leadwell.sync.destinations.files import (
    CSVFile,
    ExcelFile,
    NDJSONFile,
    Output,
    WrittenFile,
)
from leadwell.sync.destinations.sqlite import SQLiteFile
from leadwell.sync.errors import UnknownDestination


def _duckdb(place: str) -> Destination:
    # Its driver is there with leadwell[sync] only.
    from leadwell.sync.destinations import duckdb_file  # noqa: PLC0415

    return duckdb_file.DuckDBFile(_path(place))


def _xlsx(place: str) -> Destination:
    # What it is written with is there with leadwell[sync] only.
    from leadwell.sync.destinations import typed  # noqa: PLC0415

    return _written(typed.WorkbookFile(_path(place)))


def _parquet(place: str) -> Destination:
    from leadwell.sync.destinations import typed  # noqa: PLC0415

    return typed.ParquetFolder(_folder(place) / "leads.parquet")


def _postgres(place: str) -> Destination:
    # Its driver is there with leadwell[postgres] only.
    from leadwell.sync.destinations.postgres import copy  # noqa: PLC0415

    return copy.at(f"postgresql:{place}")


DESTINATIONS: Mapping[str, Callable[[str], Destination]] = {
    "sqlite": lambda place: SQLiteFile(_path(place)),
    "duckdb": _duckdb,
    "postgresql": _postgres,
    "parquet": _parquet,
    "xlsx": _xlsx,
    "csv": lambda place: _written(CSVFile(_path(place))),
    "csv-excel": lambda place: _written(ExcelFile(_path(place))),
    "ndjson": lambda place: _written(NDJSONFile(_path(place))),
}
"""By what stands before the colon; each is given what stands after it."""
_ALSO = {"postgres": "postgresql"}
"""Other words for the same."""
FOLLOWED_BY = {"postgresql": "//USER@HOST/DATABASE", "parquet": "FOLDER"}
"""What stands after the colon, where that is not the name of a file."""
_SECRET = re.compile(r"(?<=://).*@|(?<=password=)[^&\s]*")
RECEIVERS: Mapping[str, str] = {
    "webhook": "URL",
    "http": "FILE.toml",
    "dlt": "DESTINATION",
}
"""What leads are sent on to, by what stands before the colon, and what follows it."""
OPTIONS = ("ledger", "dead-letters", "batch", "parallel", "secret")
"""What may stand after a `#`, where leads are sent on; nothing of it is ever sent."""
_BY_ENDING = {".db": "sqlite", ".sqlite": "sqlite", ".sqlite3": "sqlite"}


def _path(place: str) -> Path:
    path = _folder(place)
    if not path.name:
        raise UnknownDestination(f"{place!r} is no file", hint="name one: leads.db")
    return path


def _folder(place: str) -> Path:
    try:
        path = Path(place).expanduser()
    except RuntimeError as error:
        raise UnknownDestination(f"{place!r} is no file: {error}") from None
    if place.startswith("//"):
        raise UnknownDestination(
            f"{place!r} is no file",
            hint="for instance sqlite:leads.db, or sqlite:/folder/leads.db",
        )
    return path


def _written(file: WrittenFile) -> Destination:
    return Output(file) if str(file.path) == "-" else file


def is_receiver(text: str) -> bool:
    """Whether a text names what leads are sent on to."""
    return text.partition(":")[0] in RECEIVERS


def shown(text: str) -> str:
    """Write what names a destination without what may be a secret in it.

    The path of many a hook is its password.
    """
    scheme, _, place = text.partition(":")
    if scheme == "webhook" and "://" in place:
        kind, _, rest = place.partition("://")
        host = re.split(r"[/?#]", rest)[0].rpartition("@")[2]
        return f"{scheme}:{kind}://{host}/…"
    return _SECRET.sub("…", text)


def _meant(text: str) -> str:
    """Return what was probably meant by a text that names no destination."""
    scheme, colon, place = text.partition(":")
    near = get_close_matches(scheme, DESTINATIONS, 1) if colon and place else []
    by_ending = _BY_ENDING.get(Path(text).suffix, Path(text).suffix[1:])
    if near:
        return f"{near[0]}:{place}"
    return f"{by_ending}:{text}" if by_ending in DESTINATIONS else ""


def named(text: str) -> Destination:
    """Return the destination that a text names: `sqlite:leads.db`.

    Raises:
        UnknownDestination: it names none; the message says which there are.
    """
    scheme, colon, place = text.partition(":")
    scheme = _ALSO.get(scheme, scheme)
    if colon and place and scheme in DESTINATIONS:
        return DESTINATIONS[scheme](place)
    if place and scheme in RECEIVERS:
        # What speaks HTTP takes time to import, and few runs need it here.
        from leadwell.sync.destinations.push import receivers  # noqa: PLC0415

        return receivers.RECEIVERS[scheme](place)
    listed = ", ".join(
        [f"{each}:{FOLLOWED_BY.get(each, 'FILE')}" for each in DESTINATIONS]
        + [f"{each}:{what}" for each, what in RECEIVERS.items()]
    )
    meant = f"did you mean {shown(guess)}? " if (guess := _meant(text)) else ""
    raise UnknownDestination(
        f"{shown(text)!r} is no destination",
        hint=f"{meant}there are {listed}",
    )


__all__ = [
    "DESTINATIONS",
    "FOLLOWED_BY",
    "OPTIONS",
    "RECEIVERS",
    "Copy",
    "Destination",
    "Overtaken",
    "is_receiver",
    "named",
    "shown",
]
