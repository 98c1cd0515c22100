"""What RunTask overrides, merged into the definition before the agent sees it."""

from __future__ import annotations

from typing import Any

from shipway.model.record import Document
from shipway.model.task import Task

REPLACED = ("command", "cpu", "memory", "memoryReservation")


def container_override(overrides: Document, name: str) -> Document:
    """The entry of `containerOverrides` for one container; empty when nothing is overridden."""
    entries = overrides.get("containerOverrides") or []
    return next((entry for entry in entries if entry.get("name") == name), {})


def merged_container(container: Document, override: Document) -> Document:
    """The container definition as this task runs it. Environment is merged by name, the rest replaced."""
    merged = dict(container)
    for member in REPLACED:
        if override.get(member) is not None:
            merged[member] = override[member]
    merged["environment"] = [*(container.get("environment") or []), *(override.get("environment") or [])]
    return merged


def task_level(task: Task, body: Document, member: str) -> Any:
    """`cpu`, `memory`, `taskRoleArn`, `executionRoleArn`: the override, else the definition's."""
    return task.overrides.get(member) or body.get(member) or None


def cpu_vcpu(text: str | None) -> float | None:
    """Task-level CPU in vCPU: "256", "0.25 vCPU" and ".25 vcpu" are all a quarter."""
    if not text:
        return None
    words = str(text).lower()
    if words.endswith("vcpu"):
        return float(words.removesuffix("vcpu"))
    return int(words) / 1024 or None


def memory_mib(text: str | None) -> int | None:
    """Task-level memory in MiB: "512", "1GB" and "1 GB"."""
    if not text:
        return None
    words = str(text).lower()
    if words.endswith("gb"):
        return int(float(words.removesuffix("gb")) * 1024)
    return int(words) or None
