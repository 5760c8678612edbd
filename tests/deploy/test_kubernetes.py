"""The manifests as kubectl renders them, with the overlay that docs/deployment.md shows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from forecast_service.settings import Settings
from forecast_service.version import VERSION
from tests.deploy.support.host import need
from tests.support.service import environment

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "deploy" / "kustomize"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
KUBERNETES = "1.31"
NAME = "forecast-service"
MIGRATE = f"{NAME}-migrate-{VERSION.replace('.', '-')}"
CRDS = {"HTTPRoute", "ServiceMonitor", "PrometheusRule"}
"""Kinds of others than Kubernetes."""
PODS = [("Deployment", NAME), ("Deployment", f"{NAME}-worker"), ("Job", MIGRATE), ("CronJob", f"{NAME}-refresh")]

Of = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Every object."""
    need("kubectl", packages=("kubernetes-client",))
    shutil.copytree(MANIFESTS, tmp_path_factory.mktemp("kustomize"), dirs_exist_ok=True)
    folder = tmp_path_factory.getbasetemp() / "kustomize0"
    (folder / "overlays" / "shown").mkdir(parents=True)
    page = (ROOT / "docs" / "deployment.md").read_text()
    (overlay,) = [it for it in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "kind: Kustomization" in it]
    (folder / "overlays" / "shown" / "kustomization.yaml").write_text(overlay)
    done = subprocess.run(
        ["kubectl", "kustomize", folder / "overlays" / "shown"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "deprecated" not in done.stderr
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture(scope="session")
def of(rendered: list[dict[str, Any]]) -> Of:
    """One object."""

    def find(kind: str, name: str = NAME) -> dict[str, Any]:
        (found,) = [it for it in rendered if it["kind"] == kind and it["metadata"]["name"] == name]
        return found

    return find


def pod_of(found: dict[str, Any]) -> dict[str, Any]:
    """The pod's metadata and spec."""
    spec = found["spec"]
    template: dict[str, Any] = (spec["jobTemplate"]["spec"] if found["kind"] == "CronJob" else spec)["template"]
    return template


def container_of(found: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod_of(found)["spec"]["containers"]
    only: dict[str, Any] = container
    return only


def test_they_follow_the_schemas_of_kubernetes(
    rendered: list[dict[str, Any]], tool: Callable[..., str], tmp_path: Path
) -> None:
    known = [it for it in rendered if it["kind"] not in CRDS]
    assert len(known) >= 12
    files = []
    for number, found in enumerate(known):
        files.append(tmp_path / f"{number}.yaml")
        files[-1].write_text(yaml.safe_dump(found))
    tool("kubernetes-validate", "--strict", "--version", KUBERNETES, *files)
    assert {it["metadata"]["namespace"] for it in rendered if it["kind"] != "Namespace"} == {NAME}


def test_every_pod_runs_the_overlays_image(of: Of) -> None:
    images = {container_of(of(kind, name))["image"] for kind, name in PODS}
    assert images == {f"registry.example/forecast-service:{VERSION}"}


def test_each_pod_has_its_own_state_folder_of_a_limited_size(rendered: list[dict[str, Any]], of: Of) -> None:
    assert not [one for one in rendered if one["kind"] == "PersistentVolumeClaim"]
    for kind, name in PODS:
        (state,) = [volume for volume in pod_of(of(kind, name))["spec"]["volumes"] if volume["name"] == "state"]
        assert set(state) == {"name", "emptyDir"}, name
        assert state["emptyDir"]["sizeLimit"], name


def test_sweeps_are_computed_in_the_worker_alone(of: Of) -> None:
    found = {}
    for name in (NAME, f"{NAME}-worker"):
        own = {one["name"]: one["value"] for one in container_of(of("Deployment", name))["env"] if "value" in one}
        found[name] = Settings.from_environment(of("ConfigMap")["data"] | own).sweep_processes
    assert found == {NAME: 0, f"{NAME}-worker": 2}


@pytest.mark.parametrize(("kind", "name"), PODS)
def test_pods_are_confined(of: Of, kind: str, name: str) -> None:
    found = of(kind, name)
    pod, container = pod_of(found)["spec"], container_of(found)
    context = pod["securityContext"]
    assert (context["runAsUser"], context["runAsNonRoot"]) == (10001, True)
    assert context["seccompProfile"]["type"] == "RuntimeDefault"
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} <= set(container["resources"]["requests"])
    assert "memory" in container["resources"]["limits"]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/tmp", "/app/state"}  # noqa: S108
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_probes_ask_what_the_service_answers_and_the_stop_leaves_time(of: Of) -> None:
    container = container_of(of("Deployment"))
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    gunicorn = (ROOT / "forecast_service" / "server" / "gunicorn.conf.py").read_text()
    graceful = re.search(r"^graceful_timeout = (\d+)$", gunicorn, re.MULTILINE)
    assert graceful
    sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod_of(of("Deployment"))["spec"]["terminationGracePeriodSeconds"] >= int(graceful[1]) + sleep + 5


@pytest.mark.slow
def test_the_workers_probe_fails_until_it_works_even_without_its_database(
    of: Of, state_dir: Path, tmp_path: Path
) -> None:
    container = container_of(of("Deployment", f"{NAME}-worker"))
    probe = container["livenessProbe"]["exec"]["command"]
    assert container["startupProbe"]["exec"]["command"] == probe
    beat = container["command"][container["command"].index("--heartbeat") + 1]
    here = [part.replace(beat, str(tmp_path / "beat")) for part in probe[1:]]

    def alive() -> bool:
        return subprocess.run([sys.executable, *here], capture_output=True, check=False).returncode == 0

    assert not alive()
    settings = environment(state_dir, FORECAST_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    command = [sys.executable, "-m", "forecast_service.cli", "work", "--heartbeat", tmp_path / "beat"]
    worker = subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 120
        while not alive():
            assert worker.poll() is None
            assert time.monotonic() < end
            time.sleep(0.2)
    finally:
        worker.terminate()
        worker.wait(60)


def test_a_rollout_never_has_fewer_replicas_and_selectors_find_their_pods(of: Of) -> None:
    deployment = of("Deployment")["spec"]
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    for selector in (
        deployment["selector"]["matchLabels"],
        of("Service")["spec"]["selector"],
        of("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        of("NetworkPolicy", f"{NAME}-api")["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= deployment["template"]["metadata"]["labels"].items()
    for name in ("worker", "refresh"):
        kind = "Deployment" if name == "worker" else "CronJob"
        labels = pod_of(of(kind, f"{NAME}-{name}"))["metadata"]["labels"]
        assert of("NetworkPolicy", f"{NAME}-{name}")["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_only_what_answers_requests_drives_the_autoscaler(of: Of) -> None:
    scaler = of("HorizontalPodAutoscaler")["spec"]
    assert scaler["scaleTargetRef"]["name"] == of("Deployment")["metadata"]["name"]
    assert "replicas" not in of("Deployment")["spec"], "the autoscaler's to say"
    assert scaler["minReplicas"] >= 2 > of("PodDisruptionBudget")["spec"]["minAvailable"]
    (metric,) = scaler["metrics"]
    assert metric["containerResource"]["container"] == container_of(of("Deployment"))["name"]
    processes = {
        name: {it["name"]: it.get("value") for it in container_of(of("Deployment", name))["env"]}[
            "FORECAST_SWEEP_PROCESSES"
        ]
        for name in (NAME, f"{NAME}-worker")
    }
    assert processes[NAME] == "0", "no sweep is computed beside requests"
    assert int(processes[f"{NAME}-worker"]) >= 1


def _egress(of: Of, *names: str) -> set[tuple[str, Any]]:
    rules = [rule for name in names for rule in of("NetworkPolicy", name)["spec"]["egress"]]
    return {(port["protocol"], port["port"]) for rule in rules for port in rule["ports"]}


def test_pods_reach_what_they_need_and_nothing_else(of: Of) -> None:
    both = {("UDP", 53), ("TCP", 53), ("TCP", 5432), ("TCP", 6379), ("TCP", 4318)}
    assert of("NetworkPolicy")["spec"]["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": NAME}}
    assert _egress(of, NAME) == both, "DNS, PostgreSQL, Redis, OTLP"
    assert _egress(of, f"{NAME}-api") == {("TCP", 443)}, "the token issuer (JWKS)"
    assert _egress(of, f"{NAME}-worker") == {("TCP", 8786)}, "Dask"
    assert _egress(of, f"{NAME}-refresh") == {("TCP", 443)}, "publishers"


def test_nothing_gets_in_but_what_is_named(of: Of) -> None:
    assert of("NetworkPolicy")["spec"]["ingress"] == []
    rules = of("NetworkPolicy", f"{NAME}-api")["spec"]["ingress"]
    assert [rule["ports"] for rule in rules] == [[{"protocol": "TCP", "port": it}] for it in ("http", "metrics")]
    assert all(rule["from"] for rule in rules)
    assert of("ConfigMap")["data"]["FORECAST_AUTH"] in {"api-key", "jwt"}


def test_a_release_has_a_migration_of_its_own_which_can_be_applied_again(of: Of) -> None:
    """A Job cannot be changed, only made anew under another name or once it is gone."""
    job = of("Job", MIGRATE)
    assert job["spec"]["ttlSecondsAfterFinished"] <= 600
    assert container_of(job)["command"][1:] == ["db", "upgrade"], "finds nothing to do the second time"
    assert "PreSync" in job["metadata"]["annotations"]["argocd.argoproj.io/hook"]


def test_prometheus_finds_every_pod_under_the_alerts_job(of: Of) -> None:
    monitor, service = of("ServiceMonitor")["spec"], of("Service")
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    jobs = set(re.findall(r'job="([^"]+)"', ALERTS.read_text()))
    assert jobs == {service["metadata"]["labels"][monitor["jobLabel"]]}
    (endpoint,) = monitor["endpoints"]
    ports = {port["name"]: port for port in service["spec"]["ports"]}
    named = {port["name"]: port["containerPort"] for port in container_of(of("Deployment"))["ports"]}
    assert str(named[ports[endpoint["port"]]["targetPort"]]) == of("ConfigMap")["data"]["FORECAST_METRICS_PORT"]


def test_the_rules_are_those_that_promtool_tests(of: Of) -> None:
    assert of("PrometheusRule")["spec"] == yaml.safe_load(ALERTS.read_text())
    file = MANIFESTS / "components" / "prometheus-operator" / "prometheusrule.yaml"
    made = subprocess.run([ROOT / "deploy/prometheus/rule.sh"], capture_output=True, text=True, check=True).stdout
    assert file.read_text() == made, "renew it: deploy/prometheus/rule.sh"


def test_the_route_strips_the_prefix_and_leaves_nothing_that_only_a_gateway_may_say(of: Of) -> None:
    route = of("HTTPRoute")["spec"]
    assert route["hostnames"] == ["forecasts.example"], "so the host that the service sees is this one"
    assert all(parent["sectionName"] == "https" for parent in route["parentRefs"])
    routed = set()
    for rule in route["rules"]:
        (match,) = rule["matches"]
        rewrite, headers = rule["filters"]
        prefix = match["path"]["value"]
        path = rewrite["urlRewrite"]["path"]
        assert prefix == "/forecasting" + (path.get("replacePrefixMatch") or path["replaceFullPath"])
        # Of the root the address itself alone: as a prefix it would route everything.
        assert (match["path"]["type"] == "Exact") == (prefix == "/forecasting/")
        changed = headers["requestHeaderModifier"]
        assert changed["set"] == [
            {"name": "X-Forwarded-Prefix", "value": "/forecasting"},
            {"name": "X-Forwarded-Proto", "value": "https"},
        ]
        assert {"X-Forwarded-Host", "X-Forwarded-Port", "Forwarded", "X-Forecast-Caller"} == set(changed["remove"])
        assert rule["backendRefs"] == [{"name": NAME, "port": of("Service")["spec"]["ports"][0]["port"]}]
        routed.add(prefix)
    assert not routed & {"/forecasting/metrics", "/forecasting", "/forecasting/readyz", "/forecasting/healthz"}
    assert len(route["rules"]) <= 16, "the most that the Gateway API takes"
