"""The programs that read tables by their addresses read ours from the running service: nobody downloads by hand."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import polars as pl
import pytest

from tests.support.service import Service

PATH = "/v1/alliance/forecast"
ABROAD = "separator=semicolon&decimal=comma&bom=true"
GERMAN = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"
  xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Setup/L10N">
<prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>de-DE</value></prop></item></oor:items>
"""
"""The setting of LibreOffice by which it reads and writes numbers as in Germany."""
SEMICOLON, QUOTE, UTF8 = 59, 34, 76


@pytest.fixture(scope="module")
def ranking(live_service: Service) -> list[dict[str, Any]]:
    """What the JSON says of the core target, in the order of the table."""
    document = live_service.ask("GET", PATH)[1]
    ranked: list[dict[str, Any]] = next(t for t in document["targets"] if t["component"] == "core")["ranking"]
    return ranked


def said(ranking: list[dict[str, Any]]) -> list[tuple[str, float]]:
    return [(one["country"]["code"], one["at_deadline"]) for one in ranking]


def test_polars_reads_csv_and_parquet(live_service: Service, ranking: list[dict[str, Any]]) -> None:
    address = live_service.url + PATH
    for frame in (
        pl.read_csv(f"{address}.csv"),
        pl.read_csv(f"{address}.csv?{ABROAD}", separator=";", decimal_comma=True),
        pl.read_parquet(f"{address}.parquet"),
    ):
        core = frame.filter(pl.col("component") == "core")
        assert core.select("country", "at_deadline").rows() == said(ranking)


def test_polars_scans_parquet_by_its_parts(live_service: Service, ranking: list[dict[str, Any]]) -> None:
    lazy = pl.scan_parquet(f"{live_service.url}{PATH}.parquet").filter(pl.col("component") == "core")
    assert lazy.select("country", "at_deadline").collect().rows() == said(ranking)


def test_pandas_reads_csv_parquet_and_xlsx(live_service: Service, ranking: list[dict[str, Any]]) -> None:
    address = live_service.url + PATH
    for frame in (
        pd.read_csv(f"{address}.csv"),
        pd.read_csv(f"{address}.csv?{ABROAD}", sep=";", decimal=","),
        pd.read_parquet(f"{address}.parquet"),
        pd.read_excel(f"{address}.xlsx"),
    ):
        core = frame[frame["component"] == "core"]
        assert list(zip(core["country"], core["at_deadline"], strict=True)) == said(ranking)


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=120) as response:  # noqa: S310  our own service
        body: bytes = response.read()
        return body


def test_openpyxl_reads_the_workbook(live_service: Service, ranking: list[dict[str, Any]]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(fetched(f"{live_service.url}{PATH}.xlsx")), read_only=True)
    heading, *rows = book["Table"].iter_rows(values_only=True)
    table = [dict(zip(heading, row, strict=True)) for row in rows]
    assert [(row["country"], row["at_deadline"]) for row in table if row["component"] == "core"] == said(ranking)


def converted(folder: Path, file: str, to: str, *options: str) -> Path:
    """``file`` of ``folder``, as LibreOffice in Germany reads it and writes it again."""
    office = shutil.which("soffice")
    if office is None:
        if os.environ.get("CI"):
            pytest.fail("LibreOffice is missing; .ci/run installs it")
        pytest.skip("install libreoffice-calc-nogui")
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(GERMAN, encoding="utf-8")
    command = [office, f"-env:UserInstallation={profile.as_uri()}", "--headless", *options, "--convert-to", to]
    command += ["--outdir", str(folder / "out"), str(folder / file)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return folder / "out" / f"{Path(file).stem}.{to.split(':')[0]}"


def test_a_german_libreoffice_reads_numbers_in_the_csv(
    live_service: Service, ranking: list[dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "table.csv").write_bytes(fetched(f"{live_service.url}{PATH}.csv?{ABROAD}"))
    file = converted(tmp_path, "table.csv", "xlsx", f"--infilter=CSV:{SEMICOLON},{QUOTE},{UTF8},1")
    heading, *rows = openpyxl.load_workbook(file).active.iter_rows(values_only=True)
    table = [dict(zip(heading, row, strict=True)) for row in rows]
    # A text that looks like a number would not equal it.
    assert [(row["country"], row["at_deadline"]) for row in table if row["component"] == "core"] == said(ranking)


def test_a_german_libreoffice_shows_the_workbook_with_decimal_commas(
    live_service: Service, ranking: list[dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "table.xlsx").write_bytes(fetched(f"{live_service.url}{PATH}.xlsx"))
    as_shown = f"csv:Text - txt - csv (StarCalc):{SEMICOLON},{QUOTE},{UTF8},1,,0,false,true"
    text = converted(tmp_path, "table.xlsx", as_shown).read_text(encoding="utf-8-sig")
    table = [row for row in csv.DictReader(io.StringIO(text), delimiter=";") if row["component"] == "core"]
    shown = [(row["country"], row["at_deadline"]) for row in table]
    assert shown == [(code, f"{probability:.15g}".replace(".", ",")) for code, probability in said(ranking)]
