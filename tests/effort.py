"""How much is tried of what is drawn at random, and what that may cost."""

import os
from random import SystemRandom

import psycopg_pool.base
import pytest
from hypothesis import HealthCheck, settings

EFFORT = int(os.environ.get("LEADWELL_TEST_EFFORT", "1"))
"""Each run draws other cases; for many at once: LEADWELL_TEST_EFFORT=20 make suite."""
REPEATS = pytest.mark.no_cover
"""For tests that run the same code many times over: to note each time which lines ran
takes half as long as to run them, and tests of one case each note them already."""
SECOND = {"attacks", "contract", "docs", "rules"}
"""Folders of tests that look once more at what the tests of a part have run."""
COVERED = "COVERAGE_PROCESS_CONFIG"
"""Where coverage tells a process that its lines are to be noted."""


def unnoted() -> dict[str, str]:
    """The environment of a process whose lines are not noted.

    That takes half as long as the process itself: it is for those that run what others
    ran, and for those that are killed, of which nothing is left.
    """
    return {name: text for name, text in os.environ.items() if name != COVERED}


def noted() -> dict[str, str]:
    """What a process is told besides if its lines are to count, and are measured."""
    return {COVERED: os.environ[COVERED]} if COVERED in os.environ else {}


def draw_anew() -> None:
    """Let Hypothesis draw other cases in each run, in CI too, and mind no clock."""
    settings.register_profile(
        "anew",
        settings.get_profile("default"),
        # A busy machine is slow.
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        # A case that fails is shown as what repeats it.
        print_blob=True,
    )
    settings.load_profile("anew")
    # A pool draws the age of each connection in a thread of its own; from the generator
    # that all share, it would seem to Hypothesis to be done by what draws a case.
    psycopg_pool.base.random = SystemRandom().random  # type: ignore[attr-defined]


def examples(count: int) -> settings:
    """So many cases that Hypothesis draws."""
    fixtures_stay = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    return settings(max_examples=count * EFFORT, suppress_health_check=fixtures_stay)
