"""The settings of fetching publishers' files."""

from __future__ import annotations

from dataclasses import dataclass

from forecast_service.settings.section import BadSetting, Section
from models.dataset.importers import READERS


@dataclass(frozen=True)
class DownloadSettings(Section):
    """What may be fetched, and what is fetched regularly."""

    download_hosts: str = ""
    refresh: str = ""

    def __post_init__(self) -> None:
        """Refuse to fetch regularly what is no file of a source that is known."""
        for entry in self.refresh.split():
            source, _, url = entry.partition("=")
            if source not in READERS or not url.startswith(("https://", "http://")):
                raise BadSetting(f"FORECAST_REFRESH: {entry!r} is not of the form nato=https://host/file.xlsx")
        super().__post_init__()


def hosts(settings: DownloadSettings) -> frozenset[str]:
    """The hosts that may be asked."""
    return frozenset(name.strip().lower() for name in settings.download_hosts.split(",") if name.strip())


def refreshed(settings: DownloadSettings) -> list[tuple[str, str]]:
    """What is fetched regularly: sources and addresses."""
    pairs = (entry.partition("=") for entry in settings.refresh.split())
    return [(source, url) for source, _, url in pairs]
