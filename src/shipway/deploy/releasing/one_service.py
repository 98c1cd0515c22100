"""One service's deployment with all that is around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import structs

from shipway.deploy.application.application import Application, Hooks
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment import deploy, deploy_tag
from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.person import owner, process, token
from shipway.deploy.outcome import Outcome
from shipway.deploy.release import ended
from shipway.deploy.releasing.hooks import HookRun, notified
from shipway.deploy.releasing.locking import LockWish, locked
from shipway.deploy.releasing.steps import LockGate, Steps
from shipway.deploy.releasing.verified import refused_by_verify
from shipway.deploy.tools import Tools

Members = dict[str, Any]

# Builds come before the watch, whose time is limited. A lock that outlives a killed deployment ends by then.
BUILDING_S = 30 * 60.0


@dataclass(frozen=True)
class ReleaseWishes:
    """The choices around a deployment. Without `lock` it takes none."""

    lock: LockWish | None = None
    roll_back_all: bool = False
    verify: bool = False
    hooks: bool = True


def lock_wish(reason: str, wait_s: float = 0.0) -> LockWish:
    """This process's own lock."""
    return LockWish(token(), owner(), reason, process(), wait_s)


def hook_run(application: Application, aws: Aws, tools: Tools, wishes: ReleaseWishes) -> HookRun:
    """The hooks of the file, if they are wished for."""
    found = application if wishes.hooks else structs.replace(application, hooks=Hooks())
    lock = wishes.lock
    said = {"SHIPWAY_OWNER": lock.owner, "SHIPWAY_REASON": lock.reason} if lock is not None else {}
    return HookRun(found, aws, tools, said)


def release_application(
    application: Application, aws: Aws, tools: Tools, options: DeployOptions, wishes: ReleaseWishes
) -> Outcome:
    """Verify, then deploy what the application file says, under the deploy lock."""
    if options.dry_run:
        return deploy(application, aws, tools, options)
    named, started_ms = tools.of_service(application.service_name, aws), tools.pace.now_ms()
    refused = refused_by_verify(application, aws, named, options) if wishes.verify else None
    if refused is not None:
        return ended(refused, named, started_ms)
    names = (application.service_name,)
    hooks = hook_run(application, aws, named, wishes)
    with locked(aws, names, wishes.lock, tools, options.timeout_s + BUILDING_S) as held:
        steps = Steps(application, aws, named, options, held, hooks)

        def run() -> Outcome:
            with hooks.told_of_failure():
                hooks.before("before_build")
                return deploy(application, aws, tools, options, steps)

        return notified(application, named, about_release(application, names, wishes), run)


def about_release(application: Application, services: tuple[str, ...], wishes: ReleaseWishes) -> Members:
    """What a webhook is told besides the outcome."""
    return {
        "cluster": application.cluster,
        "names": list(services),
        "environment": application.environment,
        "owner": wishes.lock.owner if wishes.lock else None,
        "reason": wishes.lock.reason if wishes.lock else None,
    }


def release_tag(
    service_name: str, aws: Aws, tools: Tools, options: DeployOptions, wishes: ReleaseWishes
) -> Outcome:
    """Deploy the live service with other images, under the deploy lock."""
    if options.dry_run:
        return deploy_tag(service_name, aws, tools, options)
    with locked(aws, (service_name,), wishes.lock, tools, options.timeout_s) as held:
        return deploy_tag(service_name, aws, tools, options, LockGate(held))
