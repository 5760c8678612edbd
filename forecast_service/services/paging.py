"""What is common to lists that come in pages."""

from __future__ import annotations

from forecast_service.errors import ServiceError


class NoCursor(ServiceError):
    """A cursor that the list which was asked for has not given."""

    status, detail = 422, "Not allowed: cursor."
    errors = ({"parameter": "cursor", "detail": "is not a cursor of this list; leave it out to begin anew"},)
