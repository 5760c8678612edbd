"""What the files of the deployment say of the state that replicas share: vintages of the figures, and fits."""

from __future__ import annotations

from tests.deploy.test_files import PODS, compose, of, pod_of


def test_who_reads_and_writes_vintages_shares_one_state() -> None:
    for kind, name in PODS:
        (state,) = [volume for volume in pod_of(kind, name)["volumes"] if volume["name"] == "state"]
        shared = state.get("persistentVolumeClaim") == {
            "claimName": of("PersistentVolumeClaim", "forecast-service-state")["metadata"]["name"]
        }
        assert shared or name == "forecast-service-migrate", name
    for name, service in compose()["services"].items():
        if "forecast-service" in service["image"] and not name.startswith("dask-"):
            assert "state:/app/state" in service["volumes"], name
