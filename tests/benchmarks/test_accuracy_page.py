"""The page on accuracy says what was frozen."""

from benchmarks.accuracy.page import frozen_forecasts
from models.dataset.observations import load_figures
from models.evaluation.frozen import record, save
from tests.support.frozen import made


def test_frozen_forecasts_have_a_row_each(tmp_path):
    assert "None has been frozen yet." in frozen_forecasts([])
    scored = save(made(), tmp_path)
    waiting = save(made(vintage="nato-2026", origin=2026, years=[2027]), tmp_path)
    *_, heading, rule, first, second = frozen_forecasts(record(load_figures(), tmp_path)).splitlines()
    assert len({line.count("|") for line in (heading, rule, first, second)}) == 1
    assert first.startswith(f"| {scored.name} | 0.8.0 | 2 | 4 | ")
    assert second == f"| {waiting.name} | 0.8.0 | 2 | 0 |  |  |  |  | {waiting.sha256[:12]} |"
