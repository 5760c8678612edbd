"""How the prior of the pooled member's spread was chosen: on origins 1970-1997 and outcomes up to 1998.

Prints skill against a random walk in logs and coverage for each pair of prior values. The published track record
starts in 1999, so it is independent of the choice.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models import load_figures
from models.ensemble.members.momentum import Parameters
from models.ensemble.members.pooled import PooledMomentum
from models.ensemble.stacking import midpoints
from models.evaluation import scores
from models.evaluation.track_record import random_walk
from models.series import Panel

LAST_OUTCOME, HORIZON, SHORTEST = 1998, 10, 8
LEVELS = midpoints(99)


def judge(panel: Panel, prior: Parameters) -> tuple[float, float, float, float]:
    """Skill, coverage of the 80 % and 95 % intervals, and of the 80 % interval 8-10 years ahead."""
    rows: list[tuple[str, int, int]] = []
    found = []
    for origin in range(1970, LAST_OUTCOME):
        cut = panel.until(origin)
        fitted = PooledMomentum(prior).fit(cut)
        for name, series in cut.items():
            if series.end == origin and series.values.size >= SHORTEST:
                ahead = min(HORIZON, panel[name].end - origin)
                quantiles = fitted.quantiles(name, ahead, LEVELS)
                rows += [(name, origin, h) for h in range(1, ahead + 1)]
                found += list(np.exp(quantiles))
    quantiles, outcomes = np.array(found), np.array([panel[n].at(o + h) for n, o, h in rows])
    far = np.array([h for _, _, h in rows]) >= 8
    walk = scores.crps(random_walk(panel, rows, LEVELS), LEVELS, outcomes)
    inside = scores.covered(quantiles, LEVELS, outcomes, 0.8)
    return (
        scores.skill(scores.crps(quantiles, LEVELS, outcomes), walk),
        float(inside.mean()),
        float(scores.covered(quantiles, LEVELS, outcomes, 0.95).mean()),
        float(inside[far].mean()),
    )


def main() -> None:
    panel = load_figures().panel(LAST_OUTCOME)
    print("inflation  slope   skill  80 %   95 %   80 %, 8-10 years ahead")
    for inflation in (1.0, 0.9, 0.8):
        for slope in (0.2, 0.15, 0.1):
            prior = replace(Parameters(), inflation=inflation, slope=slope)
            print(f"{inflation:9.2f} {slope:6.2f} " + " ".join(f"{x:6.3f}" for x in judge(panel, prior)))


if __name__ == "__main__":
    main()
