"""How long leads are kept, as somebody types it."""

from datetime import timedelta
from pathlib import Path

import pytest

from leadwell.server import clock
from tests.cli.test_parts import AT, Run, run

__all__ = ["run"]


def erasing(run: Run, *more: str) -> dict[str, object]:
    answer = run(
        "retention", "add", "erase", "--older-than", "730d", *AT, "--json", *more
    )
    assert answer.code == 0, answer.err
    found: dict[str, object] = answer.json
    return found


def test_a_rule_is_shown_first_and_then_agreed_to(run: Run) -> None:
    assert erasing(run, "--dry-run")["leads"] == 0
    assert run("retention", "list", *AT, "--json").json == []
    refused = run("retention", "add", "erase", "--older-than", "730d", *AT)
    assert refused.code == 5
    assert "today that is 0 leads" in refused.err
    assert erasing(run, "--yes", "--status", "won")["id"] == 1
    (rule,) = run("retention", "list", *AT, "--json").json
    assert rule["rule"] == "created_at > 730 d · won · erase"
    assert (rule["ran_at"], rule["leads"]) == (None, None)
    assert run("retention", "remove", "1", *AT).code == 0
    assert run("retention", "list", *AT, "--json").json == []
    assert run("retention", "remove", "1", *AT).code == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("erase", "--older-than", "2y"), "is no age"),
        (("erase", "--older-than", "99999d"), "no number of days"),
        (("erase", "--older-than", "9d", "--status", "lost"), "new, contacted, won"),
        (("erase", "--older-than", "9d", "--field", "name"), "name no field"),
        (("anonymise", "--older-than", "9d"), "name at least one"),
    ],
)
def test_what_is_wrong_is_told(run: Run, given: tuple[str, ...], said: str) -> None:
    answer = run("retention", "add", *given, *AT, "--yes", "--json")
    assert answer.code == 2
    assert said in answer.err


def test_rules_are_carried_out_at_once(run: Run) -> None:
    Path("old.csv").write_text("name,created_at\nOld One,2001-01-01T00:00:00Z\n")
    assert run("import", "old.csv", *AT).code == 0
    given = ("anonymise", "--older-than", "730d", "--field", "name")
    assert run("retention", "add", *given, *AT, "--yes").code == 0
    (planned,) = run("retention", "run", *AT, "--dry-run", "--json").json
    assert (planned["leads"], planned["deleted"]) == (1, 0)
    assert run("retention", "run", *AT).code == 5
    (done,) = run("retention", "run", *AT, "--yes", "--json").json
    assert done["done"] == 1
    (none,) = run("retention", "run", *AT, "--json").json
    assert none["done"] == 0


@pytest.mark.parametrize(
    ("days", "said"),
    [(8, "it may have been put ahead"), (-1, "something was noted at")],
)
def test_a_clock_that_does_not_fit_carries_nothing_out(
    run: Run, monkeypatch: pytest.MonkeyPatch, days: int, said: str
) -> None:
    """To a clock that was put ahead, a lead of yesterday would be old."""
    add = ("retention", "add", "erase", "--older-than", "7d", *AT, "--yes")
    assert run(*add).code == 0
    put = clock.now() + timedelta(days=days)
    monkeypatch.setattr(clock, "now", lambda: put)
    for more in ((), ("--dry-run",)):
        refused = run("retention", "run", *AT, "--yes", *more)
        assert refused.code == 5
        assert said in refused.err
        assert "--clock-is-right" in refused.err
    answer = run("retention", "run", *AT, "--yes", "--clock-is-right", "--json")
    assert answer.code == 0
    assert answer.json[0]["done"] == (3 if days > 0 else 0)
    # What was done is noted, and the clock is believed from then on.
    assert run("retention", "run", *AT, "--yes").code == (0 if days > 0 else 5)
