"""What others expect."""

import pytest

from models.dataset.checks import must_hold
from models.dataset.outside_views import outside_views
from models.dataset.tables import BUNDLED, Tables


def changed(index, **columns):
    rows = list(BUNDLED.read("outside_views"))
    rows[index] = rows[index] | columns
    return Tables("other views", BUNDLED.uses, {"outside_views": tuple(rows)})


def test_a_view_is_a_level_of_an_ally_or_group():
    found = {(view.id, view.codes): view for view in outside_views()}
    canada = found["pbo-2022-06-2026", ("CAN",)]
    assert (canada.low_pct, canada.high_pct, canada.year, canada.group) == (1.59, 1.59, 2026, None)
    (area,) = (view for view in outside_views() if view.id == "goldman-2025-02")
    assert area.group == "euro-area"
    assert {"DEU", "FRA"} < set(area.codes)
    assert not {"ISL", "POL"} & set(area.codes)


def test_an_order_ranks_each_of_its_allies():
    ranks = {view.codes[0]: view.rank for view in outside_views() if view.id == "rabobank-2025-06"}
    assert ranks["FRA"] < ranks["NLD"] < ranks["ITA"]
    assert len(ranks) == 9


def test_an_open_bound_is_none():
    (below,) = (view for view in outside_views() if view.id == "abnamro-2025-06")
    assert (below.low_pct, below.high_pct) == (None, 3.5)


@pytest.mark.parametrize(
    ("columns", "finding"),
    [
        ({"group": "atlantis"}, "is about neither one ally nor one of all, european"),
        ({"iso3": "DEU"}, "is about neither one ally nor one of"),
        ({"group": ""}, "outside_views: '' is no ally"),
        ({"kind": "blog"}, "is of kind 'blog'; known are bank, analyst"),
        ({"stated_on": "2028-01-01"}, "was stated on 2028-01-01, after its year"),
        ({"stated_on": "mid-2025"}, "has no day"),
        ({"low_pct": "", "high_pct": ""}, "gives neither a level nor a rank"),
        ({"low_pct": "3.0"}, "expects 3.0 to 2.4"),
        ({"high_pct": "24"}, "expects 2.4 to 24"),
        ({"source": "hearsay"}, "outside_views: source 'hearsay' is not in sources.csv"),
    ],
)
def test_a_view_that_cannot_be_is_an_error(columns, finding):
    assert finding in "\n".join(must_hold(changed(0, **columns)))
