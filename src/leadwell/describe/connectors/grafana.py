"""A dashboard for Grafana's Infinity data source: counts by status, newest leads."""

import json
from typing import Any

from leadwell.describe.connectors.connector import NOT_RUN, Connector, steps, told
from leadwell.describe.pages.document import Block, Code, say
from leadwell.describe.reader import Reader
from leadwell.describe.table import Column, Kind, columns
from leadwell.model.campaign import Campaign

FILE = "leadwell-grafana.json"
STATUSES_MAX = 24
"""Each count is a request of its own."""
NEWEST = 500
_LABEL_CHARACTERS = 80
_PLUGIN = "yesoreyeram-infinity-datasource"
_SOURCE = {"type": _PLUGIN, "uid": "${DS_LEADWELL}"}
Json = dict[str, Any]


def _text(reader: Reader) -> str:
    dashboard = {
        "__inputs": [
            {
                "name": "DS_LEADWELL",
                "label": "Leadwell",
                "type": "datasource",
                "pluginId": _PLUGIN,
                "pluginName": "Infinity",
            }
        ],
        "__requires": [{"type": "datasource", "id": _PLUGIN, "name": "Infinity"}],
        "uid": f"leadwell-{reader.campaign_id}",
        "title": f"Leads of campaign {reader.campaign_id}",
        "tags": ["leadwell"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "5m",
        "time": {"from": "now-30d", "to": "now"},
        "panels": _panels(reader),
    }
    return f"{json.dumps(dashboard, indent=2)}\n"


def _panels(reader: Reader) -> list[Json]:
    names = _names(reader.view)
    panels = [_panel(1, "Leads", "stat", (0, 0, 4, 8), [_count(reader, "")])]
    counts = [
        _count(reader, status.slug) for status in _statuses(reader.view)[:STATUSES_MAX]
    ]
    if counts:
        place = (4, 0, 20, 8)
        panels.append(_panel(2, "Leads by status", "bargauge", place, counts))
        panels[-1]["fieldConfig"] = _shown(
            {s.slug: s.label for s in _statuses(reader.view)[:STATUSES_MAX]}
        )
    newest = _target(
        reader, f"?_sort=-created_at&per_page={NEWEST}", "data", _selectors(reader.view)
    )
    panels.append(_panel(3, "Newest leads", "table", (0, 8, 24, 16), [newest]))
    panels[-1]["fieldConfig"] = _shown(names)
    return panels


def _panel(
    number: int,
    title: str,
    kind: str,
    place: tuple[int, int, int, int],
    targets: list[Json],
) -> Json:
    x, y, width, height = place
    panel: Json = {
        "id": number,
        "title": title,
        "type": kind,
        "datasource": _SOURCE,
        "gridPos": {"x": x, "y": y, "w": width, "h": height},
        "targets": [
            target | {"refId": f"Q{place}"} for place, target in enumerate(targets)
        ],
    }
    if kind != "table":
        panel["options"] = {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}
        }
    return panel


def _count(reader: Reader, status: str) -> Json:
    asked = f"?status={status}&per_page=1" if status else "?per_page=1"
    total = {"selector": "total", "text": status or "leads", "type": "number"}
    return _target(reader, asked, "pagination", [total])


def _target(reader: Reader, asked: str, root: str, selectors: list[Json]) -> Json:
    return {
        "datasource": _SOURCE,
        "type": "json",
        "source": "url",
        "parser": "backend",
        "format": "table",
        # Grafana would take what begins with a dollar for a variable.
        "url": f"{reader.leads_url}{asked}".replace("$", "%24"),
        "url_options": {"method": "GET", "data": ""},
        "root_selector": root,
        "columns": selectors,
        "filters": [],
    }


def _selectors(view: Campaign | None) -> list[Json]:
    return [
        {"selector": _selector(each), "text": each.name, "type": _kind(each)}
        for each in _chosen(view)
    ]


def _chosen(view: Campaign | None) -> list[Column]:
    """Take of each choice its label alone: a dashboard is read by people."""
    found = columns(view)
    labelled = {
        c.path[:-1] if c.kind is Kind.TEXT else c.path for c in found if c.is_label
    }
    return [c for c in found if c.is_label or not ({c.path, c.path[:-1]} & labelled)]


def _selector(column: Column) -> str:
    place = ".".join(column.path)
    if column.kind is Kind.CHOICES:
        return f"{place}.#.{column.part}|@tostr"
    return f"{place}|@tostr" if column.kind is Kind.DATA else place


def _kind(column: Column) -> str:
    if column.kind in {Kind.WHOLE, Kind.NUMBER}:
        return "number"
    return "timestamp" if column.kind is Kind.MOMENT else "string"


def _names(view: Campaign | None) -> dict[str, str]:
    labels = {field.slug: field.label for field in view.fields} if view else {}
    return {
        column.name: labels[column.path[1]]
        for column in _chosen(view)
        if column.path[0] == "fields" and view
    }


def _shown(labels: dict[str, str]) -> Json:
    overrides = [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": "displayName", "value": label[:_LABEL_CHARACTERS]}],
        }
        for name, label in labels.items()
    ]
    return {"defaults": {}, "overrides": overrides}


def _statuses(view: Campaign | None) -> tuple[Any, ...]:
    return view.statuses if view else ()


def _instructions(reader: Reader) -> tuple[Block, ...]:
    return (
        steps(
            "In Grafana 11.6 or later, install the data source Infinity.",
            (
                *say(
                    "Add an Infinity data source: Authentication, Bearer token, your "
                    "token; Allowed hosts "
                ),
                Code(reader.public_url),
                ".",
            ),
            "Dashboards, New, Import: the file, and that data source.",
        ),
        told(
            "Grafana keeps the token encrypted, and asks the hub from its server. The "
            f"table shows the {NEWEST} newest leads; the counts are exact, whatever "
            "their number, and each of them is one request."
        ),
    )


GRAFANA = Connector(
    name="grafana-infinity",
    title="Leads in Grafana",
    file_name=FILE,
    media_type="application/json",
    text=_text,
    instructions=_instructions,
    tried=f"{NOT_RUN} Grafana. Its requests are answered by a hub in the tests.",
)
