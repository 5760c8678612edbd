"""Which panel this process serves: the allies', or an operator's own (``FORECAST_PANEL``).

The lists of countries, the default targets and the contract follow from it, so it is settled by the environment, once,
and is the same for all that the process does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from models.dataset.config import ALLIES, BadPanel, PanelConfig, read_panel
from models.dataset.countries import Ally, allies, resolve
from models.dataset.tables import bundled_tables
from models.scenarios.builtin import NamedScenario, named_scenarios

VARIABLE = "FORECAST_PANEL"


def panel_of(environment: Mapping[str, str]) -> PanelConfig:
    """The panel that an environment asks for; the allies' if it asks for none.

    Raises
    ------
    BadPanel
    """
    folder = environment.get(VARIABLE, "")
    if not folder:
        return ALLIES
    try:
        return read_panel(Path(folder))
    except BadPanel as error:
        raise BadPanel(f"{VARIABLE}: {error}") from None


@cache
def panel() -> PanelConfig:
    """The panel that this process serves."""
    return panel_of(os.environ)


@cache
def shipped() -> Mapping[str, NamedScenario]:
    """The scenarios that ship for it, by name."""
    return named_scenarios(panel())


@cache
def countries() -> Mapping[str, Ally]:
    """Its countries by ISO alpha-3 code."""
    return allies(bundled_tables(panel()))


def find_country(text: str) -> Ally:
    """The one that ``text`` names: ISO alpha-2, alpha-3 or English name, in any case.

    Raises
    ------
    UnknownCountry
    """
    return resolve(text, bundled_tables(panel()))
