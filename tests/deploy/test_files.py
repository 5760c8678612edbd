"""The files of the deployment, each checked by its own tool and for what it promises."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import make_url

from forecast_service.version import VERSION
from tests.deploy.support.gateway import BEHIND, configure
from tests.deploy.support.host import need
from tests.deploy.support.tools import bin_folder
from tests.support.service import Service

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BASE = DEPLOY / "kustomize" / "base"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
KUBERNETES = "1.31"


@pytest.fixture(scope="session")
def tool() -> Callable[..., str]:
    """Runs one of the tools and returns what it says."""
    folder = bin_folder()

    def run(name: str, *arguments: str | Path, given: str | None = None) -> str:
        done = subprocess.run(
            [folder / name, *arguments], cwd=ROOT, input=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def compose() -> dict[str, Any]:
    """compose.yaml with its variables filled in: what has a default gets it."""
    text = re.sub(r"\$\{[A-Z_]+(?::([-?])([^}]*))?\}", lambda m: m[2] if m[1] == "-" else "x", _compose_text())
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def _compose_text() -> str:
    return (ROOT / "compose.yaml").read_text()


def manifests() -> list[dict[str, Any]]:
    """Every object of the kustomization."""
    names = yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
    return [document for name in names for document in yaml.safe_load_all((BASE / name).read_text())]


def of(kind: str, name: str = "forecast-service") -> dict[str, Any]:
    """One object of the kustomization."""
    found = [it for it in manifests() if it["kind"] == kind and it["metadata"]["name"] == name]
    assert len(found) == 1, (kind, name)
    return found[0]


PODS = [
    ("Deployment", "forecast-service"),
    ("Deployment", "forecast-service-worker"),
    ("Job", "forecast-service-migrate"),
    ("CronJob", "forecast-service-refresh"),
]


# ---- Dockerfile ---------------------------------------------------------------------------------------------------


def test_hadolint_finds_nothing(tool: Callable[..., str]) -> None:
    assert tool("hadolint", "Dockerfile") == ""


def test_only_what_is_built_reaches_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        for name in source.split():
            assert (ROOT / name).exists()
            assert any(line.startswith("!" + name.rstrip("/")) for line in ignored), name


# ---- Compose ------------------------------------------------------------------------------------------------------


def test_compose_follows_its_specification(tool: Callable[..., str]) -> None:
    check = "import sys, compose_spec; print(*compose_spec.PyCompose.from_json(sys.stdin.read()).service_names())"
    services = tool("python", "-c", check, given=json.dumps(compose())).split()
    assert {"gateway", "replica-1", "replica-2", "worker", "migrate", "postgres", "redis"} <= set(services)
    assert {"prometheus", "grafana", "dask-scheduler", "dask-worker"} <= set(services)


def test_the_check_of_compose_finds_a_misspelling(tool: Callable[..., str]) -> None:
    wrong = compose()
    wrong["services"]["redis"]["helthcheck"] = {}
    with pytest.raises(AssertionError):
        tool("python", "-c", "import sys, compose_spec; compose_spec.PyCompose.from_json(sys.stdin.read())",
             given=json.dumps(wrong))  # fmt: skip


def test_our_containers_are_confined() -> None:
    for name, service in compose()["services"].items():
        if "forecast-service" not in service["image"]:
            continue
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "ports" not in service, "only the gateway is reached from outside"
        assert "outside" not in service["networks"], name


def test_only_the_gateway_is_reached_from_outside_and_nothing_but_loopback_by_default() -> None:
    published = {name: it["ports"] for name, it in compose()["services"].items() if "ports" in it}
    assert set(published) == {"gateway", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    networks = compose()["networks"]
    assert all(it["internal"] for name, it in networks.items() if name not in {"outside", "fetch"})
    assert [name for name, it in compose()["services"].items() if "fetch" in it["networks"]] == ["refresh"]


def test_no_password_is_written_down() -> None:
    text = _compose_text() + "".join(file.read_text() for file in BASE.glob("*.yaml"))
    assert re.findall(r"^\s+\S*PASSWORD: (?!\$\{)", text, re.MULTILINE) == []
    assert not [it for it in manifests() if it["kind"] == "Secret"]


def test_every_image_names_its_version() -> None:
    for name, service in compose()["services"].items():
        if "forecast-service" not in service["image"]:
            assert re.search(r":v?[0-9][\w.-]*$", service["image"]), name


def test_the_gateway_is_given_all_that_its_template_asks_for(nginx: None, tmp_path: Path) -> None:
    template = (DEPLOY / "nginx" / "forecast.conf.template").read_text()
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)\}", template))
    assert asked <= set(compose()["services"]["gateway"]["environment"])
    configure(tmp_path, (1, 2), "20r/s", 40)


def test_gixy_finds_no_weakness_in_the_gateway(nginx: None, tmp_path: Path, tool: Callable[..., str]) -> None:
    configure(tmp_path, (1, 2), "20r/s", 40)
    # Not asked: what is the test's own (nofile), and whether the path is passed on as nginx read it, which is meant.
    skipped = "worker_rlimit_nofile_vs_connections,proxy_pass_normalized"
    tool("gixy", "-l", "--skips", skipped, tmp_path / "nginx.conf")


def test_extras_of_the_image_are_locked() -> None:
    for service in compose()["services"].values():
        for file in (service.get("build") or {}).get("args", {}).values():
            assert "--hash=sha256:" in (ROOT / file).read_text()


# ---- Continuous integration ---------------------------------------------------------------------------------------


def test_the_workflow_runs_the_whole_check_on_a_real_database_and_may_only_read() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    assert set(workflow["on"]) == {"push", "pull_request"}
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    uses, runs = job["steps"]
    assert re.fullmatch(r"actions/checkout@v\d+", uses["uses"])
    assert os.access(ROOT / runs["run"], os.X_OK)
    assert runs["run"] == ".ci/run"
    assert make_url(job["env"]["TEST_POSTGRESQL_URL"]).host in job["services"]


def test_hooks_before_a_commit_check_what_make_lint_checks_and_fetch_nothing() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    hooks = [hook["entry"].removeprefix(".venv/bin/").split()[:2] for hook in repository["hooks"]]
    lint = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert lint
    assert hooks == [line.split("/", 1)[1].split()[:2] for line in lint[1].splitlines()]


# ---- Kubernetes ---------------------------------------------------------------------------------------------------


def test_manifests_follow_the_schemas_of_kubernetes(tool: Callable[..., str]) -> None:
    files = [file for file in BASE.glob("*.yaml") if file.stem not in {"kustomization", "httproute"}]
    assert len(files) >= 9
    tool("kubernetes-validate", "--strict", "--version", KUBERNETES, *files)


def test_the_kustomization_names_every_file() -> None:
    document = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    assert set(document["resources"]) == {file.name for file in BASE.glob("*.yaml")} - {"kustomization.yaml"}
    used = {_container(kind, name)["image"] for kind, name in PODS}
    assert used == {image["name"] for image in document["images"]}
    assert all(image["newTag"] == VERSION for image in document["images"])


def pod_of(kind: str, name: str) -> dict[str, Any]:
    spec = of(kind, name)["spec"]
    pod: dict[str, Any] = (spec["jobTemplate"]["spec"] if kind == "CronJob" else spec)["template"]["spec"]
    return pod


def _container(kind: str, name: str) -> dict[str, Any]:
    (container,) = pod_of(kind, name)["containers"]
    found: dict[str, Any] = container
    return found


@pytest.mark.parametrize(("kind", "name"), PODS)
def test_pods_are_confined(kind: str, name: str) -> None:
    pod, container = pod_of(kind, name), _container(kind, name)
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


def test_probes_ask_what_the_service_answers_and_the_stop_leaves_time() -> None:
    container = _container("Deployment", "forecast-service")
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    graceful = re.search(r"^graceful_timeout = (\d+)$", _gunicorn(), re.MULTILINE)
    assert graceful
    sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    pod = pod_of("Deployment", "forecast-service")
    assert pod["terminationGracePeriodSeconds"] >= int(graceful[1]) + sleep + 5
    assert int(compose()["services"]["replica-1"]["stop_grace_period"].rstrip("s")) >= int(graceful[1]) + 5


def _gunicorn() -> str:
    return (ROOT / "forecast_service" / "server" / "gunicorn.conf.py").read_text()


def test_a_rollout_never_has_fewer_replicas_and_selectors_find_their_pods() -> None:
    deployment = of("Deployment")["spec"]
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    labels = deployment["template"]["metadata"]["labels"].items()
    for selector in (
        deployment["selector"]["matchLabels"],
        of("Service")["spec"]["selector"],
        of("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        of("NetworkPolicy", "forecast-service-api")["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels
    scaler = of("HorizontalPodAutoscaler")["spec"]
    assert scaler["scaleTargetRef"]["name"] == "forecast-service"
    assert scaler["minReplicas"] >= 2 > of("PodDisruptionBudget")["spec"]["minAvailable"]
    assert "replicas" not in deployment, "the autoscaler's to say"


def test_nothing_gets_in_but_what_is_named() -> None:
    assert of("NetworkPolicy")["spec"]["ingress"] == []
    rules = of("NetworkPolicy", "forecast-service-api")["spec"]["ingress"]
    assert [rule["ports"] for rule in rules] == [[{"protocol": "TCP", "port": it}] for it in ("http", "metrics")]
    assert all(rule["from"] for rule in rules)
    named = {port["name"]: port["containerPort"] for port in _container("Deployment", "forecast-service")["ports"]}
    metrics_port = of("ConfigMap")["data"]["FORECAST_METRICS_PORT"]
    assert str(named["metrics"]) == metrics_port
    annotations = of("Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == metrics_port
    assert "/metrics" not in [
        it["path"]["value"] for rule in of("HTTPRoute")["spec"]["rules"] for it in rule["matches"]
    ]


def test_nobody_is_let_in_without_a_key() -> None:
    assert of("ConfigMap")["data"]["FORECAST_AUTH"] in {"api-key", "jwt"}
    settings = compose()["services"]["replica-1"]["environment"]
    template = (DEPLOY / "nginx" / "forecast.conf.template").read_text()
    header = settings["FORECAST_IDENTITY_HEADER"]
    assert f"proxy_set_header {header} $forecast_caller;" in template
    assert BEHIND.items() <= settings.items(), "tested as it is deployed"


def test_the_route_strips_the_prefix_and_overwrites_what_only_a_gateway_may_say() -> None:
    route = of("HTTPRoute")
    assert route["apiVersion"] == "gateway.networking.k8s.io/v1"
    assert route["spec"]["parentRefs"]
    routed = set()
    for rule in route["spec"]["rules"]:
        (match,) = rule["matches"]
        rewrite, headers = rule["filters"]
        prefix = match["path"]["value"]
        path = rewrite["urlRewrite"]["path"]
        assert prefix == "/forecasting" + (path.get("replacePrefixMatch") or path["replaceFullPath"])
        # Of the root the address itself alone: as a prefix it would route everything.
        assert (match["path"]["type"] == "Exact") == (prefix == "/forecasting/")
        assert headers["requestHeaderModifier"]["set"] == [{"name": "X-Forwarded-Prefix", "value": "/forecasting"}]
        assert "X-Forecast-Caller" in headers["requestHeaderModifier"]["remove"]
        assert rule["backendRefs"] == [{"name": "forecast-service", "port": of("Service")["spec"]["ports"][0]["port"]}]
        routed.add(prefix)
    assert not routed & {"/forecasting/metrics", "/forecasting", "/forecasting/readyz"}


def test_prometheus_asks_where_the_metrics_are() -> None:
    settings = compose()["services"]["replica-1"]["environment"]
    (job,) = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    (static,) = job["static_configs"]
    assert static["targets"] == [f"replica-{n}:{settings['FORECAST_METRICS_PORT']}" for n in (1, 2)]


def test_settings_are_the_services_own() -> None:
    documented = set(re.findall(r"`((?:FORECAST|WEB)_[A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text()))
    set_here = set(of("ConfigMap")["data"]) | set(compose()["services"]["replica-1"]["environment"])
    for kind, name in PODS:
        set_here |= {it["name"] for it in _container(kind, name)["env"]}
    set_here |= set(re.findall(r"\b(FORECAST_[A-Z_]+)=", (ROOT / "Dockerfile").read_text()))
    assert set_here <= documented


# ---- Prometheus and Grafana ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def promtool() -> None:
    """Prometheus's own checker."""
    need("promtool", packages=("prometheus",))


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "alerts.yml"),
        ("check", "config", "prometheus.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
)
def test_promtool_agrees(promtool: None, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["promtool", *arguments], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _tested() -> tuple[set[str], set[str]]:
    """The alerts of which a test says that they fire, and that they do not."""
    fires: set[str] = set()
    stays: set[str] = set()
    for test in yaml.safe_load((DEPLOY / "prometheus" / "alerts_test.yml").read_text())["tests"]:
        for one in test.get("alert_rule_test", []):
            (fires if one["exp_alerts"] else stays).add(one["alertname"])
        for whole in test.get("promql_expr_test", []):
            if whole["expr"].startswith("count by (alertname) (ALERTS"):  # it names all that fire, and no other does
                named = {name for it in whole["exp_samples"] for name in re.findall('alertname="(.*?)"', it["labels"])}
                fires |= named
                stays |= _alerts() - named
    return fires, stays


def _alerts() -> set[str]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}


def test_every_alert_is_tested_and_says_what_to_do() -> None:
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    alerts = [rule for rule in rules if "alert" in rule]
    fires, stays = _tested()
    page = (ROOT / "docs" / "deployment.md").read_text()
    assert "## When an alert fires" in page
    for rule in alerts:
        assert rule["alert"] in fires & stays
        assert f"`{rule['alert']}`" in page
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]


ONLY_WITH = {
    "forecast_refresh_failed",
    "forecast_refresh_last_success_timestamp_seconds",
    "forecast_fits_refused_total",
}
"""What is exposed only where there was a refresh or a refused fit; tests of their own expose it."""


def _names(expression: str) -> set[str]:
    return set(re.findall(r"\bforecast_[a-z_]+\b", expression))


def _exposed(service: Service) -> set[str]:
    """The names of what the running service tells Prometheus, once it has had something to count."""
    for _ in range(2):
        assert service.ask("GET", "/v1/countries/DEU/forecast")[0] == 200
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def test_alerts_and_dashboard_use_metrics_that_are_exposed(live_service: Service) -> None:
    exposed = _exposed(live_service)
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "forecast-service.json").read_text())
    panels = board["panels"]
    assert len(panels) >= 8
    assert len({panel["id"] for panel in panels}) == len(panels)
    expressions = [rule["expr"] for rule in rules]
    expressions += [target["expr"] for panel in panels for target in panel["targets"]]
    for expression in expressions:
        assert _names(expression) <= exposed | ONLY_WITH, expression
        assert set(re.findall(r"\bforecast:[a-z0-9_:]+", expression)) <= recorded, expression
    assert "forecast_probability" in _names(" ".join(expressions)), "that it drifts is to be seen"
    (source,) = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}


def test_no_expression_of_the_dashboard_is_malformed(promtool: None, tmp_path: Path) -> None:
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "forecast-service.json").read_text())
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    rules = [{"record": f"panel:{n}", "expr": it.replace("$__rate_interval", "5m")} for n, it in enumerate(expressions)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_script_of_secrets_makes_what_compose_and_the_gateway_read(nginx: None, tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy" / "secrets.sh"
    script.write_text((DEPLOY / "secrets.sh").read_text())
    subprocess.run(["bash", script], check=True, capture_output=True)
    made = (tmp_path / ".env").read_text()
    for name in re.findall(r"\$\{([A-Z_]+):\?", _compose_text()):
        assert re.search(rf"^{name}=[0-9a-f]{{32,}}$", made, re.MULTILINE)
    key = (tmp_path / "deploy/secrets/key").read_text().strip()
    assert (tmp_path / "deploy/secrets/tls/keys").read_text() == f'"{key}" "local";\n'
    assert {file.name for file in (tmp_path / "deploy/secrets/tls").iterdir()} == {"keys", "tls.crt", "tls.key"}
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    again = subprocess.run(["bash", script], check=False, capture_output=True)
    assert again.returncode == 1, "passwords in use are not replaced"
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
