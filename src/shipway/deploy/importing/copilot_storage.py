"""The volumes and the disk of a Copilot manifest."""

from __future__ import annotations

from typing import Any

from shipway.deploy.importing.source import Account, mapping

Members = dict[str, Any]

MANAGED = "a file system that Copilot made: `volumes` is `theirs`."


def storage_members(storage: Members, account: Account, ownership: Members) -> Members:
    found: Members = {}
    if storage.get("ephemeral"):
        found["ephemeralStorage"] = {"sizeInGiB": int(storage["ephemeral"])}
    volumes = []
    for name, settings in mapping(storage.get("volumes"), "storage.volumes").items():
        efs = mapping(settings, f"storage.volumes.{name}").get("efs")
        if efs is True or (isinstance(efs, dict) and not isinstance(efs.get("id"), str)):
            account.leave(f"storage.volumes.{name}.efs", MANAGED)
            ownership["task_definition.volumes"] = "theirs"
        elif isinstance(efs, dict | str):
            volumes.append({"name": name, "efsVolumeConfiguration": _file_system(efs)})
        else:
            volumes.append({"name": name})
    if volumes:
        found["volumes"] = volumes
    return found


def _file_system(efs: Members | str) -> Members:
    settings = {"id": efs} if isinstance(efs, str) else efs
    found = {
        "fileSystemId": settings["id"],
        "rootDirectory": settings.get("root_dir", "/"),
        "transitEncryption": "ENABLED",
    }
    auth = mapping(settings.get("auth"), "efs.auth")
    access: Members = {}
    if auth.get("access_point_id"):
        access["accessPointId"] = auth["access_point_id"]
    if auth.get("iam", True):
        access["iam"] = "ENABLED"
    return {**found, **({"authorizationConfig": access} if access else {})}
