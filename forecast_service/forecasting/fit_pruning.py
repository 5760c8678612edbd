"""Deletes fits of past questions beyond ``FORECAST_FITS_BYTES``; the fits that ordinary questions need stay."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from models.forecast import MODEL_VERSION
from models.simulation.pruning import prune

if TYPE_CHECKING:
    from forecast_service.forecasting.registry import ForecasterRegistry

_log = logging.getLogger(__name__)


def prune_fits(registry: ForecasterRegistry) -> None:
    """Delete what is beyond the quota: past origins, vintages that are not current, and former model versions.

    The fits at the last origin stay for the current vintage, the next, the one before, and the latest import.
    """
    settings, needed = registry.settings, registry.current_vintage.needed()
    folder = registry.store.folder
    deleted, freed = prune(folder, settings.fits_bytes, needed, MODEL_VERSION, settings.draws, settings.seed)
    if deleted:
        _log.info("%d fits of past questions were deleted, which frees %.0f MB", deleted, freed / 1e6)
