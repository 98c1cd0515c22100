"""`earlySuccessCriteria` of a deployment configuration: read, checked, shown."""

from __future__ import annotations

from shipway.api.ecs.identifiers import invalid, one_of
from shipway.model.record import Document
from shipway.model.service import DeploymentConfiguration, EarlySuccess

CLEANUPS = ("BLOCKING", "DEFERRED")


def early_success(plain: Document) -> EarlySuccess:
    """ECS's model calls all three members required, its guide gives two of them defaults: so do we."""
    cleanup = one_of(plain.get("sourceServiceRevisionCleanup"), CLEANUPS, "sourceServiceRevisionCleanup")
    percent = plain.get("healthyPercent")
    return EarlySuccess(plain["enable"], 100 if percent is None else percent, cleanup or "BLOCKING")


def check_early_success(configuration: DeploymentConfiguration) -> None:
    early, least = configuration.early_success, configuration.minimum_healthy_percent
    if not 0 <= early.healthy_percent <= 100:
        raise invalid("healthyPercent must be between 0 and 100.")
    if not early.enable:
        return
    if configuration.strategy != "ROLLING":
        raise invalid("earlySuccessCriteria can only be enabled for the ROLLING deployment strategy.")
    if early.healthy_percent < least:
        raise invalid(
            f"healthyPercent {early.healthy_percent} must be at least minimumHealthyPercent ({least})."
        )


def early_success_wire(early: EarlySuccess) -> Document:
    """Only where somebody asked for it, as ECS shows it."""
    if early == EarlySuccess():
        return {}
    return {
        "earlySuccessCriteria": {
            "enable": early.enable,
            "healthyPercent": early.healthy_percent,
            "sourceServiceRevisionCleanup": early.cleanup,
        }
    }
