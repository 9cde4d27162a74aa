"""Every path of the pages for people, on one screen; `paths` has those of a group."""

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import Route

from leadwell.admin import paths
from leadwell.admin.gate import Page, anybody, signed_in
from leadwell.admin.pages import activity
from leadwell.admin.pages.campaigns import Start
from leadwell.admin.pages.leads.listing import Listing
from leadwell.admin.pages.people.me import Me
from leadwell.admin.pages.schema.listing import Selects
from leadwell.admin.pages.schema.places import FIELDS, SELECTS, STATUSES
from leadwell.admin.paths import CAMPAIGN
from leadwell.admin.signing import Signing
from leadwell.admin.signing.trying import Tries
from leadwell.admin.visit import Visit
from leadwell.api.app import Handler, route
from leadwell.api.hub import Hub


def routes(hub: Hub) -> Sequence[Route]:
    """Return the paths of the pages; `leads` is one of them, see there."""

    def all_(page: Page) -> Handler:
        return signed_in(hub, page)

    def admins(page: Page) -> Handler:
        return signed_in(hub, page, administrator=True)

    signing, start, me = Signing(hub, Tries(hub)), Start(), Me(hub)
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
        route("/campaigns/import", POST=admins(start.load)),
        route(CAMPAIGN, GET=all_(_campaign)),
        *paths.leads(all_, admins),
        *paths.duplicates(all_),
        *paths.parts(admins, FIELDS),
        route(f"{CAMPAIGN}/selects", GET=admins(Selects().show)),
        *paths.parts(admins, SELECTS),
        *paths.parts(admins, STATUSES),
        *paths.filters(admins),
        *paths.tokens(f"{CAMPAIGN}/api-documentation", admins),
        *paths.hooks(admins),
        route(f"{CAMPAIGN}/activity", GET=admins(activity.show)),
        *paths.settings(admins),
        *paths.imports(admins),
        *paths.tokens("/account/tokens", admins),
        *paths.people(admins),
        route("/me", GET=all_(me.show), POST=all_(me.change)),
        route("/me/password", POST=all_(me.set_password)),
        route("/me/sign-out", POST=all_(me.leave_everywhere)),
    ]


def leads(hub: Hub) -> Handler:
    """Return the page at the address where the article's readers find leads."""
    return signed_in(hub, Listing().show)


async def _home(visit: Visit) -> Response:
    return visit.go("/campaigns")


async def _campaign(visit: Visit) -> Response:
    return visit.go(f"/campaigns/{visit.campaign_id}/leads")
