"""A server for tests of clients: real HTTP, and the faults that one meets there.

    with FaultServer("http://127.0.0.1:8362") as server:
        server.plan(faults.RATE_LIMITED, faults.RESET_WITHIN)
        …  # ask server.url: the third request is answered as the hub answers it

    FaultServer(PlainServer(leads=1000, churn=Churn(edits=5)))
        …  # a service with pages and `updated_after` that changes while it is read

Needs nothing but Python; nothing else of Leadwell imports it.
"""

from leadwell.testing import faults
from leadwell.testing.exchange import Exchange, Reply, Request
from leadwell.testing.faults import FAULTS, LIES, Fault
from leadwell.testing.plain import QUIET, Churn, PlainServer
from leadwell.testing.server import FaultServer

__all__ = [
    "FAULTS",
    "LIES",
    "QUIET",
    "Churn",
    "Exchange",
    "Fault",
    "FaultServer",
    "PlainServer",
    "Reply",
    "Request",
    "faults",
]
