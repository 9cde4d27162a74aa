"""Every path of the pages for people, on one screen."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Callable, Sequence

from starlette.responses import Response
from starlette.routing import Route

from leadwell.admin.gate import Page, anybody, signed_in
from leadwell.admin.pages import activity
from leadwell.admin.pages.campaigns import Start
from leadwell.admin.pages.filters.tab import Filters
from leadwell.admin.pages.hooks import Hooks
from leadwell.admin.pages.imports.following import Following
from leadwell.admin.pages.imports.uploading import Uploading
from leadwell.admin.pages.leads import Leads
from leadwell.admin.pages.schema.adding import New
from leadwell.admin.pages.schema.editor import Editor
from leadwell.admin.pages.schema.listing import List, Selects
from leadwell.admin.pages.schema.places import FIELDS, SELECTS, STATUSES, Place
from leadwell.admin.pages.settings import Settings
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
        *_parts(admins, FIELDS),
        route(f"{one}/selects", GET=admins(Selects().show)),
        *_parts(admins, SELECTS),
        *_parts(admins, STATUSES),
        *_filters(admins),
        *_settings(admins),
        route("/campaigns/import", POST=admins(start.load)),
        route(f"{one}/activity", GET=admins(activity.show)),
        *_imports(admins, one),
    ]


def _imports(admins: Callable[[Page], Handler], one: str) -> list[Route]:
    uploading, following = Uploading(), Following()
    import_ = f"{one}/import/{{import_id:id}}"
    return [
        route(f"{one}/import", GET=admins(uploading.show), POST=admins(uploading.take)),
        route(import_, GET=admins(following.show), POST=admins(following.act)),
        route(f"{import_}/errors", GET=admins(following.errors)),
    ]


def leads(hub: Hub) -> Handler:
    """Return the page at the address where the article's readers find leads."""
    return signed_in(hub, Leads().show)


def _parts(admins: Callable[[Page], Handler], place: Place) -> Iterator[Route]:
    """Yield the paths of one kind of parts: the list, and each of them."""
    listing, editor, new = List(place), Editor(place), New()
    all_ = f"/campaigns/{{campaign_id:id}}/{place.tab}"
    if place is SELECTS:
        all_ += "/{field_id:id}"
    one = f"{all_}/{{part_id:id}}"
    if place is FIELDS:
        yield route(all_, GET=admins(listing.show))
        yield route(f"{all_}/new", GET=admins(new.show), POST=admins(new.add))
    else:
        yield route(all_, GET=admins(listing.show), POST=admins(listing.add))
    yield route(f"{all_}/move", POST=admins(listing.move))
    yield route(one, GET=admins(editor.show), POST=admins(editor.change))
    yield route(f"{one}/remove", GET=admins(editor.removal), POST=admins(editor.remove))


def _filters(admins: Callable[[Page], Handler]) -> Iterator[Route]:
    """Yield the paths of saved filters."""
    tab, all_ = Filters(), "/campaigns/{campaign_id:id}/filters"
    one = f"{all_}/{{filter_id:id}}"
    yield route(all_, GET=admins(tab.show))
    yield route(f"{all_}/new", GET=admins(tab.edit), POST=admins(tab.save))
    yield route(one, GET=admins(tab.edit), POST=admins(tab.save))
    yield route(f"{one}/remove", POST=admins(tab.remove))


def _settings(admins: Callable[[Page], Handler]) -> Iterator[Route]:
    """Yield the paths of a campaign's settings."""
    tab, all_ = Settings(), "/campaigns/{campaign_id:id}/settings"
    yield route(all_, GET=admins(tab.show), POST=admins(tab.save))
    yield route(f"{all_}/people", POST=admins(tab.share))
    yield route(f"{all_}/schema.json", GET=admins(tab.schema))
    yield route(f"{all_}/lead.json", GET=admins(tab.lead))


async def _home(visit: Visit) -> Response:
    return visit.go("/campaigns")


async def _campaign(visit: Visit) -> Response:
    return visit.go(f"/campaigns/{visit.campaign_id}/leads")
