"""Serves /metrics on a separate port: ``python -m forecast_service.server.metrics_server HOST PORT PARENT``.

It is a process because gunicorn's master, which forks, should have no threads. It imports little of the service, so it
takes 20 MB instead of 100.
"""

from __future__ import annotations

import signal
import sys
from threading import Event

from prometheus_client import CollectorRegistry, start_http_server

from forecast_service.observability import log_lines
from forecast_service.observability.multiprocess import WorkersCollector
from forecast_service.observability.replica import ReplicaCollector
from forecast_service.processes import end_with_parent


def main(host: str, port: int, parent: int) -> None:
    """Serve until SIGTERM, or until the process ``parent`` ends."""
    log_lines.set_up("metrics-server")
    registry = CollectorRegistry()
    WorkersCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(ReplicaCollector(parent))
    end = Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    server, thread = start_http_server(port, host, registry)
    end_with_parent(parent, end.set)
    end.wait()
    server.shutdown()
    thread.join()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
