"""Starts :mod:`models.simulation.fit_process` with the log of the service: ``models`` sets nothing in its process."""

from __future__ import annotations

from forecast_service.observability import log_lines

if __name__ == "__main__":
    log_lines.set_up("fit-process")
    from models.simulation.fit_process import main

    main()
