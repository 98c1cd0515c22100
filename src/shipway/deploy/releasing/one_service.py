"""One service's deployment with all that is around it."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.deploy.application.application import Application
from shipway.deploy.deployment import deploy, deploy_tag
from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.person import owner, process, token
from shipway.deploy.outcome import Outcome
from shipway.deploy.release import DeployOptions
from shipway.deploy.releasing.locking import LockWish, locked
from shipway.deploy.releasing.steps import LockGate, Steps
from shipway.deploy.tools import Tools

# Builds come before the watch, whose time is limited. A lock that outlives a killed deployment ends by then.
BUILDING_S = 30 * 60.0


@dataclass(frozen=True)
class ReleaseWishes:
    """The choices around a deployment. Without `lock` it takes none."""

    lock: LockWish | None = None
    roll_back_all: bool = False


def lock_wish(reason: str, wait_s: float = 0.0) -> LockWish:
    """This process's own lock."""
    return LockWish(token(), owner(), reason, process(), wait_s)


def release_application(
    application: Application, aws: Aws, tools: Tools, options: DeployOptions, wishes: ReleaseWishes
) -> Outcome:
    """Deploy what the application file says, under the deploy lock."""
    if options.dry_run:
        return deploy(application, aws, tools, options)
    names = (application.service_name,)
    with locked(aws, names, wishes.lock, tools, options.timeout_s + BUILDING_S) as held:
        named = tools.of_service(application.service_name, aws)
        return deploy(application, aws, tools, options, Steps(application, aws, named, options, held))


def release_tag(
    service_name: str, aws: Aws, tools: Tools, options: DeployOptions, wishes: ReleaseWishes
) -> Outcome:
    """Deploy the live service with other images, under the deploy lock."""
    if options.dry_run:
        return deploy_tag(service_name, aws, tools, options)
    with locked(aws, (service_name,), wishes.lock, tools, options.timeout_s) as held:
        return deploy_tag(service_name, aws, tools, options, LockGate(held))
