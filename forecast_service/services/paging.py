"""The error that all paged lists share."""

from __future__ import annotations

from forecast_service.errors import ServiceError


class NoCursor(ServiceError):
    """The cursor does not come from this list."""

    status, detail = 422, "Not allowed: cursor."
    errors = ({"parameter": "cursor", "detail": "is not a cursor of this list; leave it out for the first page"},)
