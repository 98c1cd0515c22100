"""What `shipway.yml` says, for one environment, as a value."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Members = dict[str, Any]

OnFailure = Literal["leave", "roll_back", "roll_back_all"]


class ImageSecret(msgspec.Struct, frozen=True, kw_only=True):
    """Where a build secret's value is: a variable of the environment or a file, beside shipway.yml."""

    env: str | None = None
    file: str | None = None


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """How one container's image is built, and the repository it is pushed to."""

    context: str = "."
    dockerfile: str | None = None
    args: dict[str, str] = {}
    target: str | None = None
    platform: str | None = None
    repository: str | None = None
    tag: str | None = None
    secrets: dict[str, ImageSecret] = {}
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()


class HealthCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A target group's health check, in its usual words; seconds throughout."""

    path: str = "/"
    interval: int = 30
    timeout: int = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: str = "200"
    port: str = "traffic-port"


class LoadBalancer(msgspec.Struct, frozen=True, kw_only=True):
    """The Application Load Balancer, target group and listener in front of one container's port."""

    container: str
    container_port: int
    name: str | None = None
    create: bool | None = None
    internal: bool = False
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    listener_port: int = 80
    health_check: HealthCheck = HealthCheck()
    deregistration_delay: int = 300


class CodeDeployBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Where in CodeDeploy a service with the deployment controller CODE_DEPLOY is."""

    application: str | None = None
    deployment_group: str | None = None
    config: str | None = None
    hooks: dict[str, str] = {}


class NamedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A one-off task with a name, for `shipway run NAME`."""

    container: str | None = None
    command: tuple[str, ...] | None = None
    environment: dict[str, str] = {}
    count: int = 1
    launch_type: str | None = None
    cpu: str | int | None = None
    memory: str | int | None = None
    task_role: str | None = None
    execution_role: str | None = None


class Hooks(msgspec.Struct, frozen=True, kw_only=True):
    """Commands of this machine, as lists of words; no shell reads them."""

    before_build: tuple[str, ...] = ()
    before_deploy: tuple[str, ...] = ()
    after_deploy: tuple[str, ...] = ()
    on_failure: tuple[str, ...] = ()
    on_rollback: tuple[str, ...] = ()


class Notify(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to tell of the start and the end; a header's value is in the variable that is named for it."""

    webhook: str
    headers: dict[str, str] = {}


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """One application in one environment; `task_definition` and `service` hold ECS's members verbatim."""

    name: str
    requires: str | None = None
    cluster: str = "default"
    region: str | None = None
    profile: str | None = None
    create: bool | None = None
    images: dict[str, Image] = {}
    task_definition: Members = {}
    service: Members = {}
    load_balancer: LoadBalancer | None = None
    code_deploy: CodeDeployBlock | None = None
    tasks: dict[str, NamedTask] = {}
    before_deploy: tuple[str, ...] = ()
    after_deploy: tuple[str, ...] = ()
    on_failure: OnFailure = "leave"
    hooks: Hooks = Hooks()
    notify: Notify | None = None
    needs: tuple[str, ...] = ()  # services of the same file that must be deployed first
    parallel: int = 4  # so many services of the file are deployed at a time
    ownership: dict[str, str] = {}
    environment: str | None = None
    folder: str = "."
    warnings: tuple[str, ...] = ()
    lines: dict[str, str] = {}  # a member's path, `service.desiredCount`, to its file and line

    @property
    def service_name(self) -> str:
        return str(self.service.get("serviceName") or self.name)

    @property
    def family(self) -> str:
        return str(self.task_definition.get("family") or self.name)

    def place(self, key: str) -> str:
        """`file:line` of this member or of the nearest one around it; empty when it is written nowhere."""
        while key:
            if key in self.lines:
                return self.lines[key]
            key = key.rpartition(".")[0]
        return ""
