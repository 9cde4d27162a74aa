"""`leadwell verify`: compare a copy with the hub, lead by lead where it differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadwell.cli import output
from leadwell.cli.pull.source import FROM, CampaignURL, Source

if TYPE_CHECKING:
    from leadwell.sync.verifying import Finding

DIFFERS = 6
"""Exit code: the copy is not what the hub says."""
SHOWN_MAX = 10


def verify(
    url: CampaignURL, *, to: str, repair: bool = False, source: Source = FROM
) -> int:
    """Compare a copy that `leadwell sync` made with what the hub shows now.

    Count and digest first, then, where they differ, which leads do. A lead whose change
    was not pulled yet is no difference: it is told as waiting.

    Example: leadwell verify https://leads.example.com/v2/campaigns/362 --to sqlite:l.db

    Args:
        url: the campaign's address; else LEADWELL_URL
        to: where the copy is, as it was named for `leadwell sync`
        repair: read leads that differ again, and store them
        source: the token, and how it is answered
    """
    from leadwell.sync import verifying
    from leadwell.sync.destinations import named

    destination = named(to)
    found = verifying.verify(source.campaign(url), destination, repair=repair)
    content = {
        "destination": destination.text,
        "exact": found.is_exact,
        "count": found.count,
        "digest": found.digest,
        "hub_count": found.hub_count,
        "hub_digest": found.hub_digest,
        "missing": sorted(found.missing),
        "stale": sorted(found.stale),
        "extra": sorted(found.extra),
        "waiting": found.waiting,
        "repaired": found.repaired,
    }
    text = f"{destination.text}: {_words(found)}"
    output.document(content, as_json=source.json, text=text)
    return DIFFERS if found.wrong else 0


def _words(found: Finding) -> str:
    mended = f"; {found.repaired:,} mended" if found.repaired else ""
    if found.is_exact:
        return f"exact, {found.count:,} leads, digest {found.digest}{mended}"
    waiting = f"{found.waiting:,} leads wait to be pulled"
    if not found.wrong:
        return f"right as far as it was pulled; {waiting}{mended}"
    parts = [
        f"{len(leads):,} {word} ({_some(leads)})"
        for word, leads in (
            ("missing", found.missing),
            ("stale", found.stale),
            ("too many", found.extra),
        )
        if leads
    ]
    return f"differs: {', '.join(parts)}; {waiting}{mended}"


def _some(leads: set[int]) -> str:
    shown = sorted(leads)[:SHOWN_MAX]
    return ", ".join(map(str, shown)) + (", …" if len(leads) > SHOWN_MAX else "")
