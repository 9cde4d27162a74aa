"""`/llms.txt` and `/.well-known/api-catalog`: where a machine finds the rest."""

from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from leadwell.api import links
from leadwell.api.hub import Hub
from leadwell.describe.pages import llms
from leadwell.describe.reader import Reader

_KEPT = {"Cache-Control": "public, max-age=3600"}
_CATALOG_TYPE = (
    'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
)


@dataclass(frozen=True, slots=True)
class Machines:
    """Lists of what there is, the same for everybody."""

    hub: Hub

    async def list(self, request: Request) -> Response:
        """Answer with the pages as a list in Markdown (llmstxt.org)."""
        del request
        text = llms.listed(Reader(self.hub.public_url))
        return Response(text, 200, _KEPT, "text/plain; charset=utf-8")

    async def catalog(self, request: Request) -> Response:
        """Answer with what describes the API (RFC 9727)."""
        del request
        url = self.hub.public_url
        content = msgspec.json.encode(_linkset(url))
        own = f"{url}/.well-known/api-catalog"
        headers = _KEPT | {"Link": links.header({"api-catalog": own})}
        return Response(content, 200, headers, _CATALOG_TYPE)


def _linkset(url: str) -> dict[str, object]:
    yaml = "download/openapi.yaml/leadwell-openapi.yaml"
    described = [
        {"href": links.openapi_url(url), "type": "application/json"},
        {"href": f"{url}/docs/{yaml}", "type": "application/yaml"},
    ]
    pages = [
        {"href": f"{url}/docs/", "type": "text/html"},
        {"href": f"{url}/docs/index.md", "type": "text/markdown"},
    ]
    status = [{"href": f"{url}/health/ready", "type": "application/json"}]
    one = {
        "anchor": f"{url}/v2",
        "service-desc": described,
        "service-doc": pages,
        "status": status,
    }
    return {"linkset": [one]}
