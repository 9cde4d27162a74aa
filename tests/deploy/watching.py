"""The dashboard and the alerts of deploy/, and what their questions name."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy/grafana/leadwell.json"
ALERTS = ROOT / "deploy/prometheus/alerts.yaml"
PAGE = ROOT / "docs/how-to/watch-a-hub.md"
OF_PROMETHEUS = {"up": {"job", "instance"}}
"""What Prometheus itself knows of everything that it asks."""
WORDS = {"and", "or", "unless", "on", "ignoring"}
FUNCTIONS = {
    *("absent", "histogram_quantile", "max", "min"),
    *("rate", "sum", "time", "vector"),
}


@dataclass(frozen=True)
class Named:
    """What a question of PromQL names."""

    metrics: set[str]
    labels: set[str]
    functions: set[str]


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    return found


def asked() -> Iterator[tuple[str, str]]:
    """Every question, and what asks it."""
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def named(expression: str) -> Named:
    """Read a question: its words, but for texts, times and numbers."""
    grouping = r"\b(?:by|without)\s*\(([^)]*)\)"
    labels = {
        label.strip()
        for found in re.findall(grouping, expression)
        for label in found.split(",")
    }
    text = re.sub(r"\[[^\]]*\]|\"[^\"]*\"", " ", re.sub(grouping, " ", expression))
    for within in re.findall(r"\{([^}]*)\}", text):
        labels |= set(re.findall(r"(\w+)\s*(?:=|!)", within))
    text = re.sub(r"\{[^}]*\}", " ", text)
    functions = set(re.findall(r"([a-z_]+)\s*\(", text)) - WORDS
    words = set(re.findall(r"(?<![\w$])[a-z_]\w*", text))
    return Named(words - functions - WORDS, labels, functions)


def runbooks() -> dict[str, str]:
    """What the page says to each alert."""
    parts = re.split(r"^### (Leadwell\w+)$", PAGE.read_text("utf-8"), flags=re.M)
    texts = (re.split(r"^## ", text, flags=re.M)[0] for text in parts[2::2])
    return dict(zip(parts[1::2], texts, strict=True))
