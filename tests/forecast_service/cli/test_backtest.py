"""``forecast-service backtest``."""

import csv
import json
import math

import pytest
from click.testing import CliRunner

from forecast_service.cli.backtest import read_panel
from forecast_service.cli.main import main

pytestmark = pytest.mark.slow


def panel(path, rows):
    path.write_text("series,year,value\n" + "".join(f"{s},{y},{v}\n" for s, y, v in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def small(tmp_path):
    rows = [(s, 2000 + t, round(2 + math.sin(t + k), 4)) for k, s in enumerate("ab") for t in range(20)]
    return panel(tmp_path / "panel.csv", rows)


def run(*arguments):
    return CliRunner().invoke(main, ["backtest", "--processes", "1", *arguments])


def test_it_writes_quantiles_in_the_form_that_the_scorer_reads(small, tmp_path):
    out = tmp_path / "q.csv"
    done = run("--panel", small, "--origins", "2010:2012", "--horizon", "3", "--quantiles", str(out), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["baseline"]["forecasts"] == 18
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:5] == ["series", "origin", "horizon", "q0.01", "q0.025"]
    assert len(rows) == 2 * 3 * 3
    for row in rows:
        values = [float(v) for k, v in row.items() if k.startswith("q")]
        assert values == sorted(values)
        assert values[0] > 0


def test_backtest_prints_a_table(small):
    done = run("--panel", small, "--origins", "2011:2011", "--horizon", "2")
    assert done.exit_code == 0, done.output
    assert "random walk in logs" in done.stdout
    assert "theta" in done.stdout  # two series are no panel: each is forecast alone


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "columns series, year and value"),
        ("series,year,value\nx,2000,abc\n", "line 2, column value: 'abc' is not a number"),
        ('series,year,value\nx,2000,"2,05"\n', "line 2, column value: '2,05' has a decimal comma: write 2.05"),
        ('series,year,value\nx,2000,"2,050"\n', "line 2, column value: '2,050' may be 2.050 or 2050"),
        ("series;year;value\nx;2000;2.05\n", "has a decimal point in a file separated by semicolons: write 2,05"),
        ("series,year,value\nx,2000,1_0\n", "'1_0' is not a number"),
        ("series,year,value\nx,20x0,1\n", "line 2, column year: '20x0' is no year"),
        ("series,year,value,year\nx,2000,1,2001\n", "line 1: the column 'year' stands twice"),
        ("series,year,value\nx,2000,1\nx,2000,2\n", "stands twice"),
        ("series,year,value\nx,2000,-1\n", "2000 is not a positive number"),
        ("series,year,value\nx,2000,nan\n", "line 2, column value: 'nan' is not a number"),
        ("series,year,value\nx,2000\n", "line 2: has 2 cells, the heading 3"),
        ("series,year,value\n", "no rows"),
        (b"series,year,value\n\xff,2000,1\n", "not utf-8"),
        (b"series,year,value\n" + b"x" * 200_000, "line 2"),
    ],
)
def test_a_panel_that_cannot_be_used_names_the_row(tmp_path, content, said):
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("--panel", str(path))
    assert done.exit_code == 2
    assert said in done.output.replace("\n", " ")


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffseries,year,value\nx,2000,2.05\nx,2001,1234.5\n",
        "value;year;series;note\r\n2,05;2000;x;a\r\n1.234,5;2001;x;b\r\n",
        'series\tyear\tvalue\nx\t2000\t2.05\nx\t2001\t"1,234.5"\n',
    ],
)
def test_a_panel_may_be_written_as_spreadsheets_write_it(tmp_path, content):
    path = tmp_path / "panel.csv"
    path.write_text(content, encoding="utf-8", newline="")
    (series,) = read_panel(path).values()
    assert (series.name, series.start, list(series.values)) == ("x", 2000, [2.05, 1234.5])


def test_origins_must_be_a_range(small):
    for refused in ("2012:2010", "²010:2012", "٢٠١٠:2012", "2010:"):
        assert "1999:2025" in run("--panel", small, "--origins", refused).output
    assert "eight values" in run("--panel", small, "--origins", "2001:2003").output


def test_publishing_is_for_the_bundled_panel(small):
    assert run("--panel", small, "--publish").exit_code == 2


def test_publishing_saves_the_trust_and_the_record_with_outside_views(monkeypatch, tmp_path):
    from models.ensemble import learned_trust
    from models.evaluation import backtest, published
    from models.forecast import question

    real, bundled = backtest.backtest, published.load()
    monkeypatch.setattr(published, "FILE", tmp_path / "record.json")
    monkeypatch.setattr(published, "FORECASTS", tmp_path / "forecasts.csv")
    monkeypatch.setattr(learned_trust, "FILE", tmp_path / "learned.json")
    monkeypatch.setattr(question, "DRAWS", 100)
    # Two origins with few draws: what is saved is the matter here.
    monkeypatch.setattr(backtest, "BURN_IN", 1)
    monkeypatch.setattr(
        backtest, "backtest", lambda panel, origins, *rest, **how: real(panel, origins[-2:], *rest, draws=100, **how)
    )
    try:
        done = run("--publish")
        assert done.exit_code == 0, done.output
        assert list(json.loads(learned_trust.FILE.read_text())["trust"]) == ["2025", "2026"]
        saved = published.load()
        assert list(saved) == list(bundled)
        assert [it["id"] for it in saved["outside_views"]] == [it["id"] for it in bundled["outside_views"]]
        assert saved["since_1965"]["forecasts"] > 0
        # Not those from the last year of the figures, which the service makes itself.
        assert {it.origin for it in published.forecasts()} == {2025}
    finally:
        learned_trust._by_origin.cache_clear()


def test_real_time_prints_both_backtests(monkeypatch, tmp_path):
    from models.evaluation import real_time

    monkeypatch.setenv("FORECAST_STATE_DIR", str(tmp_path))
    all_editions = real_time.editions
    # One edition with few forecasts: what is printed is the matter here.
    monkeypatch.setattr(
        real_time, "editions", lambda *given: [e for e in all_editions(*given) if e.source == "nato_sgar_2025"]
    )
    found = run("--real-time", "--json")
    assert found.exit_code == 0, found.output
    (row,) = json.loads(found.stdout)["editions"]
    assert (row["edition"], row["origin"], row["forecasts"]) == ("nato_sgar_2025", 2025, 29)
    assert 0 < row["real_time"]["crps"] < 1
    refused = run("--real-time", "--origins", "2000:2010")
    assert refused.exit_code == 2
    assert "at the origins that have an edition" in refused.output
