"""Frozen forecasts: what was said at a release of the service and of a vintage, dated, hashed and never changed.

Each is a file ``<date>-<vintage>-m<model_version>.json`` of ``models/data/frozen``, made by
:func:`models.analysis.freeze.freeze`. It is canonical JSON (sorted keys, no blanks, numbers of at most 4 decimals), so
anybody can compute its SHA-256. ``SHA256SUMS`` lists all of them in the form that ``sha256sum --check`` reads. A file
holds all that its scores need, so it can be scored when the figures behind it are gone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from models.dataset.observations import Figures
from models.dataset.tables import DATA
from models.evaluation.published import PastForecast
from models.files import write_atomically
from models.series import Array

FOLDER = DATA / "frozen"
SUMS = "SHA256SUMS"
SCENARIOS = ("baseline", "trend")
SCORES = ("crps", "skill", "coverage_80", "coverage_95")


class AlreadyFrozen(ValueError):
    """There is, or was, a frozen forecast of this name, and none ever changes."""


class Altered(ValueError):
    """A frozen forecast is not the file that ``SHA256SUMS`` lists, or is not listed."""


@dataclass(frozen=True)
class FrozenForecast:
    """A frozen forecast. ``content`` is described at :func:`models.analysis.freeze.freeze`."""

    name: str
    sha256: str
    content: Mapping[str, Any]


def save(content: Mapping[str, Any], folder: Path | None = None) -> FrozenForecast:
    """Write a frozen forecast into ``folder`` (the bundled one if None) and list it.

    Raises
    ------
    AlreadyFrozen, Altered
    OSError
    """
    folder = folder or FOLDER
    name = f"{content['date']}-{content['vintage']}-m{content['model_version']}.json"
    listed = _listed(folder)
    if name in listed or (folder / name).exists():
        raise AlreadyFrozen(name)
    text = canonical(content)
    frozen = FrozenForecast(name, _digest(text.encode()), content)
    write_atomically(folder / name, text)
    sums = listed | {name: frozen.sha256}
    try:
        write_atomically(folder / SUMS, "".join(f"{digest}  {file}\n" for file, digest in sums.items()))
    except BaseException:
        (folder / name).unlink()  # not listed, it would be refused for ever
        raise
    return frozen


def read_all(folder: Path | None = None) -> tuple[FrozenForecast, ...]:
    """All frozen forecasts of ``folder`` (the bundled one if None), in the order of freezing. Raises Altered."""
    found, altered = read_intact(folder)
    if altered:
        raise Altered(altered[0])
    return found


def read_intact(folder: Path | None = None) -> tuple[tuple[FrozenForecast, ...], tuple[str, ...]]:
    """The frozen forecasts of ``folder`` that are as they were frozen, and what is wrong with the others."""
    folder = folder or FOLDER
    found, wrong = [], []
    try:
        listed = _listed(folder)
    except Altered as altered:
        return (), (str(altered),)
    for name, digest in listed.items():
        try:
            found.append(_read(folder / name, digest))
        except Altered as altered:
            wrong.append(str(altered))
    wrong += [
        f"{file.name} is not listed in {SUMS}" for file in sorted(folder.glob("*.json")) if file.name not in listed
    ]
    return tuple(found), tuple(wrong)


def canonical(content: Mapping[str, Any]) -> str:
    """The text of a frozen forecast's file."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"


def _read(file: Path, digest: str) -> FrozenForecast:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise Altered(f"{file.name} is missing") from None
    except OSError as error:
        raise Altered(f"{file.name} cannot be read: {error.strerror}") from None
    if _digest(data) != digest:
        raise Altered(f"{file.name} is not the file that was frozen: {SUMS} lists another SHA-256")
    return FrozenForecast(file.name, digest, json.loads(data))


def _listed(folder: Path) -> dict[str, str]:
    """SHA-256 by the name of the file. Raises Altered."""
    sums = folder / SUMS
    try:
        lines = sums.read_text(encoding="ascii").splitlines() if sums.exists() else []
        return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError):
        raise Altered(f"{SUMS} cannot be read") from None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Resolved(NamedTuple):
    """A forecast share whose figure is known by now."""

    ally: str
    year: int
    share_pct: float


def score(frozen: FrozenForecast, figures: Figures) -> dict[str, Any]:
    """Scores of a frozen forecast by the core shares that ``figures`` have of the years after its origin.

    Returns
    -------
    dict with ``scored_on``, the vintage of ``figures``; ``allies``, how many core shares are forecast; ``resolved``,
    the number of (ally, year) whose figure is known; of the baseline ``crps`` (points of % of GDP, on the file's
    quantiles), ``skill`` against a random walk in logs from the share known at the origin, ``coverage_80`` and
    ``coverage_95`` (fractions), all means over ``resolved``; the same of ``trend``. The scores are None if nothing is
    resolved.
    """
    content = frozen.content
    allies = [code for code, ally in content["allies"].items() if ally["scenarios"]["baseline"]["core_share_pct"]]
    resolved = [
        _Resolved(code, seen.year, seen.share_pct)
        for code in allies
        for seen in figures.observations.get(code, ())
        if content["origin"] < seen.year <= min(figures.origin, content["years"][-1])
    ]
    baseline, trend = (_scores(content, scenario, resolved) for scenario in SCENARIOS)
    return (
        {"scored_on": figures.vintage, "allies": len(allies), "resolved": len(resolved)} | baseline | {"trend": trend}
    )


def forecasts(frozen: FrozenForecast) -> Iterator[PastForecast]:
    """The core shares of the baseline of a frozen forecast, by ally and year, on its own ``levels``."""
    for code, ally in frozen.content["allies"].items():
        for year, quantiles in (ally["scenarios"]["baseline"]["core_share_pct"] or {}).items():
            yield PastForecast(code, frozen.content["origin"], int(year), tuple(quantiles))


def record(figures: Figures, forecasts: Iterable[FrozenForecast]) -> list[dict[str, Any]]:
    """What each of ``forecasts`` is, and its :func:`score` by ``figures``."""
    facts = ("date", "release", "model_version", "vintage")
    return [
        {name: frozen.content[name] for name in facts}
        | {"file": frozen.name, "sha256": frozen.sha256}
        | score(frozen, figures)
        for frozen in forecasts
    ]


def _scores(content: Mapping[str, Any], scenario: str, resolved: list[_Resolved]) -> dict[str, float | None]:
    if not resolved:
        return dict.fromkeys(SCORES)
    # Imported only to score: they load SciPy.
    from models.evaluation import scores

    allies, levels = content["allies"], np.array(content["levels"])
    said = np.array([allies[r.ally]["scenarios"][scenario]["core_share_pct"][str(r.year)] for r in resolved])
    outcomes = np.array([r.share_pct for r in resolved])
    crps = scores.crps(said, levels, outcomes)
    walk = scores.crps(_random_walk(content, resolved, levels), levels, outcomes)
    found = (
        crps.mean(),
        scores.skill(crps, walk),
        scores.covered(said, levels, outcomes, 0.8).mean(),
        scores.covered(said, levels, outcomes, 0.95).mean(),
    )
    return {name: round(float(value), 4) for name, value in zip(SCORES, found, strict=True)}


def _random_walk(content: Mapping[str, Any], resolved: list[_Resolved], levels: Array) -> Array:
    """Quantiles of the benchmark, array (resolved, levels)."""
    from models.evaluation import scores

    allies = [content["allies"][r.ally] for r in resolved]
    return scores.random_walk(
        np.array([ally["origin_share_pct"] for ally in allies]),
        np.array([ally["sd_log_change"] for ally in allies]),
        np.array([r.year - content["origin"] for r in resolved], dtype=float),
        levels,
    )
