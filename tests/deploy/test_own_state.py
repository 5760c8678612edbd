"""What the files of the deployment say of the state folder: each container has its own, and no volume is shared."""

from __future__ import annotations

from tests.deploy.test_files import PODS, compose, manifests, pod_of


def test_each_pod_has_its_own_state_folder_of_a_limited_size() -> None:
    assert not [one for one in manifests() if one["kind"] == "PersistentVolumeClaim"]
    for kind, name in PODS:
        (state,) = [volume for volume in pod_of(kind, name)["volumes"] if volume["name"] == "state"]
        assert set(state) == {"name", "emptyDir"}, name
        assert state["emptyDir"]["sizeLimit"], name


def test_each_container_of_compose_has_its_own_state_folder() -> None:
    for name, service in compose()["services"].items():
        if "forecast-service" in service["image"]:
            assert service["volumes"] == ["/app/state"], name  # no name: docker makes one for each container
    assert set(compose()["volumes"]) == {"postgres", "prometheus", "grafana"}
