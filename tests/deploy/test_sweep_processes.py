"""Where a sweep worker is deployed, replicas compute no sweeps."""

from __future__ import annotations

from forecast_service.settings import Settings
from tests.deploy.test_files import compose, of


def test_compose_computes_sweeps_in_the_worker_alone() -> None:
    services = compose()["services"]
    for name in ("replica-1", "replica-2"):
        assert Settings.from_environment(services[name]["environment"]).sweep_processes == 0
    assert services["worker"]["command"] == ["forecast-service", "work"]
    assert Settings.from_environment(services["worker"]["environment"]).sweep_processes > 0


def test_kubernetes_computes_sweeps_in_the_worker_alone() -> None:
    shared = of("ConfigMap")["data"]
    found = {}
    for name in ("forecast-service", "forecast-service-worker"):
        (container,) = of("Deployment", name)["spec"]["template"]["spec"]["containers"]
        own = {one["name"]: one["value"] for one in container["env"] if "value" in one}
        found[name] = Settings.from_environment(shared | own).sweep_processes
    assert found == {"forecast-service": 0, "forecast-service-worker": 2}
