"""gunicorn's settings. ``forecast-service serve`` starts it with these; so does the container."""

import json
import os
import subprocess
import sys

from gunicorn import util

# Figures and code are loaded once, in the master; workers share the pages.
preload_app = True
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "sync"
timeout = 60
graceful_timeout = 20
# The control socket fails under a read-only root, and nothing here uses it.
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112  heartbeats in memory, not on disk
accesslog = None
# The longest that gunicorn can bound; what is longer is refused below.
limit_request_line = 8190


def _refuse(sock, status, reason, _message):
    """Refuse what is no HTTP request, or too long a one, in the form of all other errors (RFC 9457)."""
    kind = "urn:forecast-service:problem:bad-http"
    body = json.dumps({"type": kind, "title": reason, "status": status, "detail": "The request is no HTTP we take."})
    head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
    util.write_nonblock(sock, f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode("latin-1"))


util.write_error = _refuse


# What the master starts beside the workers, and ends with them.
_beside = []


def when_ready(_server):
    """Make missing fits beside the service, which says 503 at /readyz until they are kept."""
    _beside.append(subprocess.Popen([sys.executable, "-m", "forecast_service.cli", "fit", "--quiet"]))


def on_exit(_server):
    """Leave nothing behind."""
    for process in _beside:
        if process.poll() is None:
            process.terminate()
