"""The same pages with the leads in PostgreSQL: hub and database together.

The processes of the database are counted whoever asks it; while one server is asked,
the others are idle.
"""

from contextlib import ExitStack

from bench import postgres, progress, serving
from bench.cases import Asking, of_framework, of_hub
from bench.data import Made, settled
from bench.measures.reading import HUB_S, PEER_S, Asked, Effort, taken, warm
from bench.peers import FASTAPI

HUB, PEER = "Leadwell on PostgreSQL", f"{FASTAPI} on PostgreSQL"
HUB_PART_S = 2.0


def measured(given: Made, peers: str, effort: Effort) -> dict[str, object]:
    """Return the figures by case and server, SQLite's among them, and the version."""
    progress.stage("PostgreSQL: starting it, and copying the leads")
    with ExitStack() as stack:
        server = stack.enter_context(postgres.running())
        beside = [server.process.pid]
        url = postgres.fill_hub(server, given)
        hub = stack.enter_context(serving.hub(given))
        other = stack.enter_context(serving.hub(given, url, HUB, beside))
        servers = [
            Asked(hub, Asking(of_hub, given.whole), HUB_S, is_hub=True),
            Asked(other, Asking(of_hub, given.whole), HUB_PART_S, is_hub=True),
        ]
        for each in servers:
            warm(each.server, given)
        if effort.with_peers:
            name = postgres.fill_peers(server, peers)
            peer = stack.enter_context(serving.with_fastapi(name, beside, PEER))
            servers.append(Asked(peer, Asking(of_framework), PEER_S))
        settled()
        progress.stage("PostgreSQL: pages")
        return {"version": server.version, "cases": taken(servers, effort)}
