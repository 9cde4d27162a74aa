"""The lists of a service, asked page by page with the client's own patience."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar, cast

from leadwell.client import (
    HubError,
    Leadwell,
    NotFound,
    QuestionRefused,
    Retry,
    UnexpectedAnswer,
)
from leadwell.client.errors import Told as Said
from leadwell.client.wire.answer import Answer, decoded
from leadwell.client.wire.retry import Flow, Pause, Request, persistently
from leadwell.errors import UsageError
from leadwell.sync.any_service import envelopes, shaping
from leadwell.sync.any_service.envelopes import Listing, NoListing
from leadwell.sync.any_service.profile import Profile
from leadwell.sync.any_service.shaping import Told
from leadwell.sync.any_service.windows import Window
from leadwell.sync.pace import Pace

T = TypeVar("T")

GUESSES = 3
"""How often something is asked that a service may not have, if the answer is odd."""


class OtherPage(UnexpectedAnswer):
    """Another page was answered than the one that was asked for."""

    code = "other_page"
    usual_hint = "run again; --full finds out anew what the service can do"


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page, as it was answered."""

    window: Window
    """What was asked for."""
    listing: Listing
    leads: Sequence[Told]
    date: datetime | None
    """When it was answered, by the service's clock."""
    asked_at: float
    """When it was asked for; of two answers the later one is the right one."""
    is_hub: bool
    """Whether one of our own hubs has answered."""


class Lists:
    """One campaign of one service. Threads may share it."""

    def __init__(
        self,
        hub: Leadwell,
        campaign_id: int,
        profile: Profile,
        query: Sequence[tuple[str, str]],
        retry: Retry,
    ) -> None:
        """Ask nothing yet."""
        self.profile = profile
        self.campaign_id = campaign_id
        self._hub = hub
        self._zone = profile.zone
        self._query = list(query)
        per_minute = profile.requests_per_minute
        self._pace = Pace(60 / per_minute if per_minute else 0.0)
        self._told = retry.on_pause
        self._patient = replace(retry, on_pause=self._paused)

    def check(self) -> None:
        """Check that the conditions leave the walk its own words.

        Raises:
            UsageError: they name one of them.
        """
        names = self.profile.parameters
        used = {names.page, names.per_page, names.updated_after}
        taken = sorted(used.intersection(name for name, _ in self._query))
        if taken:
            raise UsageError(
                f"--filter has {taken[0]}, which the walk itself asks for",
                hint="leave it out",
            )

    @property
    def requests(self) -> int:
        """How many were sent."""
        return self._pace.turns

    def window(self, window: Window, since: str | None = None) -> Fetched:
        """Ask for a window; an answer to another question is none.

        Raises:
            HubError: the service refused, or answered nothing that makes sense.
        """
        return self._asked(window, since, is_checked=True)

    def page(self, window: Window, since: str | None = None) -> Fetched:
        """Ask for a page, whatever its size is in the end."""
        return self._asked(window, since, is_checked=False)

    def has(self, lead_id: int) -> bool | None:
        """Ask whether there is such a lead; `None`: the service does not say."""
        path = self.profile.lead
        if not path:
            return None
        place = path.format(campaign=self.campaign_id, lead=lead_id)
        request = Request("GET", self._hub.address.at(place))
        try:
            name = self.profile.names.id
            return self._run(request, lambda answer: _is_lead(answer, name, lead_id))
        except NotFound:
            return False
        except (QuestionRefused, UnexpectedAnswer):
            return None

    def schema(self) -> object | None:
        """Ask for fields and options; `None`: the service has no such thing."""
        if not self.profile.schema:
            return None
        place = self.profile.schema.format(campaign=self.campaign_id)
        request = Request("GET", self._hub.address.at(place))
        odd = 0

        def read(answer: Answer) -> object | None:
            nonlocal odd
            try:
                return decoded(answer, object)
            except UnexpectedAnswer:
                # Many services answer with a page for people where they have nothing.
                odd += 1
                if odd < GUESSES:
                    raise
                return None

        try:
            return self._run(request, read)
        except HubError as error:
            if error.status is not None and error.status in {403, 404, 405, 410}:
                return None
            raise

    def _request(self, window: Window, since: str | None) -> Request:
        names = self.profile.parameters
        asked = [*self._query, (names.page, str(window.page))]
        if names.per_page:
            asked.append((names.per_page, str(window.per_page)))
        if since is not None:
            asked.append((names.updated_after, since))
        place = self.profile.leads.format(campaign=self.campaign_id)
        return Request("GET", self._hub.address.at(place, asked))

    def _asked(self, window: Window, since: str | None, *, is_checked: bool) -> Fetched:
        asked_at = [0.0]

        def read(answer: Answer) -> Fetched:
            listing, leads = self._listed(answer)
            if is_checked:
                _check_echo(listing, window, answer.status)
            is_hub = "leadwell-cursor" in answer.headers
            date = _date(answer)
            return Fetched(window, listing, leads, date, asked_at[0], is_hub)

        return self._run(self._request(window, since), read, asked_at)

    def _listed(self, answer: Answer) -> tuple[Listing, list[Told]]:
        try:
            listing = envelopes.read(decoded(answer, object))
            leads = [
                shaping.told(each, self.profile.names, self._zone)
                for each in listing.leads
            ]
        except (NoListing, ValueError) as error:
            message = f"the answer is no list of leads: {error}"
            raise UnexpectedAnswer(message, Said(answer.status)) from None
        return listing, leads

    def _run(
        self,
        request: Request,
        read: Callable[[Answer], T],
        asked_at: list[float] | None = None,
    ) -> T:
        flow = persistently(request, self._patient, read)
        return self._hub.run(self._paced(flow, asked_at or [0.0]))

    def _paced(self, flow: Flow[T], asked_at: list[float]) -> Flow[T]:
        """Carry a flow on, with each of its requests in its turn."""
        outcome = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Request):
                yield Pause(self._pace.wait_s())
                asked_at[0] = time.monotonic()
            outcome = yield step

    def _paused(self, error: HubError, pause_s: float) -> None:
        if error.retry_after_s or error.status == 429:
            self._pace.hold(pause_s)
        if self._told is not None:
            self._told(error, pause_s)


def _check_echo(listing: Listing, window: Window, status: int) -> None:
    said = (
        window.page if listing.page is None else listing.page,
        window.per_page if listing.per_page is None else listing.per_page,
    )
    if said != window or len(listing.leads) > window.per_page:
        message = (
            f"page {window.page} of {window.per_page} was asked for, and page "
            f"{said[0]} of {max(said[1], len(listing.leads))} was answered"
        )
        raise OtherPage(message, Said(status))


def _is_lead(answer: Answer, name: str, lead_id: int) -> bool | None:
    content = decoded(answer, dict[str, object])
    data = content.get("data", content)
    found = cast("dict[str, object]", data) if isinstance(data, dict) else {}
    return True if str(found.get(name)) == str(lead_id) else None


def _date(answer: Answer) -> datetime | None:
    try:
        found = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else None
