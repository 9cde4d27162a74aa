"""Whether requests are traced: as the standard variables of OpenTelemetry say."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from leadwell.server.tracing.spans import Spans

_log = structlog.get_logger("leadwell.traces")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment names who is told, and does not switch it off."""
    is_off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    exporter = environment.get("OTEL_TRACES_EXPORTER", "otlp")
    return (
        not is_off
        and exporter == "otlp"
        and any(environment.get(name) for name in _ENDPOINTS)
    )


def spans(environment: Mapping[str, str]) -> "Spans | None":
    """Return what traces this process; `None`: nobody wants it, or it cannot be."""
    if not wanted(environment):
        return None
    try:
        module = import_module("leadwell.server.tracing.spans")
    except ImportError:
        _log.warning("not_traced", hint="pip install 'leadwell[otel]'")
        return None
    found: Spans = module.exported(environment)
    return found
