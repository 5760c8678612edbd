"""Groups of allies."""

from models.dataset.countries import OWN_SERIES, allies, resolve
from models.dataset.groups import EURO_AREA, GROUPS, covers, meet, members


def test_groups_hold_allies():
    assert set(allies()) >= EURO_AREA
    assert members(("all",)) == set(allies())
    assert members(("europe-and-canada",)) == set(allies()) - {"USA"}
    assert members(("european",)) == set(allies()) - {"USA", "CAN"}
    assert {"FIN", "EST", "POL", "NOR"} <= members(("borders-russia-or-belarus",))
    assert "ROU" not in members(("borders-russia-or-belarus",))
    assert members(("euro-area", "NOR")) == EURO_AREA | {"NOR"}
    for group in GROUPS:
        assert members((group,))


def test_no_countries_are_all_countries():
    assert covers((), OWN_SERIES)
    assert covers(("all",), OWN_SERIES)
    assert not covers(("european",), OWN_SERIES)
    assert covers(("european",), resolve("FRA"))
    assert not covers(("DEU",), resolve("FRA"))


def test_groups_meet_where_an_ally_is_in_both():
    assert meet((), ("DEU",))
    assert meet(("euro-area",), ("borders-russia-or-belarus",))
    assert not meet(("USA",), ("europe-and-canada",))
