"""Use the installed service once in every way: serve, forecast, fit, draw, import, backtest.

It runs while the image is built. Python saves the bytecode of what is imported, so that ``compile.py`` knows it.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

COMMANDS = (
    ("backtest", "--origins", "2024:2025", "--horizon", "2", "--processes", "1"),
    ("data", "check"),
    ("db", "upgrade"),
    ("forecast", "DEU"),
    ("keys", "list"),
)
PAGES = (
    "/", "/docs", "/openapi.json", "/v1/countries", "/v1/countries/DEU/forecast.csv", "/v1/countries/DEU/forecast.png",
    "/v1/countries/DEU/forecast.svg", "/v1/countries/DEU/sensitivity.svg", "/v1/countries/ESP/history",
    "/v1/countries/ESP/waterfall.svg?scenario=border-war", "/v1/alliance/count.svg", "/v1/alliance/heatmap.svg",
    "/v1/alliance/ranking.svg", "/v1/scenarios", "/v1/track-record/reliability.svg",
)  # fmt: skip
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OWN_SERIES = {"history": {str(year): 1 + year % 5 / 10 for year in range(2000, 2026)}}
EXTRAS = (
    "distributed", "opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk.trace.export",
    "pyarrow.parquet",
)  # fmt: skip
LATER = (
    "joserfc.jwt", "prometheus_client.multiprocess", "psycopg", "redis.backoff",
    "statsmodels.tsa.exponential_smoothing.ets", "statsmodels.tsa.forecasting.theta",
    "statsmodels.tsa.statespace.sarimax", "statsmodels.tsa.statespace.structural",
)  # fmt: skip
PORT, START_S = "8000", 120


def import_the_rest() -> None:
    """Import what is imported later than at the start, and the extras that are installed."""
    for name in (*LATER, *EXTRAS):
        if name in LATER or importlib.util.find_spec(name.partition(".")[0]):
            importlib.import_module(name)


def ask(address: str, body: bytes | None = None, kind: str = "application/json") -> int:
    """The status of an answer."""
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{address}", body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError:
        return 0


def serve() -> None:
    """Ask a running service for its pages, tables and charts, and for what it reads."""
    server = subprocess.Popen(["forecast-service", "serve", "--port", PORT])
    try:
        end = time.monotonic() + START_S
        while ask("/readyz") != 200 and time.monotonic() < end:
            time.sleep(0.1)
        found = {page: ask(page) for page in PAGES}
        from openpyxl import Workbook

        book = io.BytesIO()
        Workbook().save(book)
        found["a workbook without figures"] = ask("/v1/vintages?source=sipri", book.getvalue(), WORKBOOK) - 222
        found["an own series"] = ask("/v1/forecasts", json.dumps(OWN_SERIES).encode())
        wrong = {what: status for what, status in found.items() if status != 200}
        if wrong:
            raise SystemExit(f"use.py: other answers than expected: {wrong}")
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"FORECAST_FIT_TIMEOUT_S": "600", "FORECAST_STATE_DIR": folder, "WEB_CONCURRENCY": "1"}
        for command in COMMANDS:
            subprocess.run(["forecast-service", *command], check=True, stdout=subprocess.DEVNULL)
        serve()
        import_the_rest()


if __name__ == "__main__":
    main()
