"""Take a lead away: delete it, erase it, or merge it into another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from starlette.responses import Response

from leadwell.admin.pages.leads import changing, inputs
from leadwell.admin.pages.leads.changing import Held
from leadwell.admin.pages.leads.editing import lead_of, number
from leadwell.admin.pages.leads.framing import framed, path_of
from leadwell.admin.pages.leads.inputs import Input
from leadwell.admin.visit import Visit
from leadwell.errors import (
    LeadNotFound,
    MalformedValue,
    PreconditionFailed,
    Unavailable,
)
from leadwell.store.connection import Connection
from leadwell.store.people.activity import What
from leadwell.store.writes import erasing, erasures


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of two leads, and what the one that stays will hold."""

    gone: Input
    stays: Input

    @property
    def result(self) -> Input:
        """What it will hold: its own, and where it holds nothing, the other's."""
        return self.stays if self.stays.texts else self.gone


@dataclass(frozen=True, slots=True)
class Removing:
    """What only administrators may do to a lead."""

    async def show(self, visit: Visit) -> Response:
        """Show what deleting and erasing mean."""

        def job(connection: Connection) -> dict[str, Any]:
            held = _held(visit, connection, lead_of(visit))
            merged = erasing.merged_into(connection, held.campaign.id, lead_of(visit))
            return {
                **framed(visit, held.campaign),
                "lead": held.lead,
                "version": held.version,
                "merged": ", ".join(map(str, merged)),
            }

        return visit.page("leads/remove.html", await visit.read(job))

    async def delete(self, visit: Visit) -> Response:
        """Delete a lead; its history stays."""
        lead_id, version = lead_of(visit), number(visit, "version")

        def job(connection: Connection) -> None:
            campaign = visit.held(connection)
            writing = changing.begin(visit, connection, campaign)
            writing.remove(lead_id, frozenset((version,)))
            writing.close()

        await visit.write(job)
        return visit.go(path_of(visit), "removed")

    async def erase(self, visit: Visit) -> Response:
        """Erase a lead for ever, and tell everybody who has read it."""
        file = visit.hub.erasure_file
        if file is None:
            raise Unavailable("this hub keeps no erasures", hint="set erasure_file")

        def job(connection: Connection) -> None:
            campaign = visit.held(connection)
            lead_id = lead_of(visit)
            now, actor = visit.hub.now, visit.actor
            erasures.erase(connection, campaign, lead_id, now, file, actor)
            visit.note(connection, campaign, What.LEADS_ERASED, str(lead_id), lead_id)

        await visit.write(job)
        await to_thread.run_sync(visit.hub.database.empty_log)
        return visit.go(path_of(visit), "removed")

    async def compare(self, visit: Visit) -> Response:
        """Show a lead beside the one that it is to be merged into."""
        given = visit.request.query_params.get("into", "").strip()

        def job(connection: Connection) -> dict[str, Any]:
            gone = _held(visit, connection, lead_of(visit))
            content = {**framed(visit, gone.campaign), "lead": gone.lead}
            try:
                stays = _other(visit, connection, given)
            except (LeadNotFound, MalformedValue) as error:
                return content | {"into": None, "error": error}
            return content | {
                "into": stays.lead,
                "rows": _rows(visit, gone, stays),
                "version": gone.version,
                "into_version": stays.version,
                "error": None,
            }

        content = await visit.read(job)
        return visit.page("leads/merge.html", content, 422 if content["error"] else 200)

    async def merge(self, visit: Visit) -> Response:
        """Merge them, if both are as they were shown."""
        lead_id, into = lead_of(visit), number(visit, "into")
        versions = number(visit, "version"), number(visit, "into_version")

        def job(connection: Connection) -> None:
            campaign = visit.held(connection)
            writing = changing.begin(visit, connection, campaign, 2)
            stays = changing.held(visit, connection, campaign, into)
            if stays.version != versions[1] or into == lead_id:
                raise PreconditionFailed(
                    f"lead {into} has changed", hint="compare them again"
                )
            writing.merge(lead_id, into, frozenset((versions[0],)))
            writing.close()
            about = f"{lead_id} → {into}"
            visit.note(connection, campaign, What.LEADS_MERGED, about, about)

        await visit.write(job)
        return visit.go(f"{path_of(visit)}/{into}", "saved")


def _held(visit: Visit, connection: Connection, lead_id: int) -> Held:
    campaign = visit.campaign(connection)
    return changing.held(visit, connection, campaign, lead_id)


def _other(visit: Visit, connection: Connection, given: str) -> Held:
    is_id = given.isascii() and given.isdecimal() and len(given) < len("1" + "0" * 15)
    if not is_id or int(given) == lead_of(visit):
        raise MalformedValue(
            "this is no number of another lead", hint="the table shows it as Id"
        )
    return _held(visit, connection, int(given))


def _rows(visit: Visit, gone: Held, stays: Held) -> Sequence[Row]:
    pairs = zip(
        inputs.of_lead(visit.said, gone.campaign, gone.lead),
        inputs.of_lead(visit.said, stays.campaign, stays.lead),
        strict=True,
    )
    return [Row(*pair) for pair in pairs if pair[0].texts or pair[1].texts]
