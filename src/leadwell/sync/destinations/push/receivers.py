"""What leads can be sent on to. To add a kind, write its module and name it here."""

from collections.abc import Callable, Mapping

from leadwell.sync.destinations.push import http_target, webhook
from leadwell.sync.destinations.push.pushed import Pushed
from leadwell.sync.destinations.push.warehouse import target

RECEIVERS: Mapping[str, Callable[[str], Pushed]] = {
    "webhook": webhook.named,
    "http": http_target.named,
    "dlt": target.named,
}
"""Each is given what stands after the colon."""
