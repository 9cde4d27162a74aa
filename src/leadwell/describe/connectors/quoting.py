"""Somebody else's text inside a program: each language's own way to write a value."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Plain: TypeAlias = "str | int | Sequence[Plain]"
_MARK = re.compile(r"@([A-Z_]+)@")
_M_UNFIT = re.compile(r'["\x00-\x1f\x7f-\x9f\u2028\u2029]|#(?=\()')


def filled(template: str, values: Mapping[str, str]) -> str:
    """Put values in place of their marks, as `@LEADS_URL@`; each is quoted already.

    What is put in is not looked at again, so no value can name a mark.
    """
    return _MARK.sub(lambda found: values[found[1]], template)


def literal(value: Plain) -> str:
    """Write texts, whole numbers and lists of them: for Python and for JavaScript."""
    return json.dumps(value)


def rows(values: Sequence[Plain], indent: str = "    ") -> str:
    """Write a list with one value a line: for Python and for JavaScript."""
    lines = "".join(f"{indent}{literal(value)},\n" for value in values)
    return f"[\n{lines}]" if values else "[]"


def shell(text: str) -> str:
    """Write one word of a POSIX shell."""
    return shlex.quote(text)


def curl(url: str, *options: str) -> str:
    """Write a request that takes the token from the environment."""
    header = '-H "Authorization: Bearer $LEADWELL_TOKEN"'
    return " ".join(("curl", *options, header, shell(url))) + "\n"


def m_text(text: str) -> str:
    """Write a text of Power Query M: quotes twice, what is not to be seen by number."""
    return f'"{_M_UNFIT.sub(_m_escaped, text)}"'


def m_list(texts: Sequence[str]) -> str:
    """Write a list of texts of Power Query M."""
    return f"{{{', '.join(map(m_text, texts))}}}"


def _m_escaped(found: re.Match[str]) -> str:
    if found[0] == '"':
        return '""'
    return "#(#)" if found[0] == "#" else f"#({ord(found[0]):04X})"
