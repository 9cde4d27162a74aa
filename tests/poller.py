"""A reader that knows no feed: it asks for what has a later stamp, as the docs say."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.mirror import Mirror


@dataclass
class Poller:
    """Follows the leads by their stamps alone, as simple integrations do.

    It is told of every change of a lead, and of no lead that goes.
    """

    mirror: Mirror
    """Through whose client and token it asks."""
    per_page: int = 100
    watermarks: list[str] = field(default_factory=lambda: ["1970-01-01T00:00:00Z"])
    copy: dict[int, int] = field(default_factory=dict)
    """The version that it has of each lead."""
    told: Counter[tuple[int, int]] = field(default_factory=Counter)

    def poll(self, *, by_cursor: bool = False) -> int:
        """Ask for all that is new; return how many leads came."""
        pages = list(self.by_cursor() if by_cursor else self.by_number())
        leads = [lead for answer in pages for lead in answer.json()["data"]]
        for lead in leads:
            self.copy[lead["id"]] = lead["metadata"]["version"]
            self.told[lead["id"], lead["metadata"]["version"]] += 1
        self.watermarks.append(pages[0].headers["leadwell-watermark"])
        return len(leads)

    def ask(self, **asked: Any) -> Any:
        since, per_page = self.watermarks[-1], self.per_page
        return self.mirror.get(
            "", updated_after=since, per_page=per_page, _meta=1, **asked
        )

    def by_number(self) -> Iterator[Any]:
        for page in itertools.count(1):
            answer = self.ask(page=page)
            assert answer.headers.get("leadwell-snapshot") != "lost"
            yield answer
            if page >= answer.json()["pagination"]["total_pages"]:
                return

    def by_cursor(self) -> Iterator[Any]:
        cursor: str | None = "start"
        while cursor is not None:
            answer = self.ask(_cursor=cursor)
            yield answer
            cursor = answer.json()["meta"]["next_cursor"]

    def lacks(self, listed: dict[int, dict[str, Any]]) -> dict[int, int]:
        """Which leads it does not have as they are now, and in which version they are.

        It may still have some that are gone.
        """
        versions = {k: lead["metadata"]["version"] for k, lead in listed.items()}
        return {k: v for k, v in versions.items() if self.copy.get(k) != v}
