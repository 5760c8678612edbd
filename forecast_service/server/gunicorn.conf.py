"""gunicorn's settings, for ``forecast-service serve`` and the container."""

import atexit
import gc
import json
import os
import resource
import shutil
import sys
import tempfile

from gunicorn import util

from forecast_service.observability import log_lines, logs
from models.runtime import prepare

log_lines.set_up("master")
prepare()  # before numpy is imported
preload_app = True  # the master loads figures and code once, and workers share the pages
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
# Threads answer probes while a long forecast is computed.
worker_class = "forecast_service.server.worker.BalancedThreadWorker"
threads = 4
timeout = 60
# Longer than gateways (nginx: 60 s) and clients keep an unused connection, so that they close it first: a request sent
# while the service closes its connection would be lost.
keepalive = 75
# Every connection takes a descriptor, and the worker would end if it had none left.
_most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (_most_files, _most_files))
# Requests may take this long after a stop signal; an orchestrator has to wait longer (deploy: 30 s).
graceful_timeout = 20
# Nothing uses the control socket, which fails under a read-only root.
control_socket_disable = True
# gunicorn trusts no forwarding header; the service trusts those that FORECAST_TRUSTED_PROXIES allows.
forwarded_allow_ips = ""
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112  heartbeats in memory, not on disk
sendfile = False  # files are small, and the worker keeps what a client does not take at once
accesslog = None  # the service writes its own, see docs/observability.md
logconfig_dict = logs.GUNICORN

# Every process writes its metrics to a folder in memory, and the metrics server adds them up. A start makes a new
# folder; a reload (SIGHUP) keeps it. prometheus_client reads the variable when imported.
_METRICS = "PROMETHEUS_MULTIPROC_DIR"
if _METRICS not in os.environ:
    os.environ[_METRICS] = tempfile.mkdtemp("", "forecast-metrics-", worker_tmp_dir)

    _master = os.getpid()

    def _remove_metrics():
        if os.getpid() == _master:  # the forked workers call this too
            shutil.rmtree(os.environ[_METRICS], ignore_errors=True)

    atexit.register(_remove_metrics)  # gunicorn does not call on_exit if the start is refused
# gunicorn's maximum.
limit_request_line = 8190


def _refuse(sock, status, reason, _message):
    """Answer a malformed, too long or too slow request with a problem (RFC 9457)."""
    kind, detail = ("bad-http", "The request is no HTTP we take.")
    if status == 408:
        kind, detail = ("too-slow", "A request must arrive within seconds of its first byte. Send it again.")
    body = json.dumps(
        {"type": f"urn:forecast-service:problem:{kind}", "title": reason, "status": status, "detail": detail}
    )
    head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
    util.write_nonblock(sock, f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode("latin-1"))


util.write_error = _refuse


def on_starting(server):
    """Refuse public access without authentication; migrate the embedded database once, before workers start."""
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
    """Warm up, before the master forks workers."""
    from forecast_service.server.warmup import warmup

    warmup(server.app.wsgi())
    gc.freeze()  # a worker's garbage collection would write to all shared pages, and so copy them


def pre_exec(server):
    """Refuse SIGUSR2, in the process that gunicorn has forked for a new master.

    The new master would share the helper processes' ports and folders with this one, and in a container the old code.
    """
    server.log.error("SIGUSR2 is refused. To change the version, start another replica, then stop this one (SIGTERM).")
    os._exit(0)


def post_fork(_server, worker):
    """Bound what clients may send, and for how long."""
    from forecast_service.services.vintages import MOST_BYTES
    from forecast_service.settings import Settings

    settings = Settings.from_environment()
    worker.client_s, worker.most_bytes = settings.client_timeout_s, max(settings.max_body_bytes, MOST_BYTES)


def post_worker_init(worker):
    """Follow switches of the vintage and changes of keys, and have missing fits made, from before the first request."""
    from forecast_service.auth import authentication
    from forecast_service.forecasting.fit_keeper import FitKeeper
    from forecast_service.forecasting.registry import EXTENSION
    from forecast_service.http import fast_path
    from forecast_service.server import observer
    from forecast_service.store import database

    log_lines.name_process("worker")
    worker.wsgi.extensions[database.EXTENSION].share(worker.cfg.threads)
    worker.later = fast_path.LATER
    registry = worker.wsgi.extensions[EXTENSION]
    keeper = FitKeeper(registry)

    def each():
        registry.count_vintage()
        keeper.look()

    registry.current_vintage.start(each)
    worker.wsgi.extensions[authentication.EXTENSION].start()
    observer.start(worker.wsgi)


def child_exit(_server, worker):
    """Drop the metrics that only a living worker has."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)
