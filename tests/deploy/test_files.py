"""The files of the deployment, each checked by its own tool and for what it promises."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import make_url

from forecast_service.settings import Settings
from tests.deploy.support.gateway import BEHIND, configure
from tests.deploy.support.host import need
from tests.support.service import Service

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = DEPLOY / "kustomize"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"


def compose() -> dict[str, Any]:
    """compose.yaml with its variables filled in: what has a default gets it."""
    text = re.sub(r"\$\{[A-Z_]+(?::?([-?])([^}]*))?\}", lambda m: m[2] if m[1] == "-" else "x", _compose_text())
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def _compose_text() -> str:
    return (ROOT / "compose.yaml").read_text()


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
    text = _compose_text() + "".join(file.read_text() for file in MANIFESTS.rglob("*.yaml"))
    assert re.findall(r"^\s+\S*PASSWORD: (?!\$\{)", text, re.MULTILINE) == []
    assert "kind: Secret" not in text


def test_nobody_is_let_in_without_a_key() -> None:
    services = compose()["services"]
    settings, front = services["replica-1"]["environment"], services["gateway"]["environment"]
    template = (DEPLOY / "nginx" / "forecast.conf.template").read_text()
    assert f"proxy_set_header {settings['FORECAST_IDENTITY_HEADER']} $forecast_caller;" in template
    assert front["GATEWAY_AUTH"] == settings["FORECAST_AUTH"], "who of the two checks keys"
    assert BEHIND.items() <= settings.items(), "tested as it is deployed"
    (outside,) = compose()["networks"]["outside"]["ipam"]["config"]
    assert front["GATEWAY_ADMINS_FROM"] == outside["subnet"], "admins ask from this machine"


def test_one_container_computes_sweeps_and_none_that_answers() -> None:
    services = compose()["services"]
    processes = {
        name: services[name]["environment"].get("FORECAST_SWEEP_PROCESSES")
        for name in ("replica-1", "replica-2", "worker")
    }
    assert processes == {"replica-1": "0", "replica-2": "0", "worker": None}
    beats = services["worker"]["command"][services["worker"]["command"].index("--heartbeat") + 1]
    assert beats in " ".join(services["worker"]["healthcheck"]["test"])


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
        for name in (service.get("build") or {}).get("args", {}).get("EXTRAS", "").split():
            assert "--hash=sha256:" in (ROOT / "requirements" / f"{name}.txt").read_text()


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


def test_prometheus_asks_where_the_metrics_are() -> None:
    settings = compose()["services"]["replica-1"]["environment"]
    (job,) = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    (static,) = job["static_configs"]
    assert static["targets"] == [f"replica-{n}:{settings['FORECAST_METRICS_PORT']}" for n in (1, 2)]


def test_settings_are_the_services_own() -> None:
    documented = set(re.findall(r"`((?:FORECAST|WEB)_[A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text()))
    set_here = set(compose()["services"]["replica-1"]["environment"])
    set_here |= set(
        re.findall(r"\b(?:FORECAST|WEB)_[A-Z_]+\b", "".join(file.read_text() for file in MANIFESTS.rglob("*.yaml")))
    )
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


def _exposed(service: Service, wanted: set[str]) -> set[str]:
    """The names of what the running service tells Prometheus, once it has had something to count.

    Workers count some things now and then: waits for ``wanted``.
    """
    for _ in range(2):
        assert service.ask("GET", "/v1/countries/DEU/forecast")[0] == 200
    end = time.monotonic() + 60
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        exposed = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
        if wanted <= exposed or time.monotonic() > end:
            return exposed
        time.sleep(0.5)


def test_alerts_and_dashboard_use_metrics_that_are_exposed(live_service: Service) -> None:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "forecast-service.json").read_text())
    panels = board["panels"]
    assert len(panels) >= 8
    assert len({panel["id"] for panel in panels}) == len(panels)
    expressions = [rule["expr"] for rule in rules]
    expressions += [target["expr"] for panel in panels for target in panel["targets"]]
    exposed = _exposed(live_service, _names(" ".join(expressions)) - ONLY_WITH)
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
    admin = (tmp_path / "deploy/secrets/admin-key").read_text().strip()
    assert (tmp_path / "deploy/secrets/tls/keys").read_text() == f'"{key}" "local";\n"{admin}" "operator";\n'
    assert {file.name for file in (tmp_path / "deploy/secrets/tls").iterdir()} == {"keys", "tls.crt", "tls.key"}
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    again = subprocess.run(["bash", script], check=False, capture_output=True)
    assert again.returncode == 1, "passwords in use are not replaced"
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_each_container_of_compose_has_its_own_state_folder() -> None:
    for name, service in compose()["services"].items():
        if "forecast-service" in service["image"]:
            assert service["volumes"] == ["/app/state"], name  # no name: docker makes one for each container
    assert set(compose()["volumes"]) == {"postgres", "prometheus", "grafana"}


def test_compose_computes_sweeps_in_the_worker_alone() -> None:
    services = compose()["services"]

    def processes(name: str) -> int:
        environment = {name: value for name, value in services[name]["environment"].items() if value}
        return Settings.from_environment(environment).sweep_processes

    assert [processes(name) for name in ("replica-1", "replica-2")] == [0, 0]
    assert services["worker"]["command"][:2] == ["forecast-service", "work"]
    assert processes("worker") > 0
