"""The one way in: the hub's API, asked with one token."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx2
import msgspec

from leadwell.errors import LeadwellError, TooMany, Unavailable, URLTooLong

ANSWER_BYTES_MAX = 1_000_000
"""The largest answer that is passed on: more than a model can hold in mind."""
_KEPT = ("status", "code", "detail", "errors", "request_id")
"""What of a problem helps to ask better; the rest says it again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub answered."""

    content: dict[str, Any]
    cursor: str | None
    """Where the change feed goes on after this answer."""


class Refusal(Exception):
    """The hub, or a tool, will not answer; it says why, and how to ask instead."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        """Hold the problem as the API words it."""
        super().__init__(content.get("detail"))
        self.content = dict(content)

    @property
    def code(self) -> str:
        """The permanent code of the error."""
        return str(self.content["code"])

    @classmethod
    def of(cls, error: LeadwellError, parameter: str | None = None) -> "Refusal":
        """Word an error of our own as the API does."""
        content: dict[str, Any] = {"code": error.code, "detail": error.detail}
        if parameter is not None:
            problem = msgspec.to_builtins(error.problem(parameter=parameter))
            content["errors"] = [{k: v for k, v in problem.items() if v}]
        return cls(content)


@dataclass(frozen=True, slots=True)
class Door:
    """The hub, as the bearer of one token reads it."""

    client: httpx2.AsyncClient
    """Sends every request with the token, to the hub alone."""

    async def get(self, path: str, asked: Mapping[str, str] | None = None) -> Answer:
        """Return what the hub answers.

        Raises:
            Refusal: with the hub's own words, or because it cannot be reached.
        """
        response = await self._sent(path, asked or {})
        content = _read(response.content)
        if response.status_code != 200:
            raise _refused(response, content)
        if content is None:
            raise Refusal.of(Unavailable("what answers here is no Leadwell hub"))
        if len(response.content) > ANSWER_BYTES_MAX:
            error = TooMany(
                f"the answer has {len(response.content):,} bytes",
                hint=f"at most {ANSWER_BYTES_MAX:,} are passed on; ask for fewer "
                "leads at once, or name the fields that are needed",
            )
            raise Refusal.of(error)
        return Answer(content, response.headers.get("Leadwell-Cursor"))

    async def _sent(self, path: str, asked: Mapping[str, str]) -> httpx2.Response:
        try:
            return await self.client.get(f"{path}?{urlencode(asked)}".rstrip("?"))
        except httpx2.InvalidURL:
            error: LeadwellError = URLTooLong("the question is too long to be asked")
        except httpx2.HTTPError as fault:
            # Its own words can hold the URL, and with it what was asked for.
            error = Unavailable(f"the hub cannot be asked: {type(fault).__name__}")
        raise Refusal.of(error)


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None


def _refused(response: httpx2.Response, content: dict[str, Any] | None) -> Refusal:
    if content is None or "code" not in content:
        error = Unavailable(
            f"the hub answered {response.status_code} and did not say why",
            hint="try again, and check its address",
        )
        return Refusal.of(error)
    told = {name: content[name] for name in _KEPT if content.get(name)}
    if response.headers.get("Retry-After"):
        told["retry_after_s"] = response.headers["Retry-After"]
    return Refusal(told)
