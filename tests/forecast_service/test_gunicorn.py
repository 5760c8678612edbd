"""The service as it is deployed: from nothing kept to ready, and a clean end."""

from __future__ import annotations

import socket
from pathlib import Path

from models.allies import allies
from tests.serving import Service, serving


def test_it_answers_at_once_becomes_ready_and_ends_cleanly(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        assert service.wait_until("/healthz") == {"status": "ok"}
        status, body = service.ask("GET", "/readyz")
        # How far the fits are by now depends on the machine; what is said of them must be true.
        assert (status, body["status"]) == ((503, "not-ready") if body["missing"] else (200, "ready"))
        assert set(body["missing"]) <= set(allies())
        service.wait_until_ready()
        status, forecast = service.ask("GET", "/v1/countries/DEU/forecast")
        assert (status, forecast["country"]["code"]) == (200, "DEU")
        assert service.stop() == 0


def test_it_refuses_what_is_no_http_as_a_problem(live_service: Service) -> None:
    for line, status in (("GET /" + "x" * 9000 + " HTTP/1.1", 414), ("NONSENSE", 400)):
        with socket.create_connection(("127.0.0.1", live_service.port), timeout=10) as connection:
            connection.sendall(f"{line}\r\n\r\n".encode())
            with connection.makefile("rb") as answer:
                text = answer.read().decode()
        assert text.startswith(f"HTTP/1.1 {status} ")
        assert "Content-Type: application/problem+json" in text
        assert "urn:forecast-service:problem:bad-http" in text
    assert live_service.ask("GET", "/healthz")[0] == 200
