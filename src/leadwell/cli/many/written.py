"""A TOML file, and where in it something stands: what is wrong has its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from leadwell.errors import UsageError


class Written:
    """The file, to say where in it something is wrong."""

    def __init__(self, file: Path) -> None:
        """Read the file.

        Raises:
            UsageError: it cannot be read, or is no TOML.
        """
        self.file = file
        try:
            text = file.read_text("utf-8")
            self.content = tomllib.loads(text)
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} is no TOML: {error}") from None
        self._lines = text.splitlines()

    def at(self, key: str, section: str, place: int = 0) -> str:
        """Return file and line of a key in a section, the place-th of that name."""
        line = self._line(key, section, place) or self._line(key, "[defaults]", 0)
        return f"{self.file}, line {line}" if line else f"{self.file}"

    def table(self, found: object, section: str) -> dict[str, Any]:
        """Return what must be a table as one."""
        if not isinstance(found, dict):
            raise UsageError(f"{self.file}: {section} is no table")
        return cast("dict[str, Any]", found)

    def refuse_unknown(
        self,
        found: Mapping[str, Any],
        known: Iterable[str],
        section: str,
        place: int = 0,
    ) -> None:
        """Refuse keys that nobody reads, and secrets."""
        for key in found:
            if key in {"token", "password", "secret"} and key not in known:
                raise UsageError(
                    f"{self.at(key, section, place)}: a secret does not stand in a "
                    "file that others read",
                    hint="name where it is: token_env, token_file or token_keyring",
                )
            if key not in known:
                hint = nearest(key, known) or f"there are {', '.join(known)}"
                within = f" in {section}" if section else ""
                where = self.at(key, section, place)
                raise UsageError(f"{where}: there is no {key!r}{within}", hint=hint)

    def _line(self, key: str, section: str, place: int) -> int | None:
        header = re.compile(rf"\s*{re.escape(section)}\s*(#.*)?") if section else None
        within, seen = header is None, -1
        for number, line in enumerate(self._lines, 1):
            if line.lstrip().startswith("["):
                seen += bool(header and header.fullmatch(line))
                within = bool(header and header.fullmatch(line)) and seen == place
            if within and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
                return number
            if not section and re.match(rf"\s*\[+\s*{re.escape(key)}\b", line):
                return number
        return None


def nearest(word: str, known: Iterable[str]) -> str:
    """Ask whether the nearest of the known words was meant; empty, if none is near."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {found[0]}?" if found else ""
