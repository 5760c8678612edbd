"""Deletes fits of past questions beyond ``FORECAST_FITS_BYTES``; the fits that ordinary questions need stay."""

from __future__ import annotations

import logging
from collections.abc import Collection

from forecast_service.settings import Settings
from models.forecast import MODEL_VERSION
from models.simulation.pruning import prune

_log = logging.getLogger(__name__)


def prune_fits(settings: Settings, needed: Collection[str]) -> None:
    """Delete what is beyond the quota: past origins, vintages that are not needed, other draws and seeds.

    Parameters
    ----------
    needed : vintages whose fits at their last origin stay.
    """
    folder = settings.state.fits
    deleted, freed = prune(folder, settings.fits_bytes, needed, MODEL_VERSION, settings.draws, settings.seed)
    if deleted:
        _log.info("%d fits of past questions were deleted, which frees %.0f MB", deleted, freed / 1e6)
