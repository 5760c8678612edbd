"""gunicorn's settings. ``forecast-service serve`` starts it with these; so does the container."""

import os
import subprocess
import sys

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


def when_ready(_server):
    """Make missing fits beside the service, which says 503 at /readyz until they are kept."""
    subprocess.Popen([sys.executable, "-m", "forecast_service.cli", "fit", "--quiet"])
