"""Writes the answers of the application as files: begins at the first page and follows its links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

from flask import Flask

from forecast_service.cli.site_addresses import Scope, file_of, normal
from forecast_service.cli.site_html import ORIGIN, Rewriter

BEGIN = ("/", "/countries")
TABLES = ("forecast", "forecast.csv", "history", "history.csv")
"""The figures of every ally that are written even if no page links to them."""
IMPORTED = re.compile(r"""(?:from|import) ["'](\./[^"']+)["']""")
TIMES = 3
"""How often an address is asked that the service is too busy to answer."""


@dataclass
class Written:
    """What was written."""

    files: dict[str, str] = field(default_factory=dict)
    """The address of each file."""
    pages: int = 0
    size: int = 0
    broken: dict[str, str] = field(default_factory=dict)
    """What is wrong with an address, and with which page links to it."""


def crawl(
    app: Flask, scope: Scope, folder: Path, address: str, threads: int, told: Callable[[int, int], None]
) -> Written:
    """Write the site into ``folder``, which exists.

    Parameters
    ----------
    address : where the site will be served; ends with a slash.
    threads : requests at once.
    told : called after each file with the number of files that are written and known.
    """
    written, known = Written(), dict.fromkeys(_begin(scope), "")
    waiting, running = list(known), set[Future[tuple[str, list[str]]]]()
    with ThreadPoolExecutor(threads) as pool:
        while waiting or running:
            # Few at a time, so that an interruption need not wait for many.
            while waiting and len(running) < 2 * threads:
                running.add(pool.submit(_write, app, scope, folder, address, waiting.pop(0), written))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for source, found in (future.result() for future in done):
                new = [each for each in dict.fromkeys(found) if each not in known]
                known.update(dict.fromkeys(new, source))
                waiting += new
                told(len(written.files), len(known))
    written.broken = {each: f"{why}, linked from {known[each] or 'the list'}" for each, why in written.broken.items()}
    return written


def _begin(scope: Scope) -> Iterator[str]:
    yield from BEGIN
    for name in sorted(scope.scenarios):
        for code in sorted(scope.countries):
            yield normal(f"/countries/{code}?scenario={name}")
            yield from (
                normal(f"/v1/countries/{code}/{table}" + (f"?scenario={name}" if table.startswith("forecast") else ""))
                for table in TABLES
            )


def _write(app: Flask, scope: Scope, folder: Path, at: str, address: str, written: Written) -> tuple[str, list[str]]:
    """Write the file of an address; the address and those to which it links."""
    response = app.test_client().get(address, base_url=ORIGIN)
    for _ in range(TIMES - 1):
        if response.status_code != 503:
            break
        response = app.test_client().get(address, base_url=ORIGIN)
    if response.status_code != 200:
        written.broken[address] = str(response.status_code)
        return address, []
    file, body, found = file_of(address), response.get_data(), list[str]()
    if response.mimetype == "text/html":
        rewriter = Rewriter(scope, file, at)
        body, found = rewriter.page(body.decode()).encode(), rewriter.found
        written.pages += 1
    elif file.endswith(".js"):
        found = [urljoin(address, name) for name in IMPORTED.findall(body.decode())]
    if written.files.setdefault(file, address) != address:
        written.broken[address] = f"has the same file as {written.files[file]}"
        return address, []
    target = folder / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(body)
    written.size += len(body)
    return address, found
