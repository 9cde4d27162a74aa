"""The paths of the pages for people, group by group; `app` has them in order."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from starlette.routing import Route

from leadwell.admin.gate import Page
from leadwell.admin.pages.access import editing as token_editing
from leadwell.admin.pages.access import listing as token_listing
from leadwell.admin.pages.access.one import One
from leadwell.admin.pages.access.wizard import Wizard
from leadwell.admin.pages.duplicates import Duplicates
from leadwell.admin.pages.filters.tab import Filters
from leadwell.admin.pages.hooks import Hooks
from leadwell.admin.pages.imports.following import Following
from leadwell.admin.pages.imports.uploading import Uploading
from leadwell.admin.pages.leads.editing import Editing
from leadwell.admin.pages.leads.exporting import Exporter
from leadwell.admin.pages.leads.lead import NewLead, OneLead
from leadwell.admin.pages.leads.listing import Listing
from leadwell.admin.pages.leads.many import Many
from leadwell.admin.pages.leads.removing import Removing
from leadwell.admin.pages.people.account import Account
from leadwell.admin.pages.people.audit import Audit
from leadwell.admin.pages.people.held import HeldData
from leadwell.admin.pages.people.person import Person
from leadwell.admin.pages.retention import Retention
from leadwell.admin.pages.schema.adding import New
from leadwell.admin.pages.schema.editor import Editor
from leadwell.admin.pages.schema.listing import List
from leadwell.admin.pages.schema.places import FIELDS, SELECTS, Place
from leadwell.admin.pages.settings import Settings
from leadwell.api.app import Handler, route

Guard: TypeAlias = Callable[[Page], Handler]
"""Makes of a page what answers those alone who may see it."""
CAMPAIGN = "/campaigns/{campaign_id:id}"


def leads(all_: Guard, admins: Guard) -> list[Route]:
    """Return what stands below the page of a campaign's leads."""
    listing, editing, many = Listing(), Editing(), Many()
    one, new, removing = OneLead(), NewLead(), Removing()
    all_leads = f"{CAMPAIGN}/leads"
    lead = f"{all_leads}/{{lead_id:id}}"
    return [
        route(f"{all_leads}/filter", POST=all_(listing.filter)),
        route(f"{all_leads}/columns", POST=all_(listing.choose)),
        route(f"{all_leads}/new", GET=all_(new.show), POST=all_(new.add)),
        route(f"{all_leads}/export", GET=all_(Exporter().send)),
        route(f"{all_leads}/bulk", POST=all_(many.choose)),
        route(f"{all_leads}/bulk/run", POST=all_(many.begin)),
        route(f"{all_leads}/bulk/{{edit}}", GET=all_(many.show), POST=all_(many.go_on)),
        route(f"{all_leads}/bulk/{{edit}}/undo", POST=all_(many.undo)),
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


def parts(admins: Guard, place: Place) -> Iterator[Route]:
    """Yield the paths of one kind of parts: the list, and each of them."""
    listing, editor, new = List(place), Editor(place), New()
    all_ = f"{CAMPAIGN}/{place.tab}"
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


def filters(admins: Guard) -> Iterator[Route]:
    """Yield the paths of saved filters."""
    tab, all_ = Filters(), f"{CAMPAIGN}/filters"
    one = f"{all_}/{{filter_id:id}}"
    yield route(all_, GET=admins(tab.show))
    yield route(f"{all_}/new", GET=admins(tab.edit), POST=admins(tab.save))
    yield route(one, GET=admins(tab.edit), POST=admins(tab.save))
    yield route(f"{one}/remove", POST=admins(tab.remove))


def duplicates(all_: Guard) -> Iterator[Route]:
    """Yield the paths of leads that look like one person's."""
    page, base = Duplicates(), f"{CAMPAIGN}/duplicates"
    yield route(base, GET=all_(page.show), POST=all_(page.settle))


def settings(admins: Guard) -> Iterator[Route]:
    """Yield the paths of a campaign's settings."""
    tab, all_ = Settings(), f"{CAMPAIGN}/settings"
    yield route(all_, GET=admins(tab.show), POST=admins(tab.save))
    yield route(f"{all_}/people", POST=admins(tab.share))
    yield route(f"{all_}/duplicates", POST=admins(tab.decide))
    keeping = Retention()
    yield route(f"{all_}/retention", GET=admins(keeping.show), POST=admins(keeping.add))
    yield route(f"{all_}/retention/{{rule_id:id}}/remove", POST=admins(keeping.remove))
    yield route(f"{all_}/schema.json", GET=admins(tab.schema))
    yield route(f"{all_}/lead.json", GET=admins(tab.lead))


def tokens(base: str, admins: Guard) -> list[Route]:
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


def people(admins: Guard) -> list[Route]:
    """Return the pages of the account and its people."""
    account, person, held, audit = Account(), Person(), HeldData(), Audit()
    one = "/account/people/{person_id:id}"
    return [
        route("/account", GET=admins(account.show), POST=admins(account.add)),
        route("/account/person-data", GET=admins(held.show), POST=admins(held.act)),
        route("/account/audit", GET=admins(audit.show)),
        route("/account/audit/export", GET=admins(audit.send)),
        route(one, GET=admins(person.show)),
        route(f"{one}/name", POST=admins(person.rename)),
        route(f"{one}/invite", POST=admins(person.invite)),
        route(f"{one}/link", POST=admins(person.send_link)),
        route(f"{one}/rights", POST=admins(person.change)),
        route(f"{one}/remove", POST=admins(person.remove)),
    ]


def imports(admins: Guard) -> list[Route]:
    """Return the pages on which files are loaded."""
    uploading, following = Uploading(), Following()
    all_ = f"{CAMPAIGN}/import"
    import_ = f"{all_}/{{import_id:id}}"
    return [
        route(
            f"{CAMPAIGN}/import",
            GET=admins(uploading.show),
            POST=admins(uploading.take),
        ),
        route(import_, GET=admins(following.show), POST=admins(following.act)),
        route(f"{import_}/errors", GET=admins(following.errors)),
    ]


def hooks(admins: Guard) -> Iterator[Route]:
    """Yield the paths of webhooks."""
    pages, all_ = Hooks(), f"{CAMPAIGN}/webhooks"
    yield route(all_, GET=admins(pages.list), POST=admins(pages.add))
    one = f"{all_}/{{hook_id}}"
    yield route(one, GET=admins(pages.show), POST=admins(pages.act))
