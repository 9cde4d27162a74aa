"""Dashboard and alerts ask for what a hub tells, and each alert says what to do."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.deploy import watching
from tests.deploy.watching import Named
from tests.served import METRICS_TOKEN, a_folder, a_hub

ASKED = list(watching.asked())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Every figure of a hub that has done a little, with its labels."""
    folder = tmp_path_factory.mktemp("watched")
    hub = a_hub(folder, a_folder(folder))
    try:
        path = "/v2/campaigns/362/leads"
        body = {"fields": {"name": "Jane", "source": "website"}}
        assert hub.request("POST", path, json=body).status_code == 201
        assert hub.get(path).status == 200
        assert hub.get(f"{path}?nothing=1").status == 400
        assert hub.get(f"{path}?q={'x' * 9_000}").status == 414
        answer = hub.get("/metrics", Authorization=f"Bearer {METRICS_TOKEN}")
    finally:
        hub.stop()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(answer.data.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize(("who", "expression"), ASKED, ids=[who for who, _ in ASKED])
def test_what_is_asked_for_is_told(told, who: str, expression: str) -> None:
    asks = watching.named(expression)
    known = told | watching.OF_PROMETHEUS
    assert asks.metrics, who
    assert asks.metrics <= known.keys()
    labels = set[str]().union(*(known[name] for name in asks.metrics))
    assert asks.labels <= labels | watching.OF_PROMETHEUS["up"]
    assert asks.functions <= watching.FUNCTIONS


def test_every_figure_stands_on_the_page_and_no_other(told) -> None:
    page = watching.PAGE.read_text("utf-8")
    own = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for name in told
        if name.startswith("leadwell_") and not name.endswith("_created")
    }
    assert set(re.findall(r"`(leadwell_\w+)`", page)) == own


def test_every_alert_has_its_heading_and_every_heading_its_alert() -> None:
    assert list(watching.runbooks()) == [rule["alert"] for rule in watching.alerts()]


@pytest.mark.parametrize("rule", watching.alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_means_what_to_look_at_and_what_to_do(rule) -> None:
    text = watching.runbooks()[rule["alert"]]
    for word in ("**Means**", "**Look**", "**Do**"):
        assert word in text
    place, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert watching.ROOT / place == watching.PAGE
    assert anchor == rule["alert"].lower()
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["for"]


def test_panels_do_not_overlap_and_say_what_they_show() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in watching.dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {
            (at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not taken & cells, panel["title"]
        taken |= cells
        assert panel["type"] == "row" or panel["description"], panel["title"]


def test_every_panel_is_of_the_job_that_was_chosen() -> None:
    for panel in watching.dashboard()["panels"]:
        for target in panel.get("targets", ()):
            selected = re.findall(r"leadwell_\w+(\{[^}]*\})?", target["expr"])
            assert all('job="$job"' in each for each in selected), panel["title"]


def test_a_question_is_read() -> None:
    text = 'sum by (le, of) (rate(a_bucket{b="c d", e!~"f"}[5m])) > 2 and on () g == 0'
    labels, functions = {"le", "of", "b", "e"}, {"sum", "rate"}
    assert watching.named(text) == Named({"a_bucket", "g"}, labels, functions)


def test_the_guide_names_files_that_exist() -> None:
    for path in re.findall(r"`(deploy/[\w./]+)`", watching.PAGE.read_text("utf-8")):
        assert (watching.ROOT / Path(path)).exists()
