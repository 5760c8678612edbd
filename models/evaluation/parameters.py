"""Every parameter of the panel model and of pledges: prior, and estimate with its error at a few origins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from models.dataset.tables import Tables
from models.ensemble.commitments import promises
from models.ensemble.members.panel import (
    CALM_SD,
    COMMON_SD,
    COMMON_WEIGHT,
    OWN_WEIGHT,
    TURBULENT,
    TURBULENT_SD,
    Prior,
)
from models.ensemble.members.pledge import FRACTIONS, KEPT, PANEL_STRENGTH, STEADY, TILT, prior
from models.ensemble.plans import ERROR_SD, ERROR_WEIGHT, FORECASTS
from models.ensemble.pool import Ensemble, Promises
from models.ensemble.stacking import TRUST
from models.series import Panel

ORIGINS = (1970, 1999, 2014)
"""Origins besides the last at which the estimates are shown."""


def parameters(panel: Panel, tables: Tables | None, trust: dict[int, float]) -> list[dict[str, Any]]:
    """By parameter: ``name``, ``meaning`` and ``prior`` in words, and ``at``: origin -> mean and sd (None if unknown).

    A parameter that the figures cannot move has an empty ``at``: it is a constant.

    Parameters
    ----------
    trust : weight of the pledge member by origin, as the backtest learned it.
    """
    last = max(s.end for s in panel.values())
    years = [year for year in (*ORIGINS, last) if len(panel.until(year))]
    fitted = {}
    for year in years:
        ensemble = Ensemble(panel.until(year), promises(tables, year) if tables else Promises())
        if ensemble.panel and ensemble.pledges:
            fitted[year] = (ensemble.panel, ensemble.pledges, ensemble.promises)
    p, trust = Prior(), {0: TRUST} | trust

    def at(read: Any) -> dict[str, Any]:
        found = {year: read(year, *parts) for year, parts in fitted.items()}
        return {
            str(year): {"mean": round(float(mean), 4), "sd": None if sd is None else round(float(sd), 4)}
            for year, (mean, sd) in found.items()
        }

    def expected(weights: Any) -> tuple[float, float]:
        mean = float(FRACTIONS @ weights)
        return mean, math.sqrt(float(((FRACTIONS - mean) ** 2) @ weights))

    rows: list[dict[str, Any]] = [
        {
            "name": "return",
            "meaning": "part of its log distance to the other allies that an ally closes in a year",
            "prior": f"{p.back[0]:g} +- {p.back[1]:g}",
            "at": at(lambda _year, model, *_: (model.parameters.back.mean, model.parameters.back.sd)),
        },
        {
            "name": "momentum",
            "meaning": "part of the smoothed recent log change of all allies that goes on in the next year",
            "prior": f"{p.momentum[0]:g} +- {p.momentum[1]:g}",
            "at": at(lambda _year, model, *_: (model.parameters.momentum.mean, model.parameters.momentum.sd)),
        },
        {
            "name": "common shocks",
            "meaning": "sd of the yearly log change that all allies share beyond that",
            "prior": f"{COMMON_SD:g}, as {COMMON_WEIGHT:g} years",
            "at": at(lambda _year, model, *_: (model.parameters.common_sd, None)),
        },
        {
            "name": "own shocks",
            "meaning": "sd of an ally's own yearly log change, median over allies",
            "prior": f"the mean of all allies, as {OWN_WEIGHT:g} years",
            "at": at(lambda _year, model, *_: (np.sqrt(np.median(model.own_variance)), None)),
        },
        {
            "name": "fraction of pledges",
            "meaning": f"part of the gap to a pledge closed by its deadline (0 to {FRACTIONS[-1]:g}); sd over pledges",
            "prior": f"{expected(prior())[0]:.2f}, kept by {KEPT:g}, as {PANEL_STRENGTH:g} pledges",
            "at": at(lambda _year, _model, pledges, _promises: expected(pledges.panel)),
        },
        {
            "name": "trust in pledges",
            "meaning": "weight of the member with pledges, by the scores of past forecasts",
            "prior": f"{TRUST:g}, as 5 origins",
            "at": at(lambda year, *_: (trust[max(o for o in trust if o <= year)], None)),
        },
    ]
    rows += [
        {
            "name": f"error of a {status}",
            "meaning": "sd of log(outcome / plan), for each root of the years ahead",
            "prior": f"{ERROR_SD:g}, as {ERROR_WEIGHT:g} resolved plans",
            "at": at(lambda *parts, status=status: (parts[3].plan_errors.get(status, ERROR_SD), None)),
        }
        for status in FORECASTS
    ]
    constants = [
        ("memory", "of the smoothed change, a year", f"{p.memory:g}"),
        ("fading", "factor a year on what goes on of a change", f"{p.fading[0]:g} +- {p.fading[1]:g}"),
        ("level", "log level to which all allies return", f"the present one +- {p.level_sd:g}"),
        ("return of the level", "part of that distance closed in a year", f"{p.level_return:g}"),
        (
            "turbulence",
            "draws with larger shocks",
            f"{TURBULENT:g} of the draws with {TURBULENT_SD:.2f} times the sd, the others with {CALM_SD:.2f}",
        ),
        ("steadiness", "part of a shortfall made up by a government that keeps its pledge", f"{STEADY:g}"),
        ("status", "log odds per unit of the fraction closed", ", ".join(f"{k} {v:+g}" for k, v in TILT.items())),
    ]
    return rows + [{"name": n, "meaning": m, "prior": v, "at": {}} for n, m, v in constants]
