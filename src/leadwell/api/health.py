"""Whether the process lives, and whether it can answer. They need no token."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import wire
from leadwell.api.hub import Hub
from leadwell.errors import Unavailable
from leadwell.store import accounts

_UNCACHED = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Health:
    """What a supervisor or load balancer asks."""

    hub: Hub

    async def live(self, request: Request) -> Response:
        """Answer as long as the process runs."""
        del request
        return wire.document({"status": "ok"}, _UNCACHED)

    async def ready(self, request: Request) -> Response:
        """Answer when the database answers, and say how many replicas do."""
        del request
        try:
            await self.hub.look_up(accounts.find_all)
        except Exception as error:
            raise Unavailable("the database does not answer") from error
        answer: dict[str, Any] = {"status": "ready"}
        replicas = self.hub.database.aside()
        if replicas:
            # Not why: who asks needs no token.
            aside = sum(map(bool, replicas))
            answer["replicas"] = {"used": len(replicas) - aside, "aside": aside}
        return wire.document(answer, _UNCACHED)
