"""What one application's calls are about: the ARNs of its cluster, service, images and roles."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.planning.images import image_repository
from shipway.deploy.planning.references import (
    in_ecr,
    partition,
    registry_address,
    repository_name,
    short,
    without_tag,
)
from shipway.deploy.planning.secrets_seen import in_secrets_manager, sources

Members = dict[str, Any]
Arns = tuple[str, ...]

ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:|\b)(\d{12})(?=:|\.dkr\.ecr)")
UNKNOWN = "*"


@dataclass(frozen=True)
class Places:
    """`account` and `region` are `*` where they are not known: then the policy holds in all of them."""

    application: Application
    region: str = UNKNOWN
    account: str = UNKNOWN

    def arn(self, service: str, resource: str, *, account: str | None = None) -> str:
        region = "" if service == "iam" else self.region
        return f"arn:{partition(self.region)}:{service}:{region}:{account or self.account}:{resource}"

    def of(self, kind: str) -> Arns:
        """The resources of this kind; none when the application has none."""
        return KINDS[kind](self)

    @property
    def cluster_arn(self) -> str:
        return self.arn("ecs", f"cluster/{self.cluster}")

    @property
    def cluster(self) -> str:
        return short(self.application.cluster)

    @property
    def around(self) -> bool:
        return bool(self.application.before_deploy or self.application.after_deploy)

    @property
    def balancer_name(self) -> str | None:
        block = self.application.load_balancer
        return None if block is None else block.name or self.application.name

    def repositories(self) -> Arns:
        """In the registry that is pushed to."""
        names = (image_repository(self.application, name) for name in self.application.images)
        return tuple(sorted({self._repository(name) for name in names if in_ecr(name)}))

    def images(self) -> Arns:
        """Those that are pushed, and those of ECR that are only used."""
        built = self.application.images
        used = [
            without_tag(str(container.get("image") or ""))
            for container in self.application.task_definition.get("containerDefinitions") or ()
            if container.get("name") not in built
        ]
        found = {self._repository(image) for image in used if registry_address(image) and in_ecr(image)}
        return tuple(sorted({*self.repositories(), *found}))

    def log_groups(self) -> Iterator[str]:
        for container in self.application.task_definition.get("containerDefinitions") or ():
            configuration = container.get("logConfiguration") or {}
            group = (configuration.get("options") or {}).get("awslogs-group")
            if configuration.get("logDriver") == "awslogs" and group:
                yield str(group)

    def secrets(self, *, in_manager: bool) -> Arns:
        found = sources(self.application.task_definition)
        return tuple(sorted(source for source in found if in_secrets_manager(source) is in_manager))

    def task_roles(self) -> Arns:
        """Roles that ECS gives to tasks."""
        definition = self.application.task_definition
        named = [definition.get(member) for member in ("executionRoleArn", "taskRoleArn")]
        return tuple(sorted({self.role(str(name)) for name in named if name}))

    def service_roles(self) -> Arns:
        """Roles that ECS takes itself: for hooks, volumes, certificates, load balancers."""
        return tuple(sorted({self.role(name) for name in _roles_in(self.application.service)}))

    def role(self, name: str) -> str:
        return name if name.startswith("arn:") else self.arn("iam", f"role/{name}")

    def _repository(self, repository: str) -> str:
        address = registry_address(repository)
        account, region = (address.split(".")[0], address.split(".")[3]) if address else (None, None)
        place = self if region is None else Places(self.application, region, self.account)
        return place.arn("ecr", f"repository/{repository_name(repository)}", account=account)


def account_in(application: Application) -> str | None:
    """The account that the file's ARNs and image addresses name, when they name one alone."""
    parts = (application.task_definition, application.service, _plain(application))
    found = set(ACCOUNT.findall(json.dumps(parts, default=str)))
    return found.pop() if len(found) == 1 else None


def _plain(application: Application) -> list[str | None]:
    return [image.repository for image in application.images.values()]


def _roles_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("roleArn", "role") and isinstance(item, str):
                yield item
            else:
                yield from _roles_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _roles_in(item)


def _in_ecs(text: str) -> Callable[[Places], Arns]:
    """`{cluster}`, `{service}`, `{family}` are filled in."""

    def arns(places: Places) -> Arns:
        own = places.application
        return (
            places.arn(
                "ecs", text.format(cluster=places.cluster, service=own.service_name, family=own.family)
            ),
        )

    return arns


def _balancer(text: str) -> Callable[[Places], Arns]:
    def arns(places: Places) -> Arns:
        name = places.balancer_name
        return () if name is None else (places.arn("elasticloadbalancing", text.format(name=name)),)

    return arns


def _only_if(condition: Callable[[Places], object]) -> Callable[[Places], Arns]:
    return lambda places: (UNKNOWN,) if condition(places) else ()


def _log_streams(places: Places) -> Arns:
    groups = sorted(set(places.log_groups()))
    return tuple(places.arn("logs", f"log-group:{group}:log-stream:*") for group in groups)


def _tagged_definition(places: Places) -> Arns:
    tags = places.application.task_definition.get("tags")
    return KINDS["task_definition"](places) if tags else ()


KINDS: dict[str, Callable[[Places], Arns]] = {
    "any": lambda places: (UNKNOWN,),
    "new_cluster": _only_if(lambda places: places.application.create),
    "cluster": _in_ecs("cluster/{cluster}"),
    "in_cluster": lambda places: (UNKNOWN,),  # with a condition that names the cluster
    "capacity_providers": _in_ecs("capacity-provider/*"),
    "instances": _in_ecs("container-instance/{cluster}/*"),
    "service": _in_ecs("service/{cluster}/{service}"),
    "all_services": _in_ecs("service/*"),
    "service_deployments": _in_ecs("service-deployment/{cluster}/{service}/*"),
    "service_revisions": _in_ecs("service-revision/{cluster}/{service}/*"),
    "all_service_revisions": _in_ecs("service-revision/*"),
    "task_definition": _in_ecs("task-definition/{family}:*"),
    "tasks": _in_ecs("task/{cluster}/*"),
    "all_tasks": _in_ecs("task/*"),
    # Tasks of before_deploy and after_deploy.
    "run_around": lambda places: KINDS["task_definition"](places) if places.around else (),
    "tasks_around": lambda places: KINDS["tasks"](places) if places.around else (),
    "tagged_definition": _tagged_definition,
    "repositories": Places.repositories,
    "any_repository": _only_if(Places.repositories),
    "images": Places.images,
    "any_image": _only_if(Places.images),
    "balanced": _only_if(
        lambda places: places.application.load_balancer or places.application.service.get("loadBalancers")
    ),
    "load_balancer": _balancer("loadbalancer/app/{name}/*"),
    "listener": _balancer("listener/app/{name}/*"),
    "target_group": _balancer("targetgroup/{name}/*"),
    "log_streams": _log_streams,
    "logged": _only_if(lambda places: list(places.log_groups())),
    "scalable_targets": lambda places: (places.arn("application-autoscaling", "scalable-target/*"),),
    "secrets": lambda places: places.secrets(in_manager=True),
    "parameters": _only_if(lambda places: places.secrets(in_manager=False)),
    "public_parameters": lambda places: (places.arn("ssm", "parameter/aws/service/ecs/*", account="*"),),
    "forwarding": lambda places: (places.arn("ssm", "document/AWS-StartPortForwardingSession", account="*"),),
    # Which keys they are under, only AWS knows.
    "secret_keys": lambda places: (
        (places.arn("kms", "key/*"),) if sources(places.application.task_definition) else ()
    ),
    "roles": lambda places: places.task_roles(),
    "stacks": lambda places: (places.arn("cloudformation", f"stack/{places.cluster}-instances/*"),),
    "stack_roles": lambda places: (
        places.arn("iam", f"role/{places.cluster}-instances-*"),
        places.arn("iam", f"instance-profile/{places.cluster}-instances-*"),
    ),
}
