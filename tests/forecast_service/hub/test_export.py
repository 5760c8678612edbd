"""``forecast-service hub export``: the hub's own schemas and tools read it, and score it to the track record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hubdata
import jsonschema_rs
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import scoringrules
import yaml
from click.testing import CliRunner
from hubdata.create_target_data_schema import TargetType

from forecast_service.cli.main import main
from forecast_service.cli.output_folder import marker
from forecast_service.hub import config, export, tables
from forecast_service.schemas.hub import OUTPUT_TYPES, SAMPLES
from models import Forecaster, load_figures
from models.analysis.predictive import THRESHOLDS
from models.dataset.countries import allies
from models.evaluation import published
from models.evaluation.levels import HUB_LEVELS
from models.simulation.path_store import PathStore
from tests.support.service import environment

pytestmark = pytest.mark.slow

SCHEMAS = Path(__file__).parent / "schemas"
REPOSITORY = "nato-watch/spending-hub"
TASK = ("origin_date", "location", "target", "scenario_id", "horizon", "target_end_date")


@pytest.fixture(scope="module")
def hub(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole hub, as the command writes it."""
    folder = tmp_path_factory.mktemp("export") / "hub"
    command = ["hub", "export", str(folder), "--repository", REPOSITORY]
    done = CliRunner(env=environment(state_dir)).invoke(main, command)
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"{sum(file.is_file() for file in folder.rglob('*')) - 1} files")
    return folder


@pytest.fixture(scope="module")
def output(hub: Path) -> pl.DataFrame:
    """The model output, as hubdata reads it."""
    return frame(hubdata.connect_hub(hub).to_table())


@pytest.fixture(scope="module")
def scored(hub: Path, output: pl.DataFrame) -> pl.DataFrame:
    """The CRPS of each forecast whose outcome the hub knows, by scoringrules, from the hub's files alone."""
    came = frame(hubdata.connect_target_data(hub, TargetType.ORACLE_OUTPUT).to_table()).drop("output_type_id")
    joined = output.join(came, on=["location", "target_end_date", "target", "output_type"]).sort("output_type_id")
    rows = joined.group_by("model_id", *TASK, "oracle_value", maintain_order=True).agg("output_type_id", "value")
    levels = np.array(rows["output_type_id"].to_list())
    assert (levels == levels[0]).all()
    crps = scoringrules.crps_quantile(rows["oracle_value"].to_numpy(), np.array(rows["value"].to_list()), levels[0])
    return rows.with_columns(crps=crps)


def frame(table: pa.Table) -> pl.DataFrame:
    found = pl.from_arrow(table)
    assert isinstance(found, pl.DataFrame)
    return found


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["admin", "tasks", "target-data"])
def test_the_schemas_of_the_hubverse_take_the_configuration(hub: Path, name: str) -> None:
    schema = read(SCHEMAS / f"{name}-schema.json")
    document = read(hub / "hub-config" / f"{name}.json")
    assert document["schema_version"] == schema["$id"]
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    assert [error.message for error in validator.iter_errors(document)] == []
    assert not validator.is_valid(document | {"schema_version": 6})


def test_each_model_has_metadata_by_the_hubs_own_schema(hub: Path, output: pl.DataFrame) -> None:
    validator = jsonschema_rs.validator_for(read(hub / "hub-config" / "model-metadata-schema.json"))
    files = {file.stem: yaml.safe_load(file.read_text()) for file in (hub / "model-metadata").iterdir()}
    assert set(files) == set(output["model_id"]) == {config.BASELINE, config.RANDOM_WALK}
    for model, document in files.items():
        validator.validate(document)
        assert f"{document['team_abbr']}-{document['model_abbr']}" == model
    assert [document["designated_model"] for _, document in sorted(files.items())] == [True, False]


def test_the_hub_says_what_it_was_made_of(hub: Path) -> None:
    admin = read(hub / "hub-config" / "admin.json")
    assert admin["repository"] == {"host": "github", "owner": "nato-watch", "name": "spending-hub"}
    assert admin["additional_metadata"]["vintage"] == published.load()["vintage"]
    assert published.load()["vintage"] in (hub / "README.md").read_text()


def test_every_row_is_one_that_the_tasks_allow(hub: Path, output: pl.DataFrame) -> None:
    tasks = read(hub / "hub-config" / "tasks.json")
    left = output.with_columns(pl.col("origin_date", "target_end_date").dt.to_string())
    for round_ in tasks["rounds"]:
        assert round_["round_id"] == "origin_date"
        for task in round_["model_tasks"]:
            ids = {name: [*(v["required"] or []), *(v["optional"] or [])] for name, v in task["task_ids"].items()}
            assert tuple(ids) == TASK
            allowed = pl.all_horizontal(pl.col(name).is_in(values) for name, values in ids.items())
            for name, form in task["output_type"].items():
                rows = left.filter(allowed, output_type=name)
                assert rows.height, (round_["round_name"], name)
                each = rows.group_by("model_id", *TASK).agg("output_type_id")["output_type_id"].to_list()
                if name == "sample":
                    limits = form["output_type_id_params"]
                    assert limits["min_samples_per_task"] <= SAMPLES <= limits["max_samples_per_task"]
                    assert all(found == each[0] and len(set(found)) == SAMPLES for found in each)
                else:
                    wanted = form["output_type_id"]["required"] or [None]
                    assert all(found == wanted for found in each)
                bounds = form["value"]
                assert rows["value"].is_between(bounds["minimum"], bounds.get("maximum", np.inf)).all()
                left = left.filter(~(allowed & (pl.col("output_type") == name)))
    assert left.is_empty()
    years = output.select(pl.col("target_end_date").dt.year() - pl.col("origin_date").dt.year() == pl.col("horizon"))
    assert years.to_series().all()


def test_each_round_has_its_file(hub: Path, output: pl.DataFrame) -> None:
    for model, dates in output.group_by("model_id").agg(pl.col("origin_date").unique()).iter_rows():
        files = {file.name for file in (hub / "model-output" / model).iterdir()}
        assert files == {f"{date}-{model}.csv" for date in dates}
    last = output.filter(pl.col("origin_date") == pl.col("origin_date").max())
    assert set(last["model_id"]) == {config.BASELINE}
    assert set(last["output_type"]) == set(OUTPUT_TYPES)
    assert set(last["location"]) == set(allies())
    assert set(last.filter(location="ISL")["target"]) == {"related share"}


def test_the_target_data_are_the_figures(hub: Path) -> None:
    figures = load_figures()
    seen = frame(hubdata.connect_target_data(hub, TargetType.TIME_SERIES).to_table())
    assert seen.height == sum(map(len, figures.observations.values()))
    one = seen.filter(pl.col("target_end_date").dt.year() == 2026, location="DEU").to_dicts()[0]
    came = figures.observations["DEU"][-1]
    assert (one["observation"], one["estimate"], one["source"]) == (came.share_pct, came.estimate, came.source)


def test_the_files_alone_give_the_crps_of_the_track_record(scored: pl.DataFrame) -> None:
    record = published.load()
    ours, walk = scored.filter(model_id=config.BASELINE), scored.filter(model_id=config.RANDOM_WALK)
    on = list(TASK)
    both = ours.select(*on, "crps").join(walk.select(*on, walk="crps"), on=on, validate="1:1")
    assert both.height == ours.height == walk.height == record["baseline"]["forecasts"]
    parts = [(record["baseline"], both)]
    parts += [(row, both.filter(horizon=row["horizon"])) for row in record["by_horizon"]]
    parts += [(row, both.filter(location=row["country"])) for row in record["by_country"]]
    assert len(parts) == 1 + published.load()["horizon"] + 31
    for row, part in parts:
        mean = part.select(pl.col("crps", "walk").mean()).row(0)
        assert (part.height, round(mean[0], 4)) == (row["forecasts"], row["crps"])
        assert round(1 - mean[0] / mean[1], 4) == row["skill"]
    assert round(walk["crps"].mean(), 4) == record["random_walk"]["crps"]  # type: ignore[arg-type]


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the origin 2025 alone, and one row of the current forecast."""
    said = [one for one in published.scored_forecasts() if one.origin == 2025]
    monkeypatch.setattr(published, "scored_forecasts", lambda: iter(said))
    now = said[0]._replace(origin=2026, year=2027)
    monkeypatch.setattr(export, "_current", lambda forecaster: tables.past_output([now], forecaster.figures.vintage))


def test_parquet_holds_the_same(
    hub: Path, output: pl.DataFrame, state_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    command = ["hub", "export", str(tmp_path / "hub"), "--format", "parquet"]
    done = CliRunner(env=environment(state_dir)).invoke(main, command)
    assert done.exit_code == 0, done.output
    of_2025 = pl.col("origin_date").dt.year() == 2025
    connected = hubdata.connect_hub(tmp_path / "hub")
    found = frame(connected.to_table()).filter(of_2025)
    order = ["model_id", *TASK, "output_type_id"]
    assert found.sort(order).equals(output.filter(of_2025).sort(order))
    for kind in TargetType:
        read_both = (hubdata.connect_target_data(folder, kind).to_table() for folder in (hub, tmp_path / "hub"))
        # The small hub's outcomes begin after its one origin.
        whole, of_parquet = (frame(table).filter(pl.col("target_end_date").dt.year() == 2026) for table in read_both)
        assert whole.height == 31
        assert whole.equals(of_parquet)


def test_without_sipri_neither_its_figures_nor_the_random_walk_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    forecaster = Forecaster(load_figures(sipri=False), PathStore(tmp_path / "fits"))
    (tmp_path / "hub").mkdir()
    written = export.export(tmp_path / "hub", forecaster, REPOSITORY, "csv")
    assert {folder.name for folder in (tmp_path / "hub" / "model-output").iterdir()} == {config.BASELINE}
    assert written.rows == (31 * 10 + 1) * len(HUB_LEVELS)
    sources = pl.read_csv(tmp_path / "hub" / "target-data" / "time-series.csv")["source"].unique()
    assert not any(source.startswith("sipri") for source in sources)


def test_a_folder_of_others_is_refused_and_its_own_replaced(
    state_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.txt").write_text("mine")
    runner = CliRunner(env=environment(state_dir))
    refused = runner.invoke(main, ["hub", "export", str(tmp_path / "theirs")])
    assert refused.exit_code == 1
    assert "is not empty, and this command did not make it" in refused.output
    folder = tmp_path / "ours"
    for _ in range(2):
        assert runner.invoke(main, ["hub", "export", str(folder)]).exit_code == 0
        assert {file.name for file in folder.iterdir()} >= {marker("hub"), "hub-config", "model-output"}
        assert not (folder / "old.csv").exists()
        (folder / "old.csv").write_text("of the last time")


@pytest.mark.parametrize("wrong", ["nobody", "a/b/c", "a b/c", "/c"])
def test_a_repository_is_an_owner_and_a_name(tmp_path: Path, wrong: str) -> None:
    done = CliRunner().invoke(main, ["hub", "export", str(tmp_path / "new"), "--repository", wrong])
    assert done.exit_code == 2
    assert "is not of the form owner/name" in done.output


def test_the_levels_and_thresholds_ascend() -> None:
    for values in (HUB_LEVELS, THRESHOLDS):
        assert list(values) == sorted(set(values))
    assert len(HUB_LEVELS) == 23
    assert {3.495, 3.5, 1.495, 1.5, 4.995, 5.0} <= set(THRESHOLDS)
