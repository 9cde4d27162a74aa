"""Texts for other tools. To add one, write its module and name it in `CONNECTORS`."""

from leadwell.describe.connectors.airbyte import AIRBYTE
from leadwell.describe.connectors.apps_script import APPS_SCRIPT
from leadwell.describe.connectors.connector import Connector
from leadwell.describe.connectors.dlt_script import DLT
from leadwell.describe.connectors.feed import FEED
from leadwell.describe.connectors.grafana import GRAFANA
from leadwell.describe.connectors.make import MAKE
from leadwell.describe.connectors.n8n import N8N
from leadwell.describe.connectors.own import CLIENT, COMMAND
from leadwell.describe.connectors.power_automate import POWER_AUTOMATE
from leadwell.describe.connectors.power_query import POWER_QUERY
from leadwell.describe.connectors.script import SCRIPT
from leadwell.describe.connectors.shell import SHELL
from leadwell.describe.connectors.zapier import ZAPIER

CONNECTORS: tuple[Connector, ...] = (
    POWER_QUERY,
    APPS_SCRIPT,
    FEED,
    COMMAND,
    CLIENT,
    SHELL,
    SCRIPT,
    DLT,
    AIRBYTE,
    N8N,
    ZAPIER,
    MAKE,
    POWER_AUTOMATE,
    GRAFANA,
)
"""Those that most people ask for come first."""


def named(name: str) -> Connector | None:
    """Return the connector of this name, if there is one."""
    return next((each for each in CONNECTORS if each.name == name), None)


__all__ = ["CONNECTORS", "Connector", "named"]
