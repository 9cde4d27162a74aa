"""Every path of the pages for people, on one screen."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from starlette.responses import Response
from starlette.routing import Route

from leadwell.admin.gate import Page, anybody, signed_in
from leadwell.admin.pages.access import editing as token_editing
from leadwell.admin.pages.access import listing as token_listing
from leadwell.admin.pages.access.one import One
from leadwell.admin.pages.access.wizard import Wizard
from leadwell.admin.pages.campaigns import Start
from leadwell.admin.pages.filters.tab import Filters
from leadwell.admin.pages.hooks import Hooks
from leadwell.admin.pages.leads.editing import Editing
from leadwell.admin.pages.leads.exporting import Exporter
from leadwell.admin.pages.leads.lead import NewLead, OneLead
from leadwell.admin.pages.leads.listing import Listing
from leadwell.admin.pages.leads.many import Many
from leadwell.admin.pages.leads.removing import Removing
from leadwell.admin.pages.people.account import Account
from leadwell.admin.pages.people.me import Me
from leadwell.admin.pages.people.person import Person
from leadwell.admin.pages.schema.adding import New
from leadwell.admin.pages.schema.editor import Editor
from leadwell.admin.pages.schema.listing import List, Selects
from leadwell.admin.pages.schema.places import FIELDS, SELECTS, STATUSES, Place
from leadwell.admin.pages.settings import Settings
from leadwell.admin.signing import Signing
from leadwell.admin.visit import Visit
from leadwell.api.app import Handler, route
from leadwell.api.hub import Hub

Guard: TypeAlias = Callable[[Page], Handler]


def routes(hub: Hub) -> Sequence[Route]:
    """Return the paths of the pages; `leads` is one of them, see there."""

    def all_(page: Page) -> Handler:
        return signed_in(hub, page)

    def admins(page: Page) -> Handler:
        return signed_in(hub, page, administrator=True)

    signing, start, hooks, me = Signing(hub), Start(), Hooks(), Me(hub)
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
        *_leads(all_, admins),
        *_tokens(f"{one}/api-documentation", admins),
        *_tokens("/account/tokens", admins),
        *_people(admins),
        route("/me", GET=all_(me.show), POST=all_(me.change)),
        route("/me/password", POST=all_(me.set_password)),
        route("/me/sign-out", POST=all_(me.leave_everywhere)),
    ]


def _tokens(base: str, admins: Callable[[Page], Handler]) -> list[Route]:
    """Return the pages of tokens: of a campaign, or of the account."""
    wizard, one, editing = Wizard(), One(), token_editing.Editing()
    token = f"{base}/{{token_id}}"
    return [
        route(base, GET=admins(token_listing.Listing().show)),
        route(f"{base}/new", GET=admins(wizard.show), POST=admins(wizard.make)),
        route(token, GET=admins(one.show)),
        route(f"{token}/edit", GET=admins(editing.show), POST=admins(editing.change)),
        route(f"{token}/rotate", POST=admins(one.rotate)),
        route(f"{token}/revoke", POST=admins(one.revoke)),
        route(f"{token}/links", POST=admins(one.share)),
        route(f"{token}/links/{{link_id}}/revoke", POST=admins(one.end_link)),
    ]


def _people(admins: Callable[[Page], Handler]) -> list[Route]:
    """Return the pages of the account and its people."""
    account, person = Account(), Person()
    one = "/account/people/{person_id:id}"
    return [
        route("/account", GET=admins(account.show), POST=admins(account.add)),
        route(one, GET=admins(person.show)),
        route(f"{one}/name", POST=admins(person.rename)),
        route(f"{one}/invite", POST=admins(person.invite)),
        route(f"{one}/link", POST=admins(person.send_link)),
        route(f"{one}/rights", POST=admins(person.change)),
        route(f"{one}/remove", POST=admins(person.remove)),
    ]


def leads(hub: Hub) -> Handler:
    """Return the page at the address where the article's readers find leads."""
    return signed_in(hub, Listing().show)


def _leads(all_: Guard, admins: Guard) -> Sequence[Route]:
    """Return what stands below the page of a campaign's leads."""
    listing, editing, many = Listing(), Editing(), Many()
    one, new, removing = OneLead(), NewLead(), Removing()
    leads = "/campaigns/{campaign_id:id}/leads"
    lead = f"{leads}/{{lead_id:id}}"
    return [
        route(f"{leads}/filter", POST=all_(listing.filter)),
        route(f"{leads}/columns", POST=all_(listing.choose)),
        route(f"{leads}/new", GET=all_(new.show), POST=all_(new.add)),
        route(f"{leads}/export", GET=all_(Exporter().send)),
        route(f"{leads}/bulk", POST=all_(many.choose)),
        route(f"{leads}/bulk/run", POST=all_(many.begin)),
        route(f"{leads}/bulk/{{edit}}", GET=all_(many.show), POST=all_(many.go_on)),
        route(f"{leads}/bulk/{{edit}}/undo", POST=all_(many.undo)),
        route(lead, GET=all_(one.show), POST=all_(one.save)),
        route(f"{lead}/edit", GET=all_(editing.show), POST=all_(editing.save)),
        route(f"{lead}/undo", POST=all_(editing.undo)),
        route(f"{lead}/remove", GET=admins(removing.show)),
        route(f"{lead}/delete", POST=admins(removing.delete)),
        route(f"{lead}/erase", POST=admins(removing.erase)),
        route(
            f"{lead}/merge", GET=admins(removing.compare), POST=admins(removing.merge)
        ),
    ]


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
