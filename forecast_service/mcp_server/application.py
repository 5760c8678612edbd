"""Asks the routes of the application in this process, as the page does, so that assistants get the API's answers."""

from __future__ import annotations

from typing import Any

from flask import Flask, url_for

from forecast_service.dashboard.internal_client import document


class Application:
    """The application that answers, and its addresses for people.

    Parameters
    ----------
    address : where the service is reached from outside; links are paths without host if it is empty.
    """

    def __init__(self, app: Flask, address: str) -> None:
        self.app = app
        self._address = address

    def document(self, endpoint: str, query: dict[str, Any] | None = None, body: Any = None, **path: Any) -> Any:
        """The JSON answer of the route ``endpoint``; a request with a body is a POST.

        Raises
        ------
        forecast_service.dashboard.internal_client.Refused
        """
        with self._request():
            return document(endpoint, query, body, **path)

    def link(self, endpoint: str, **values: Any) -> str:
        """The address of the route ``endpoint``; values that its path does not take become its query."""
        with self._request():
            return url_for(endpoint, _external=bool(self._address), **values)

    def _request(self) -> Any:
        return self.app.test_request_context(base_url=self._address or None)
