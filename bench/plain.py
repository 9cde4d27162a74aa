"""A plain service as a process of its own: `python -m bench.plain LEADS LATENCY_S`."""

import sys

from leadwell.testing import FaultServer, PlainServer


def main(leads: str, latency_s: str) -> None:
    """Serve until nobody is left who listens."""
    plain = PlainServer(int(leads), latency_s=float(latency_s))
    with FaultServer(plain) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
