"""CRMs, ERPs and whatever else takes JSON: asked as a profile says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, cast
from urllib.parse import quote, urlencode

import msgspec

from leadwell.client.wire.retry import Request
from leadwell.sync.destinations.files import BESIDE
from leadwell.sync.destinations.push import profile, secret, template, values
from leadwell.sync.destinations.push.address import origin_of
from leadwell.sync.destinations.push.delivering import Receiver
from leadwell.sync.destinations.push.exchanging import Line, Outcome, Verdict
from leadwell.sync.destinations.push.lead import Item
from leadwell.sync.destinations.push.ledger import UPSERT
from leadwell.sync.destinations.push.profile import EACH, Call, Profile
from leadwell.sync.destinations.push.pushed import common, options_of
from leadwell.sync.destinations.push.requested import Requested
from leadwell.sync.destinations.push.template import Unfit
from leadwell.sync.destinations.push.values import Source
from leadwell.sync.pace import Pace
from leadwell.sync.state import State
from leadwell.sync.table import table_of

NOT_THERE = {404, 410}
_DONE = Outcome(Verdict.DELIVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPTarget(Requested):
    """A target that a profile describes."""

    scheme: ClassVar[str] = "http"

    @property
    def text(self) -> str:
        """Name the profile."""
        return f"{self.scheme}:{self.place}"

    @property
    def target(self) -> str:
        """Name where the profile leads."""
        return origin_of(self.profile().url)

    def usual_ledger(self) -> Path:
        """Return a file beside the profile."""
        path = Path(self.place).expanduser()
        return path.with_name(path.name + BESIDE)

    def profile(self) -> Profile:
        """Read the profile.

        Raises:
            UsageError: it is none.
        """
        return profile.read(Path(self.place).expanduser())

    def check(self) -> None:
        """Look if the profile can be read, and if its secrets are there."""
        self._secrets(self.profile())

    def receiver(self, state: State) -> Receiver:
        """Return what asks the target."""
        found = self.profile()
        values.check(found, table_of(state.schema))
        secrets = self._secrets(found)
        line = Line(
            self.sender(found.url, found.timeout_s),
            self.retry,
            Pace(1 / found.per_second if found.per_second else 0.0),
            secrets=tuple(secrets.values()),
        )
        source = Source(state.campaign_id, found.map, secrets)
        batch = min(found.batch, self.batch or found.batch)
        # What is only shown is shown in its order.
        parallel = 1 if self.shown else self.parallel or found.parallel
        return Target(self.text, found, line, source, batch, parallel)

    def _secrets(self, found: Profile) -> dict[str, str]:
        if self.shown is not None:
            return dict.fromkeys(found.secrets, "***")
        return {
            name: secret.read(source, f"secret {name} of {self.place}")
            for name, source in found.secrets.items()
        }


@dataclass(frozen=True, slots=True)
class Target:
    """Asks one target."""

    name: str
    profile: Profile
    line: Line
    source: Source
    batch: int
    parallel: int

    def batch_max(self, operation: str) -> int:
        """Return how many leads one request may have."""
        return self.batch if operation == UPSERT else 1

    def send(self, items: Sequence[Item]) -> Outcome:
        """Bring leads into the target, or take one out."""
        try:
            if items[0].lead is None:
                return self._remove(items[0])
            if self.profile.upsert is not None:
                return self._upsert(self.profile.upsert, items)
            return self._create_or_update(items[0])
        except Unfit as error:
            return Outcome(Verdict.REFUSED, None, str(error))

    def _upsert(self, call: Call, items: Sequence[Item]) -> Outcome:
        held = [self.source.of(item, _remote_id(item)) for item in items]
        style = self.profile.style
        each = [template.filled(call.each, one.get, style) for one in held]
        outcome = self._ask(call, held[0] | {EACH: each})
        return _with_id(outcome, call, items) if len(items) == 1 else outcome

    def _create_or_update(self, item: Item) -> Outcome:
        remote_id = _remote_id(item)
        if remote_id is not None and self.profile.update is not None:
            outcome = self._update(self.profile.update, item, remote_id)
            if outcome.status not in NOT_THERE:
                return outcome
        # Somebody has deleted it there, or it never was: what the ledger says is old.
        found, remote_id = self._looked_up(item)
        if found.verdict is not Verdict.DELIVERED:
            return found
        if remote_id is not None and self.profile.update is not None:
            return self._update(self.profile.update, item, remote_id)
        create = cast("Call", self.profile.create)
        outcome = self._ask(create, self.source.of(item, None))
        outcome = _with_id(outcome, create, [item])
        is_lost = self.profile.update and not self.profile.lookup
        if outcome.verdict is Verdict.DELIVERED and is_lost and not outcome.remote_ids:
            said = f"it was created, and the answer has no {create.id or 'id'}"
            return replace(outcome, verdict=Verdict.REFUSED, said=said)
        return outcome

    def _update(self, call: Call, item: Item, remote_id: Any) -> Outcome:
        outcome = self._ask(call, self.source.of(item, remote_id))
        return replace(outcome, remote_ids={item.entry.lead_id: _json(remote_id)})

    def _remove(self, item: Item) -> Outcome:
        call = self.profile.remove
        if call is None:
            return _DONE
        remote_id = _remote_id(item)
        if "remote_id" in call.placeholders() and remote_id is None:
            found, remote_id = self._looked_up(item)
            if found.verdict is not Verdict.DELIVERED or remote_id is None:
                return found
        outcome = self._ask(call, self.source.of(item, remote_id))
        return _DONE if outcome.status in NOT_THERE else outcome

    def _looked_up(self, item: Item) -> tuple[Outcome, Any]:
        """Ask what the target calls a lead; `None`: it has none such."""
        call = self.profile.lookup
        if call is None:
            return _DONE, None
        held = self.source.of(item, None)
        for name in sorted(call.placeholders()):
            if held.get(name) in {None, ""}:
                # What is looked for without a value is somebody else's record.
                raise Unfit(f"{{{name}}} is looked for, and the lead has none")
        outcome = self._ask(call, held)
        if outcome.status in NOT_THERE:
            return _DONE, None
        if outcome.verdict is Verdict.DELIVERED and outcome.content is None:
            # A page of whatever stands before the target says nothing about a lead.
            said = "the answer to lookup is no JSON"
            return replace(outcome, verdict=Verdict.AWAY, said=said), None
        return outcome, at(outcome.content, call.id or "")

    def _ask(self, call: Call, held: Mapping[str, Any]) -> Outcome:
        style, headers = self.profile.style, self.profile.headers | call.headers
        look = held.get
        url = self.profile.url.rstrip("/")
        url += template.text_of(call.path, look, style, is_url=True)
        pairs = {k: template.text_of(v, look, style) for k, v in call.query.items()}
        if pairs:
            url += f"?{urlencode(pairs, quote_via=quote)}"
        sent = {k: template.text_of(v, look, style) for k, v in headers.items()}
        body = None
        if call.body is not None:
            body = msgspec.json.encode(template.filled(call.body, look, style))
            sent.setdefault("Content-Type", "application/json")
        request = Request(call.method, url, body, sent)
        return self.line.ask(request, self.profile.answers.answers(), NOT_THERE)


def at(content: Any, path: str) -> Any:
    """Return what stands at a path of an answer, `data.items.0.id`; or `None`."""
    for step in path.split("."):
        if isinstance(content, dict):
            content = cast("dict[str, Any]", content).get(step)
        elif isinstance(content, list) and step.isdigit():
            items = cast("list[object]", content)
            content = items[int(step)] if int(step) < len(items) else None
        else:
            return None
    return content if isinstance(content, str | int) else None


def _with_id(outcome: Outcome, call: Call, items: Sequence[Item]) -> Outcome:
    found = at(outcome.content, call.id) if call.id else None
    if found is None or outcome.verdict is not Verdict.DELIVERED:
        return outcome
    return replace(outcome, remote_ids={items[0].entry.lead_id: _json(found)})


def _remote_id(item: Item) -> Any:
    held = item.entry.remote_id
    return None if held is None else msgspec.json.decode(held)


def _json(remote_id: Any) -> str:
    """Write down an id so that a number stays one."""
    return msgspec.json.encode(remote_id).decode()


def named(text: str) -> HTTPTarget:
    """Return the target of a profile's file, with its options.

    Raises:
        UsageError: the profile is none.
    """
    place, options = options_of(text)
    found = HTTPTarget(place=place, **common(options))
    found.profile()
    return found
