"""Leaks to be planted, one for each way to tell a token more than its grant.

A test that finds none of its own leaks shows nothing. So each of these changes one part
of the code to what somebody might write by mistake, and has to be found.
"""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeAlias

import msgspec
import pytest

from leadwell.api import campaigns as api_campaigns
from leadwell.api import readers, tags
from leadwell.api.cursors import sealing
from leadwell.api.entrance import linked
from leadwell.errors import InsufficientScope
from leadwell.model.campaign import Campaign
from leadwell.model.grant import Grant, LeadQuery
from leadwell.model.query import Shown
from leadwell.model.user import User
from leadwell.schema import question, rendering, visibility
from leadwell.schema.fields import select
from leadwell.schema.question import selection
from leadwell.store import digests, exports, feed, filtering, leads
from leadwell.store.connection import Connection
from leadwell.store.duplicates import matching
from leadwell.store.indexes.kept import Kept
from leadwell.store.writes import rows, scopes
from leadwell.store.writes.names import Names

Patch: TypeAlias = pytest.MonkeyPatch
Plant: TypeAlias = Callable[[Patch], None]


def _open(query: LeadQuery) -> LeadQuery:
    return replace(query, forced=())


def _opening(honest: Callable[..., Any]) -> Callable[..., Any]:
    """Call it with a query that the token's own filter does not narrow."""

    def call(*given: Any) -> Any:
        return honest(*(_open(x) if isinstance(x, LeadQuery) else x for x in given))

    return call


def without_forced(patch: Patch) -> None:
    honest = Grant.query
    patch.setattr(
        Grant, "query", lambda self, *asked: honest(replace(self, forced=()), *asked)
    )


def total_without_forced(patch: Patch) -> None:
    honest = leads.find_page

    def find_page(connection: Any, campaign: Any, query: Any) -> Any:
        page = honest(connection, campaign, query)
        return replace(page, total=honest(connection, campaign, _open(query)).total)

    patch.setattr(leads, "find_page", find_page)


def _changed_where(patch: Patch, change: Callable[[str], str]) -> None:
    honest = filtering.where

    def where(*given: Any) -> filtering.Clause:
        clause = honest(*given)
        clause.sql = change(clause.sql)
        return clause

    patch.setattr(filtering, "where", where)


def any_for_all(patch: Patch) -> None:
    def change(sql: str) -> str:
        campaign, *rest = sql.split("\n           AND ")
        return f"{campaign} AND ({' OR '.join(rest)})" if rest else campaign

    _changed_where(patch, change)


def any_campaign(patch: Patch) -> None:
    own = "lead.campaign_id = :campaign_id"
    _changed_where(patch, lambda sql: sql.replace(own, ":campaign_id = :campaign_id"))


def whole_view(patch: Patch) -> None:
    patch.setattr(api_campaigns, "view_of", lambda campaign, _grant: campaign)


def whole_leads(patch: Patch) -> None:
    patch.setattr(rendering, "narrowed", lambda rendered, _shown: rendered)


def _with_whole(patch: Patch) -> Callable[[Campaign], Campaign]:
    """Let the campaign be found behind its view; what is no view stays as it is."""
    known: dict[int, Campaign] = {}
    honest = api_campaigns.view_of

    def view_of(campaign: Campaign, grant: Grant) -> Campaign:
        known[campaign.id] = campaign
        return honest(campaign, grant)

    patch.setattr(api_campaigns, "view_of", view_of)
    return lambda view: known.get(view.id, view)


def hidden_in_filters(patch: Patch) -> None:
    whole, honest = _with_whole(patch), question.reader
    patch.setattr(
        question, "reader", lambda view, settings: honest(whole(view), settings)
    )


def hidden_in_sort(patch: Patch) -> None:
    whole, honest = _with_whole(patch), selection.sort
    patch.setattr(selection, "sort", lambda view, text: honest(whole(view), text))


def hidden_in_search(patch: Patch) -> None:
    whole, honest = _with_whole(patch), question._search
    patch.setattr(question, "_search", lambda view, text: honest(whole(view), text))


def hidden_in_suggestions(patch: Patch) -> None:
    """Suggest what the campaign has, not what the token sees of it."""
    every: list[str] = []
    honest_view, honest = api_campaigns.view_of, select.nearest

    def view_of(campaign: Campaign, grant: Grant) -> Campaign:
        every[:] = [o.slug for field in campaign.fields for o in field.options]
        return honest_view(campaign, grant)

    patch.setattr(api_campaigns, "view_of", view_of)
    patch.setattr(select, "nearest", lambda given, _known: honest(given, every))


def tombstones_of_the_unseen(patch: Patch) -> None:
    """Keep a row of every lead that goes, whether it ever was inside or not."""
    honest = scopes.Membership.follow_in

    def follow_in(self: Any, scope: Any, step: Any) -> None:
        honest(self, scope, step)
        if step.lead is None and (step.lead_id, scope.id) not in self._members:
            self._enter(scope.id, None, step)
            self._stood.add((step.lead_id, scope.id))
            self._leave(scope.id, self._members[step.lead_id, scope.id], step)

    patch.setattr(scopes.Membership, "follow_in", follow_in)
    patch.setattr(feed, "_MAY_HOLD", "1 = 1")


def foreign_cursors(patch: Patch) -> None:
    patch.setattr(sealing, "_check_bound", lambda _found, _asked: None)


def forbidden_for_missing(patch: Patch) -> None:
    """Answer 403 for a hidden lead, and 404 for one that does not exist."""
    honest = leads.find_one

    def find_one(connection: Any, campaign: Any, query: Any) -> Any:
        found = honest(connection, campaign, query)
        if found is None and honest(connection, campaign, _open(query)):
            raise InsufficientScope("this token may not see that lead")
        return found

    patch.setattr(leads, "find_one", find_one)


def campaigns_of_every_account(patch: Patch) -> None:
    """Let an account's token open any campaign that there is."""
    patch.setattr(Grant, "check_owner", lambda _self, found, _id: found)


def _whole_scope(patch: Patch, module: object) -> None:
    """Let one module take the whole campaign's sums for those of the scope."""
    honest = scopes.digest

    def digest(connection: Connection, campaign_id: int, _scope_id: int) -> Any:
        return honest(connection, campaign_id, scopes.WHOLE)

    patch.setattr(module, "scopes", SimpleNamespace(digest=digest))


def tag_of_the_campaign(patch: Patch) -> None:
    _whole_scope(patch, tags)


def digest_of_the_campaign(patch: Patch) -> None:
    _whole_scope(patch, digests)


def buckets_of_the_campaign(patch: Patch) -> None:
    patch.setattr(digests, "_pairs", _opening(digests._pairs))


def export_of_the_campaign(patch: Patch) -> None:
    patch.setattr(exports, "members", _opening(exports.members))
    patch.setattr(exports, "read", _opening(exports.read))


def link_without_forced(patch: Patch) -> None:
    honest = linked.grant_of
    patch.setattr(linked, "grant_of", lambda *of: replace(honest(*of), forced=()))


def index_without_forced(patch: Patch) -> None:
    patch.setattr(Kept, "_matching", _opening(Kept._matching))


def names_of_everybody(patch: Patch) -> None:
    """Find a lead by the name that another partner gave it."""

    def find(self: Names, _lineage: str, name: str) -> int | None:
        for lead in rows.find_after(self.connection, self.campaign, 0, 1000):
            if lead.external_id == name:
                return lead.id
        return None

    patch.setattr(Names, "find", find)


def watermark_of_the_campaign(patch: Patch) -> None:
    honest = feed.watermark

    def watermark(connection: Connection, campaign_id: int, _scope_id: int) -> int:
        return honest(connection, campaign_id, scopes.WHOLE)

    patch.setattr(feed, "watermark", watermark)


def look_at_each_lead(patch: Patch) -> None:
    """Answer rightly, but with a statement for every lead of the campaign."""
    honest = leads.find_page

    def find_page(connection: Any, campaign: Any, query: Any) -> Any:
        for lead in rows.find_after(connection, campaign, 0, 1000):
            rows.find(connection, campaign, lead.id)
        return honest(connection, campaign, query)

    patch.setattr(leads, "find_page", find_page)


def other_words_for_hidden(patch: Patch) -> None:
    """Refuse a write to a hidden lead otherwise than to one that is not there."""
    honest = rows.find

    def find(connection: Any, campaign: Any, lead_id: int) -> Any:
        found = honest(connection, campaign, lead_id)
        if found is not None:
            honest(connection, campaign, lead_id)
        return found

    patch.setattr(rows, "find", find)


def pages_of_every_campaign(patch: Patch) -> None:
    """Let whoever is signed in open every campaign's pages."""
    patch.setattr(User, "may_open", lambda _self, _campaign: True)


def documents_of_the_campaign(patch: Patch) -> None:
    """Describe to a token what it does not see, and its options."""
    patch.setattr(readers, "view_of", lambda campaign, _grant: campaign)


def duplicates_out_of_sight(patch: Patch) -> None:
    """Refuse a lead for one that the token may not see."""
    honest = matching.find

    def find(connection: Any, campaign: Any, lead: Any, _: Any, readable: Any) -> Any:
        return honest(connection, campaign, lead, (), readable)

    patch.setattr(matching, "find", find)


def length_of_the_masked(patch: Patch) -> None:
    """Let a mask be as long as what it stands for."""
    honest = rendering.narrowed

    def narrowed(rendered: bytes, shown: Shown) -> bytes:
        fields = msgspec.json.decode(rendered)["fields"]
        masks = {slug: "*" * len(str(fields[slug])) for slug, _ in shown.masks}
        return honest(rendered, replace(shown, masks=frozenset(masks.items())))

    patch.setattr(rendering, "narrowed", narrowed)


def values_of_the_masked(patch: Patch) -> None:
    """Cut leads as if nothing was masked; the schema still says that it is."""
    honest = rendering.narrowed

    def narrowed(rendered: bytes, shown: Shown) -> bytes:
        return honest(rendered, replace(shown, masks=frozenset()))

    patch.setattr(rendering, "narrowed", narrowed)


def masked_as_they_are(patch: Patch) -> None:
    """Mask leads, but let everything be asked of them and told of their fields."""
    patch.setattr(visibility, "_masked", lambda field, _mask: field)


OF_MASKS: list[Plant] = [
    length_of_the_masked,
    values_of_the_masked,
    masked_as_they_are,
    hidden_in_filters,
    hidden_in_sort,
    hidden_in_search,
]
"""What a token that masks could tell of the values that it does not see."""
OF_DUPLICATES: list[Plant] = [duplicates_out_of_sight]
"""What a campaign that refuses duplicates could tell."""
OF_READING = [
    without_forced,
    total_without_forced,
    any_for_all,
    any_campaign,
    whole_view,
    whole_leads,
]
"""What lists and single leads show."""
OF_ALL: list[Plant] = [
    *OF_READING,
    hidden_in_filters,
    hidden_in_sort,
    hidden_in_search,
    hidden_in_suggestions,
    tombstones_of_the_unseen,
    foreign_cursors,
    forbidden_for_missing,
    campaigns_of_every_account,
    tag_of_the_campaign,
    digest_of_the_campaign,
    buckets_of_the_campaign,
    export_of_the_campaign,
    link_without_forced,
    index_without_forced,
    names_of_everybody,
    watermark_of_the_campaign,
    look_at_each_lead,
    other_words_for_hidden,
    pages_of_every_campaign,
    documents_of_the_campaign,
]
