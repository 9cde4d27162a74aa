"""The page of figures is written from what was measured, and nothing else of it."""

import re
from pathlib import Path

import pytest

from bench import bar, report
from bench.figures import Sizes
from bench.measures import pulling
from bench.peers import DATASETTE, DJANGO, FASTAPI
from bench.serving import CONSTANT, HUB
from bench.tables import TABLES

PAGE = Path(__file__).parents[2] / "docs/reference/performance.md"
CASES = {
    "first page": {HUB: 100, CONSTANT: 50, FASTAPI: 4_000, DJANGO: 3_000},
    "deep pages": {HUB: 130, CONSTANT: 50, FASTAPI: 9_000, DJANGO: 3_000},
}
FIGURES: Sizes = {
    10_000: {
        "about": {},
        "reads": {
            "cases": {
                case: {name: {"cpu_us": us} for name, us in rows.items()}
                for case, rows in CASES.items()
            },
            "memory_mb": {HUB: 50.4},
        },
    }
}


def test_every_mark_of_the_page_names_a_table_and_has_an_end() -> None:
    page = PAGE.read_text("utf-8")
    names = [found[1] for found in report.MARKED.findall(page)]
    assert sorted(set(names)) == sorted(names)
    assert set(names) <= set(TABLES)
    assert len(names) == page.count("<!-- bench: ") == page.count("<!-- end -->")


def test_a_report_writes_the_tables_and_leaves_every_other_word() -> None:
    page = "Before.\n\n<!-- bench: laws -->\nold\n<!-- end -->\n\nBehind.\n"
    filled = report.filled(page, FIGURES)
    assert "| deep pages | 1.30 |" in filled
    assert filled.startswith("Before.\n\n<!-- bench: laws -->\n\n| deep page")
    assert filled.endswith("|\n\n<!-- end -->\n\nBehind.\n")
    assert report.filled(filled, FIGURES) == filled


def test_a_report_leaves_what_was_not_measured_this_time() -> None:
    page = "<!-- bench: citus -->\n\nof another day\n\n<!-- end -->\n"
    assert report.filled(page, FIGURES) == page


def test_each_row_of_the_bar_is_met_missed_or_not_measured() -> None:
    rows = {row.name: row for row in bar.rows(FIGURES) if row.leads == 10_000}
    assert rows[f"{FASTAPI}, mean"].verdict == "met"
    assert rows[f"{FASTAPI}, any case"].found == "40 times (first page)"
    assert rows[f"{DJANGO}, any case"].verdict == "missed"
    assert rows["deep page / first page"].verdict == "missed"
    assert rows["share of the constant body, contiguous"].verdict == "missed"
    assert rows[f"{DATASETTE}, any case"].verdict == "not measured"


def test_a_missed_row_is_told_by_the_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bar.show(FIGURES) == 6
    assert bar.show({}) == 0
    assert re.search(r"^missed +10,000  Django", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("pages", [1, 5, 10, 100, 1_000])
def test_the_pages_of_a_peer_are_spread_over_the_whole_depth(pages: int) -> None:
    turns = [pulling.sample(pages, turn, 3) for turn in range(3)]
    for found in turns:
        assert len(set(found)) == min(pages, pulling.SAMPLE)
        assert min(found) >= 1
        assert max(found) <= pages
    mean = sum(map(sum, turns)) / sum(map(len, turns))
    assert mean == pytest.approx((pages + 1) / 2, rel=0.02)
