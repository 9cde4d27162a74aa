"""One bad request, and what it has to be answered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LIST = "/v2/campaigns/362/leads"
JSON = {"Content-Type": "application/json"}
Headers = Mapping[str, str | bytes]


@dataclass(frozen=True, kw_only=True)
class Bad:
    """One request, and the refusal that it has to get."""

    path: str
    status: int
    code: str
    """That of the problem; of a page for people, the title that it has there."""
    method: str = "GET"
    who: str = "writer"
    """Whose token is sent, or who is signed in; `nobody`: none is."""
    headers: Headers = field(default_factory=dict[str, "str | bytes"])
    body: bytes = b""
    at: str = ""
    """The parameter, or the pointer, at which every problem stands."""
    says: str = ""
    """A part of what is said."""

    def __str__(self) -> str:
        """Name the row for who reads that it failed."""
        headers = [f"{name}: {value!r}"[:50] for name, value in self.headers.items()]
        parts = [self.method, self.path[:60], *headers, repr(self.body[:30])]
        return " ".join(parts).removesuffix(" b''")


def refused(path: str, code: str, status: int = 400, **more: Any) -> Bad:
    """What is asked with a token, and refused."""
    return Bad(path=path, code=code, status=status, **more)


def sent(body: Any, code: str, status: int = 422, path: str = LIST, **more: Any) -> Bad:
    """What is written with a token, and refused; bytes are sent as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"method": "POST", "headers": JSON} | more
    return Bad(path=path, code=code, status=status, body=content, **given)
