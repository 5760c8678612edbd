"""Where a sweep worker is deployed, replicas compute no sweeps."""

from __future__ import annotations

from collections.abc import Mapping

from forecast_service.settings import Settings
from tests.deploy.test_files import compose, of


def processes(environment: Mapping[str, str | None]) -> int:
    """How many processes a container with this environment computes sweeps with."""
    return Settings.from_environment({name: value for name, value in environment.items() if value}).sweep_processes


def test_compose_computes_sweeps_in_the_worker_alone() -> None:
    services = compose()["services"]
    for name in ("replica-1", "replica-2"):
        assert processes(services[name]["environment"]) == 0
    assert services["worker"]["command"] == ["forecast-service", "work"]
    assert processes(services["worker"]["environment"]) > 0


def test_kubernetes_computes_sweeps_in_the_worker_alone() -> None:
    shared = of("ConfigMap")["data"]
    found = {}
    for name in ("forecast-service", "forecast-service-worker"):
        (container,) = of("Deployment", name)["spec"]["template"]["spec"]["containers"]
        own = {one["name"]: one["value"] for one in container["env"] if "value" in one}
        found[name] = processes(shared | own)
    assert found == {"forecast-service": 0, "forecast-service-worker": 2}
