"""Every path of the pages for people, on one screen."""

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import Route

from leadwell.admin.gate import Page, anybody, signed_in
from leadwell.admin.pages.campaigns import Start
from leadwell.admin.pages.hooks import Hooks
from leadwell.admin.pages.leads import Leads
from leadwell.admin.signing import Signing
from leadwell.admin.visit import Visit
from leadwell.api.app import Handler, route
from leadwell.api.hub import Hub


def routes(hub: Hub) -> Sequence[Route]:
    """Return the paths of the pages; `leads` is one of them, see there."""

    def all_(page: Page) -> Handler:
        return signed_in(hub, page)

    def admins(page: Page) -> Handler:
        return signed_in(hub, page, administrator=True)

    signing, start, hooks = Signing(hub), Start(), Hooks()
    one = "/campaigns/{campaign_id:id}"
    return [
        route("/", GET=all_(_home)),
        route(
            "/login", GET=anybody(hub, signing.show), POST=anybody(hub, signing.enter)
        ),
        route("/logout", POST=all_(signing.leave)),
        route(
            "/setup/{secret}",
            GET=anybody(hub, signing.invited),
            POST=anybody(hub, signing.accept),
        ),
        route("/campaigns", GET=all_(start.show), POST=admins(start.add)),
        route(one, GET=all_(_campaign)),
        route(f"{one}/webhooks", GET=admins(hooks.list), POST=admins(hooks.add)),
        route(
            f"{one}/webhooks/{{hook_id}}",
            GET=admins(hooks.show),
            POST=admins(hooks.act),
        ),
    ]


def leads(hub: Hub) -> Handler:
    """Return the page at the address where the article's readers find leads."""
    return signed_in(hub, Leads().show)


async def _home(visit: Visit) -> Response:
    return visit.go("/campaigns")


async def _campaign(visit: Visit) -> Response:
    return visit.go(f"/campaigns/{visit.campaign_id}/leads")
