"""gunicorn's settings. ``forecast-service serve`` starts it with these; so does the container."""

import atexit
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile

from gunicorn import util

from forecast_service.observability.logs import gunicorn_configuration
from models.runtime import prepare

prepare()  # before numpy is imported
preload_app = True  # figures and code are loaded once, in the master, and workers share the pages
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
# Threads, so that a probe is answered while a long forecast is computed.
worker_class = "forecast_service.server.worker.BalancedThreadWorker"
threads = 4
timeout = 60
# Longer than gateways (nginx: 60 s) and clients keep a connection they do not use: who closes it first is then the side
# that sends on it, and no request meets a connection that is just being closed.
keepalive = 75
# What is under way may take this long once told to stop; an orchestrator has to wait longer (deploy: 30 s).
graceful_timeout = 20
# The control socket fails under a read-only root, and nothing here uses it.
control_socket_disable = True
# No forwarding header is believed here: FORECAST_TRUSTED_PROXIES says which are.
forwarded_allow_ips = ""
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112  heartbeats in memory, not on disk
accesslog = None  # the service writes its own, see docs/observability.md
logconfig_dict = gunicorn_configuration(os.environ.get("FORECAST_LOG_FORMAT", "json"))

# Where every process keeps its figures for Prometheus, to be added up by the one that is scraped. Fresh at each start,
# in memory; the check keeps it when SIGHUP reads this file again. prometheus_client reads the variable when imported.
_METRICS = "PROMETHEUS_MULTIPROC_DIR"
if _METRICS not in os.environ:
    os.environ[_METRICS] = tempfile.mkdtemp("", "forecast-metrics-", worker_tmp_dir)

    _master = os.getpid()

    def _forget_metrics():
        if os.getpid() == _master:  # the workers, its forks, end too
            shutil.rmtree(os.environ[_METRICS], ignore_errors=True)

    atexit.register(_forget_metrics)  # not on_exit, which is not called where the start is refused
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


def on_starting(server):
    """Refuse to be open to everyone; bring the embedded database up to date once, before there are workers."""
    from forecast_service.settings import Settings, auth
    from forecast_service.settings.database import database_url
    from forecast_service.store.database import Database

    settings = Settings.from_environment()
    for address in server.cfg.address:
        host = address[0] if isinstance(address, tuple) else "unix:" if isinstance(address, str) else "a socket given"
        if refusal := auth.refusal(settings, host):
            sys.exit(f"Error: {refusal}")
    database = Database(database_url(settings))
    if database.embedded:
        database.state()
        database.close()


def when_ready(server):
    """Make missing fits beside the service, which says 503 at /readyz until they are kept, and compute sweeps."""
    from forecast_service.server.warmup import warmup

    warmup(server.app.wsgi())
    gc.freeze()  # a worker's collection would write to all shared pages, and so copy them
    _beside.append(subprocess.Popen([sys.executable, "-m", "forecast_service.cli", "fit", "--quiet"]))
    work = [sys.executable, "-m", "forecast_service.cli", "work", "--beside", str(os.getpid())]
    _beside.append(subprocess.Popen(work))  # noqa: S603  our own command
    if (port := os.environ.get("FORECAST_METRICS_PORT", "0")) != "0":
        host = next((address[0] for address in server.cfg.address if isinstance(address, tuple)), "127.0.0.1")
        command = [sys.executable, "-m", "forecast_service.server.metrics_server", host, port, str(os.getpid())]
        _beside.append(subprocess.Popen(command))  # noqa: S603  the operator's own settings


def post_worker_init(worker):
    """Follow the switches between vintages of the figures, before the first request."""
    from forecast_service.forecasting.registry import EXTENSION

    registry = worker.wsgi.extensions[EXTENSION]
    registry.current_vintage.start(registry.count_vintage)


def child_exit(_server, worker):
    """Forget what only a living worker has."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(_server):
    """Leave nothing behind."""
    for process in _beside:
        if process.poll() is None:
            process.terminate()
