"""Carrying out retention rules: in chunks, each a transaction, and after a kill too.

Which leads come next is looked for before the transaction, for that may take long; it
looks again at those only, so that nothing is done to a lead that has changed meanwhile.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from leadwell.model.campaign import Campaign
from leadwell.model.grant import Author, Grant
from leadwell.store import campaigns
from leadwell.store.connection import Connection, Database
from leadwell.store.people import activity
from leadwell.store.people.activity import Named, What
from leadwell.store.retention import rules
from leadwell.store.retention.rules import EVERY_US, Action, Rule
from leadwell.store.retention.selecting import Found, Selection
from leadwell.store.writes import erasing, erasures, history, rows
from leadwell.store.writes.writing import Writing

CHUNK = 25
"""Leads in one transaction: the campaign's other writers wait for some hundreds of
milliseconds where the database is a server."""
RETENTION = "retention"
"""What the history calls the author of what a rule has emptied."""
_AUTHOR = Author(noted_as=RETENTION)
_DONE = {
    Action.ERASE: What.RETENTION_ERASED,
    Action.ANONYMISE: What.RETENTION_ANONYMISED,
}


def work(
    database: Database,
    campaign_id: int,
    rule_id: int,
    clock: Callable[[], int],
    file: Path,
) -> bool:
    """Do one chunk of a rule's run; return whether anything is left of it.

    `clock` gives the moment in microseconds, `file` notes erasures. Where several work
    at one run, the campaign's ticket lets them take turns, and nothing is done twice.

    Raises:
        Unavailable: the clock may not be believed; nothing is done.
    """
    now = clock()
    with database.reading() as connection:
        campaign = campaigns.find(connection, campaign_id)
        rule = rules.find(connection, campaign_id, rule_id)
        if campaign is None or rule is None or rule.due_at > now:
            return False
        found = _selection(campaign, rule, now).after(connection, rule.done_to, CHUNK)
    held = rule

    def job(connection: Connection) -> bool:
        campaign = campaigns.hold(connection, campaign_id)
        rule = rules.find(connection, campaign_id, rule_id)
        if rule is None or rule.due_at != held.due_at:
            # Somebody has ended this run, or put another rule in its place.
            return False
        if rule.done_to != held.done_to:
            # Somebody else has done this chunk meanwhile: look for the next one.
            return True
        done = _carried_out(connection, campaign, rule, found, now, file)
        return _noted(connection, campaign, rule, found, done, now)

    return database.write(job).result()


def _selection(campaign: Campaign, rule: Rule, now: int) -> Selection:
    return Selection.of(Grant.of_operator(campaign), campaign, rule, now)


def _carried_out(
    connection: Connection,
    campaign: Campaign,
    rule: Rule,
    found: Found,
    now: int,
    file: Path,
) -> int:
    there = _selection(campaign, rule, now).still(connection, found.there)
    if rule.action is Action.ANONYMISE:
        _anonymise(connection, campaign, rule, there, found.gone, now)
        return len(there) + len(found.gone)
    gone = [
        each
        for each in found.gone
        if not erasing.is_erased(connection, campaign.id, each)
    ]
    done = erasures.erase_all(connection, campaign, [*there, *gone], now, file)
    return len(done)


def _anonymise(
    connection: Connection,
    campaign: Campaign,
    rule: Rule,
    there: Sequence[int],
    gone: Sequence[int],
    now: int,
) -> None:
    fields = frozenset(rule.fields)
    writing = Writing.begin(connection, campaign, _AUTHOR, now, len(there))
    for lead_id in there:
        known = rows.find(connection, campaign, lead_id)
        if known is not None and not fields.isdisjoint(known.values):
            values = {ref: x for ref, x in known.values.items() if ref not in fields}
            emptied = replace(known, values=values)
            writing.revise(known, emptied, history.ANONYMISE)
    writing.close()
    for lead_id in (*there, *gone):
        # What was merged into a lead is of the same person.
        merged = erasing.merged_into(connection, campaign.id, lead_id)
        for each in (lead_id, *merged):
            history.forget_fields(connection, campaign.id, each, fields)
            erasing.forget_file_rows(connection, campaign.id, each)


def _noted(
    connection: Connection,
    campaign: Campaign,
    rule: Rule,
    found: Found,
    done: int,
    now: int,
) -> bool:
    done += rule.done
    if not found.is_last:
        on = replace(rule, done_to=found.looked_to, done=done, beat_at=now)
        rules.keep(connection, campaign.id, on)
        return True
    ended = replace(
        rule, due_at=now + EVERY_US, beat_at=0, done_to=0, done=0, ran_at=now, ran=done
    )
    rules.keep(connection, campaign.id, ended)
    if done:
        about = f"{done} · {rules.in_short(campaign, rule)}"
        what = _DONE[rule.action]
        named = Named(about, f"rule {rule.id}: {done} leads")
        activity.note(connection, campaign, what, named, who="", at=now)
    return False
