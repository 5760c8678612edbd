"""What the panel model's structure and priors were chosen on: outcomes up to 2013, and nothing later.

    python -m benchmarks.accuracy.choice

The panel is cut at the end of 2013 before anything is fitted. Each row changes one choice. Skill is against a random
walk in logs, for origins 1965, 1970 ... 1995 and for origins 1999-2012. Decision 13 has the table and the reasons.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from models import load_figures
from models.ensemble.members.panel import PanelModel, Prior
from models.ensemble.stacking import midpoints
from models.evaluation import scores
from models.evaluation.backtest import DRAWS, SHORTEST
from models.evaluation.track_record import EARLY_ORIGINS, FAR, FIRST_ORIGIN, HORIZON, random_walk
from models.series import Panel

LAST_OUTCOME = 2013
LEVELS = midpoints(99)
LATE = range(FIRST_ORIGIN, LAST_OUTCOME)

CHOSEN = Prior()
VARIANTS = {
    "chosen": CHOSEN,
    "momentum centred on zero, weak": replace(CHOSEN, momentum=(0.0, 1.6)),
    "no momentum": replace(CHOSEN, momentum=(0.0, 1e-6)),
    "fading 0.4 +- 0.1": replace(CHOSEN, fading=(0.4, 0.1)),
    "fading 0.8 +- 0.1": replace(CHOSEN, fading=(0.8, 0.1)),
    "fading 0.9 +- 0.05": replace(CHOSEN, fading=(0.9, 0.05)),
    "memory 0.4": replace(CHOSEN, memory=0.4),
    "memory 0.8": replace(CHOSEN, memory=0.8),
    "no return toward the others": replace(CHOSEN, back=(0.0, 1e-6)),
    "return toward the others 0.03 +- 0.01": replace(CHOSEN, back=(0.03, 0.01)),
    "the panel's level never returns": replace(CHOSEN, level_return=0.0),
    "the panel's level better known": replace(CHOSEN, level_sd=0.3),
}


def judge(panel: Panel, prior: Prior) -> list[float]:
    """Skill of the early and the late origins; coverage of the 80 % interval of each, and of the late 8-10 ahead."""
    rows: list[tuple[str, int, int]] = []
    found = []
    for origin in (*EARLY_ORIGINS, *LATE):
        cut = panel.until(origin)
        fitted = PanelModel(prior).fit(cut)
        for name, series in cut.items():
            if series.end == origin and series.values.size >= SHORTEST:
                ahead = min(HORIZON, panel[name].end - origin)
                rows += [(name, origin, h) for h in range(1, ahead + 1)]
                found.append(np.quantile(fitted.simulate(name, ahead, DRAWS, 1), LEVELS, axis=0).T)
    quantiles = np.exp(np.concatenate(found))
    outcomes = np.array([panel[n].at(o + h) for n, o, h in rows])
    ours = scores.crps(quantiles, LEVELS, outcomes)
    walk = scores.crps(random_walk(panel, rows, LEVELS), LEVELS, outcomes)
    inside = scores.covered(quantiles, LEVELS, outcomes, 0.8)
    origin, horizon = np.array([o for _, o, _ in rows]), np.array([h for _, _, h in rows])
    early, late = np.isin(origin, EARLY_ORIGINS), origin >= LATE[0]
    return [
        *(scores.skill(ours[at], walk[at]) for at in (early, late)),
        *(float(inside[at].mean()) for at in (early, late, late & (horizon >= FAR))),
    ]


def main() -> None:
    panel = load_figures().panel(LAST_OUTCOME)
    table = Table("", "skill 1965-95", "skill 1999-2012", "80 % covers", "1999-2012", "8-10 ahead")
    for name, prior in track(VARIANTS.items(), transient=True):
        table.add_row(name, *(f"{x:.3f}" for x in judge(panel, prior)))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
