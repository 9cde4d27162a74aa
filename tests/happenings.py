"""What happens in two twins: the same to what the token sees, anything beside it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from leadwell.schema.parts import Kind, Name
from leadwell.store import campaigns
from leadwell.store.writes import erasing, parts
from tests import worlds
from tests.twins import LIST, SEEN, UNSEEN, Ask, Twin

FIRST = 32
"""Leads at the beginning: a quarter inside, a quarter beside, and half of them free."""
PEOPLE = [1, 2]


@dataclass
class Happenings:
    """Both twins, and which leads of them stand where.

    Leads beside the scope may come into it, so their versions are kept the same in
    both. What happens to free ones, and how often, is each twin's own.
    """

    twins: tuple[Twin, Twin]
    random: Random
    few_fields: bool = False
    masked: bool = False
    """Whether it is only the values of hidden fields that the reader does not see."""
    inside: list[int] = field(default_factory=list[int])
    beside: list[int] = field(default_factory=list[int])
    named: set[int] = field(default_factory=set[int])
    """Leads that the token has names for: it is told that those names are taken."""
    last_id: int = 0
    step: int = 0

    def begin(self) -> None:
        """Fill both hubs, and another campaign of theirs."""
        for twin in self.twins:
            for _ in range(twin.hidden.randint(5, 9)):
                given = self._shown() | {"external_id": None}
                url = LIST.replace("362", "363")
                answer = twin.ask(Ask("walls", url, "POST", given))
                assert answer.status_code == 201
            twin.wait_until(0)
        for number in range(FIRST):
            (self.add, self.add_free, self.add_beside, self.add_free)[number % 4]()

    def happen(self) -> None:
        """Let something happen that shows, and then more that does not."""
        self.step += 1
        for twin in self.twins:
            twin.wait_until(20 * self.step)
        self.random.choice(self._shown_happenings())()
        # An index takes in what has changed: at least one thing, in both of them.
        self.live()
        for twin in self.twins:
            for _ in range(twin.hidden.randint(0, 3)):
                self._do_hidden(twin)
            # However many there were, none was stamped as late as this.
            twin.wait_until(20 * self.step + 10)
        self.look()

    def look(self) -> None:
        """Note which leads the token sees now."""
        one, two = (twin.inside() for twin in self.twins)
        assert one == two
        self.inside = one

    # ── What shows ──────────────────────────────────────────────────────────────

    def add(self) -> None:
        given = self._shown()
        made = [twin.do("", self._filled(twin, given)) for twin in self.twins]
        self._note_new(made)

    def change(self) -> None:
        if not self.inside:
            return
        lead_id, given = self.random.choice(self.inside), self._shown()
        for twin in self.twins:
            twin.do(f"/{lead_id}", self._filled(twin, given), "PATCH")

    def rework(self) -> None:
        """Change what a token of few fields does not see of a lead that it sees."""
        if self.inside and (self.few_fields or self.masked):
            lead_id = self.random.choice(self.inside)
            for twin in self.twins:
                twin.do(f"/{lead_id}", {"fields": _unseen(twin)}, "PATCH")

    def leave(self) -> None:
        if self.inside:
            lead_id = self.random.choice(self.inside)
            self.beside.append(lead_id)
            for twin in self.twins:
                twin.do(f"/{lead_id}", {"fields": {"source": twin.vendor}}, "PATCH")

    def enter(self) -> None:
        if self.beside:
            lead_id = self._taken_from_beside()
            given = self._shown()
            for twin in self.twins:
                twin.do(f"/{lead_id}", self._filled(twin, given), "PATCH")

    def remove(self) -> None:
        if self.inside:
            lead_id = self.random.choice(self.inside)
            for twin in self.twins:
                twin.do(f"/{lead_id}", method="DELETE")

    def erase(self) -> None:
        """Erase a lead that the token sees, or one that it saw once or never."""
        if self.inside and self.random.random() < 0.5:
            lead_id = self.random.choice(self.inside)
        elif self.beside:
            lead_id = self._taken_from_beside()
        else:
            return
        for twin in self.twins:
            _erase(twin, lead_id)

    def merge(self) -> None:
        if len(self.inside) > 1:
            lead_id, into = self.random.sample(self.inside, 2)
            self.named |= {into} if lead_id in self.named else set()
            for twin in self.twins:
                twin.do(f"/{lead_id}/merge", {"into": into})

    def merge_out(self) -> None:
        """Merge a lead into one that the token does not see, another one in each."""
        strangers = sorted(set(self.inside) - self.named)
        if strangers and all(twin.free for twin in self.twins):
            lead_id = self.random.choice(strangers)
            for twin in self.twins:
                into = twin.hidden.choice(twin.free)
                twin.do(f"/{lead_id}/merge", {"into": into})
                twin.holding.add(into)

    # ── What does not ───────────────────────────────────────────────────────────

    def add_beside(self) -> None:
        self.beside.append(self._note_new([t.do("", _hidden(t)) for t in self.twins]))

    def add_free(self) -> None:
        """Add a lead that stays hidden, often under a name that the token may use."""
        made = []
        for twin in self.twins:
            name = twin.names.pop(0) if twin.hidden.random() < 0.7 else None
            made.append(twin.do("", _hidden(twin) | {"external_id": name}))
            twin.free.append(made[-1]["id"])
        self._note_new(made)

    def live(self) -> None:
        if not self.beside:
            self.add_beside()
        lead_id = self.random.choice(self.beside)
        for twin in self.twins:
            twin.do(f"/{lead_id}", _hidden(twin), "PATCH")

    def relabel(self) -> None:
        for twin in self.twins:
            name = Name(Kind.OPTION, twin.vendor, "source")
            label = f"Partner {twin.hidden.random()}"
            twin.database.write(
                lambda c, name=name, label=label: parts.relabel(c, 362, name, label)
            ).result()

    def _do_hidden(self, twin: Twin) -> None:
        if not twin.free:
            return
        what, lead_id = twin.hidden.random(), twin.hidden.choice(twin.free)
        other = twin.hidden.choice(twin.free)
        if what < 0.88:
            twin.do(f"/{lead_id}", _hidden(twin), "PATCH")
            return
        twin.free.remove(lead_id)
        if what < 0.92:
            twin.do(f"/{lead_id}", method="DELETE")
        elif what < 0.96 and other != lead_id:
            twin.do(f"/{lead_id}/merge", {"into": other})
            twin.holding |= {other} if lead_id in twin.holding else set()
        elif lead_id not in twin.holding:
            _erase(twin, lead_id)

    def _shown_happenings(self) -> list[Callable[[], None]]:
        ours = [self.add, self.change, self.rework, self.leave, self.enter]
        theirs = [self.add_beside, self.add_free, self.add_free]
        ends = [self.remove, self.erase, self.merge, self.merge_out, self.relabel]
        return [*ours, *ours, *theirs, *ends]

    def _shown(self) -> dict[str, Any]:
        """Draw a lead inside the scope, the same for both."""
        given = worlds.random_lead(self.random, PEOPLE)
        del given["created_at"]
        given["external_id"] = None
        fields: Any = given["fields"]
        fields["source"] = "partner-west"
        return given

    def _filled(self, twin: Twin, given: dict[str, Any]) -> dict[str, Any]:
        """Put into a lead what a token of few fields does not see of it."""
        if not self.few_fields:
            fields = _unseen(twin) if self.masked else {}
            return given | {"fields": given["fields"] | fields}
        own = {
            "assigned_person": twin.hidden.choice(PEOPLE),
            "external_id": f"crm-{twin.hidden.random()}",
        }
        return given | own | {"fields": given["fields"] | _unseen(twin)}

    def _note_new(self, made: list[Any]) -> int:
        one, two = made
        # Ids are given in the order of all leads, so both must have made as many.
        assert one["id"] == two["id"]
        self.last_id = int(one["id"])
        return self.last_id

    def _taken_from_beside(self) -> int:
        return self.beside.pop(self.random.randrange(len(self.beside)))


def _unseen(twin: Twin) -> dict[str, Any]:
    """Draw values of the fields that a token of few fields does not see.

    None is empty: what a merge fills, and so revises, must not differ.
    """
    values = {
        slug: twin.hidden.choice([v for v in worlds.POOLS[slug] if v is not None])
        for slug in UNSEEN
    }
    return values | {"budget": twin.hidden.random()}


def _hidden(twin: Twin) -> dict[str, Any]:
    """Draw a lead outside the scope; no two are the same."""
    given: dict[str, Any] = worlds.random_lead(twin.hidden, PEOPLE)
    fields = {slug: given["fields"][slug] for slug in SEEN} | _unseen(twin)
    fields["source"] = twin.hidden.choice([twin.vendor, twin.vendor, "website"])
    return {"status": given["status"], "fields": fields}


def _erase(twin: Twin, lead_id: int) -> None:
    twin.database.write(
        lambda c: erasing.erase(
            c, campaigns.known(c, 362), lead_id, now=int(twin.clock().timestamp() * 1e6)
        )
    ).result()
