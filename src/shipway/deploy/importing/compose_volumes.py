"""Compose's volumes as ECS's: Docker's own, kept on their instance, and folders of the instance."""

from __future__ import annotations

import re
from typing import Any

from shipway.deploy.importing.compose_values import text
from shipway.deploy.importing.source import Account, listed, mapping

Members = dict[str, Any]


def mount_points(service: Members, account: Account, name: str) -> list[Members]:
    found = []
    for kind, origin, target, read_only in _volumes(service):
        if kind == "volume" and origin:
            found.append(_mount(origin, target, read_only))
        elif kind == "bind" and origin.startswith("/"):
            found.append(_mount(_folder_name(origin), target, read_only))
        elif kind == "bind":
            account.leave(
                f"{name}.volumes {origin}", "an instance has no such folder; COPY it into the image instead."
            )
        elif kind == "volume":
            account.leave(
                f"{name}.volumes {target}", "a volume without a name: the container's own disk does as well."
            )
        else:
            account.leave(f"{name}.volumes {target}", f"ECS has no volume of the type {kind} for it.")
    return found


def task_volumes(services: dict[str, Members], declared: Members, account: Account) -> list[Members]:
    found: dict[str, Members] = {}
    for service in services.values():
        for kind, origin, _, _ in _volumes(service):
            if kind == "volume" and origin and origin not in found:
                found[origin] = _docker_volume(
                    origin, mapping(declared.get(origin), f"volumes.{origin}"), account
                )
            elif kind == "bind" and origin.startswith("/"):
                found[_folder_name(origin)] = {"name": _folder_name(origin), "host": {"sourcePath": origin}}
                account.note(f"{origin} is a folder of the container instance: it must be there on each.")
    return list(found.values())


def _docker_volume(name: str, settings: Members, account: Account) -> Members:
    account.rest(f"volumes.{name}.", settings, ("driver", "driver_opts", "labels", "external", "name"), {})
    volume: Members = {"scope": "shared", "autoprovision": not settings.get("external")}
    volume["driver"] = settings.get("driver", "local")
    if settings.get("driver_opts"):
        volume["driverOpts"] = {key: text(value) for key, value in settings["driver_opts"].items()}
    account.note(
        f"The volume {name} stays on the instance where it was made: pin the task to it, or use EFS."
    )
    return {"name": name, "dockerVolumeConfiguration": volume}


def _volumes(service: Members) -> list[tuple[str, str, str, bool]]:
    found = []
    for entry in listed(service.get("volumes")):
        if isinstance(entry, dict):
            kind, origin = text(entry.get("type", "volume")), text(entry.get("source"))
            found.append((kind, origin, text(entry["target"]), bool(entry.get("read_only"))))
            continue
        parts = text(entry).split(":")
        if len(parts) == 1:
            found.append(("volume", "", parts[0], False))
            continue
        kind = "bind" if parts[0][:1] in ("/", ".", "~", "$") else "volume"
        found.append((kind, parts[0], parts[1], "ro" in parts[2:3]))
    return found


def _mount(volume: str, target: str, read_only: bool) -> Members:
    return {"sourceVolume": volume, "containerPath": target, **({"readOnly": True} if read_only else {})}


def _folder_name(path: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", path).strip("-") or "root"
