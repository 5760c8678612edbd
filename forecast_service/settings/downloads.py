"""Settings: downloads of publishers' files."""

from __future__ import annotations

from dataclasses import dataclass

from forecast_service.settings.section import BadSetting, Section
from models.dataset.importers import READERS


@dataclass(frozen=True)
class DownloadSettings(Section):
    """The hosts that are allowed, and the files to fetch regularly."""

    download_hosts: str = ""
    refresh: str = ""

    def __post_init__(self) -> None:
        """Refuse entries that do not name a known source and a URL."""
        for entry in self.refresh.split():
            source, _, url = entry.partition("=")
            if source not in READERS or not url.startswith(("https://", "http://")):
                raise BadSetting(f"FORECAST_REFRESH: {entry!r} is not of the form nato=https://host/file.xlsx")
        super().__post_init__()


def hosts(settings: DownloadSettings) -> frozenset[str]:
    """The hosts that files may be fetched from."""
    return frozenset(name.strip().lower() for name in settings.download_hosts.split(",") if name.strip())


def refreshed(settings: DownloadSettings) -> list[tuple[str, str]]:
    """The files to fetch regularly: sources and URLs."""
    pairs = (entry.partition("=") for entry in settings.refresh.split())
    return [(source, url) for source, _, url in pairs]
