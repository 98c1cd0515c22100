"""A Copilot manifest's task definition, as its stack's template has it."""

from __future__ import annotations

import posixpath
import re
from typing import Any

from shipway.deploy.importing.compose_values import text, words
from shipway.deploy.importing.copilot_storage import storage_members
from shipway.deploy.importing.copilot_values import Place, health
from shipway.deploy.importing.source import Account, Source, mapping

Members = dict[str, Any]

TASK_LEFT = {
    "http": "listener rules, aliases, health checks of the target group: the stack made them, they stay.",
    "nlb": "the stack made the Network Load Balancer, it stays.",
    "alias": "the stack made the record and the certificate, they stay.",
    "publish": "its topics stay; COPILOT_SNS_TOPIC_ARNS is `theirs`.",
    "subscribe": "its queues stay; COPILOT_QUEUE_URI and COPILOT_TOPIC_QUEUE_URIS are `theirs`.",
    "on": "the stack's rule and state machine go on running what Copilot registered last.",
    "retries": "it is the state machine's.",
    "timeout": "it is the state machine's.",
    "taskdef_overrides": "apply them to ecs-task-def.json by hand.",
    "observability": "its collector stays as it is: the container is `theirs`.",
    "logging": "the FireLens container and the log configuration stay as they are: `theirs`.",
    "env_file": "it lies in Copilot's bucket, `environmentFiles` is `theirs`; or write the variables here.",
    "from_cfn": "a stack's export: it stays as it is, `theirs`.",
    "count.range": "Application Auto Scaling keeps the count, and Shipway leaves it alone.",
    "count.cooldown, cpu_percentage, requests...": "scaling policies of the stack's, they stay.",
    "network": "subnets and security groups stay; Service Connect as well.",
    "rollback_alarms (a mapping)": "the stack made them; name them in `deploymentConfiguration.alarms`.",
    "storage.volumes.efs: true": "a file system that Copilot made: `volumes` is `theirs`.",
}
HANDLED = (
    *("name", "type", "image", "cpu", "memory", "platform", "count", "exec", "deployment", "entrypoint"),
    *("command", "variables", "secrets", "sidecars", "storage", "environments", "env_file", "network"),
    *("logging", "observability"),
)
QUEUES = {
    "publish": ("COPILOT_SNS_TOPIC_ARNS",),
    "subscribe": ("COPILOT_QUEUE_URI", "COPILOT_TOPIC_QUEUE_URIS"),
}
THEIRS = "theirs"


def copilot_task(
    source: Source, manifest: Members, place: Place, images: Members, account: Account, ownership: Members
) -> Members:
    account.rest("", manifest, HANDLED, TASK_LEFT)
    maker = _Maker(source, manifest, place, images, account, ownership)
    containers = [maker.main(), *maker.sidecars()]
    storage = storage_members(mapping(manifest.get("storage"), "storage"), account, ownership)
    definition: Members = {
        "family": place.family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": text(manifest.get("cpu", 256)),
        "memory": text(manifest.get("memory", 512)),
        **_platform(manifest.get("platform")),
        **storage,
        "containerDefinitions": containers,
    }
    for role in ("executionRoleArn", "taskRoleArn"):
        ownership[f"task_definition.{role}"] = THEIRS
    if manifest.get("logging"):
        account.leave("logging", TASK_LEFT["logging"])
        ownership["task_definition.firelens_log_router"] = THEIRS
        ownership[f"task_definition.{place.name}.logConfiguration"] = THEIRS
    if mapping(manifest.get("observability"), "observability").get("tracing"):
        account.leave("observability", TASK_LEFT["observability"])
        ownership["task_definition.aws-otel-collector"] = THEIRS
    return definition


class _Maker:
    """The containers of one manifest."""

    def __init__(
        self,
        source: Source,
        manifest: Members,
        place: Place,
        images: Members,
        account: Account,
        ownership: Members,
    ) -> None:
        self.source = source
        self.manifest = manifest
        self.place = place
        self.images = images
        self.account = account
        self.ownership = ownership
        self.volumes = mapping(mapping(manifest.get("storage"), "storage").get("volumes"), "storage.volumes")

    def main(self) -> Members:
        name, image = self.place.name, mapping(self.manifest.get("image"), "image")
        container = self.container(name, {**self.manifest, **image, "image": image}, "")
        if mapping(self.manifest.get("storage"), "storage").get("readonly_fs"):
            container["readonlyRootFilesystem"] = True
        mounts = [
            _mount(volume, settings["path"], settings.get("read_only", True))
            for volume, settings in self.volumes.items()
        ]
        if mounts:
            container["mountPoints"] = mounts
            self.ownership[f"task_definition.{name}.environment.COPILOT_MOUNT_POINTS"] = THEIRS
        return container

    def sidecars(self) -> list[Members]:
        found = []
        for name, sidecar in mapping(self.manifest.get("sidecars"), "sidecars").items():
            image = sidecar.get("image")
            image = (
                {"location": image} if isinstance(image, str) else mapping(image, f"sidecars.{name}.image")
            )
            container = self.container(name, {**image, **sidecar, "image": image}, f"sidecars.{name}.")
            if sidecar.get("essential") is False:
                container["essential"] = False
            if sidecar.get("credentialsParameter"):
                container["repositoryCredentials"] = {"credentialsParameter": sidecar["credentialsParameter"]}
            mounts = [
                _mount(item["source_volume"], item["path"], item.get("read_only", True))
                for item in sidecar.get("mount_points") or ()
            ]
            if mounts:
                container["mountPoints"] = mounts
            found.append(container)
        return found

    def container(self, name: str, given: Members, where: str) -> Members:
        image = given["image"]
        container: Members = {"name": name}
        if image.get("build") is not None:
            self.images[name] = self.build(name, image["build"])
        else:
            container["image"] = image.get("location", "")
        for key, member in (("entrypoint", "entryPoint"), ("command", "command")):
            if given.get(key) is not None:
                container[member] = words(given[key])
        if given.get("port") is not None:
            container["portMappings"] = [self.port(name, text(given["port"]))]
        container["environment"] = self.environment(name, given, where)
        secrets = self.secrets(name, given, where)
        if secrets:
            container["secrets"] = secrets
        if given.get("env_file"):
            self.account.leave(f"{where}env_file", TASK_LEFT["env_file"])
            self.ownership[f"task_definition.{name}.environmentFiles"] = THEIRS
        if given.get("healthcheck"):
            container["healthCheck"] = health(given["healthcheck"])
        if given.get("depends_on"):
            container["dependsOn"] = [
                {"containerName": other, "condition": str(condition).upper()}
                for other, condition in given["depends_on"].items()
            ]
        if given.get("labels"):
            container["dockerLabels"] = {label: text(value) for label, value in given["labels"].items()}
        if given.get("credentials"):
            container["repositoryCredentials"] = {"credentialsParameter": given["credentials"]}
        group = f"/copilot/{self.place.family}"
        options = {
            "awslogs-region": self.place.region_name,
            "awslogs-group": group,
            "awslogs-stream-prefix": "copilot",
        }
        container["logConfiguration"] = {"logDriver": "awslogs", "options": options}
        return container

    def build(self, name: str, build: Any) -> Members:
        """Paths are relative to the workspace, two folders above the manifest."""
        build = {"dockerfile": build} if isinstance(build, str) else mapping(build, f"{name}: build")
        dockerfile = str(build.get("dockerfile") or posixpath.join(build.get("context", "."), "Dockerfile"))
        context = str(build.get("context") or posixpath.dirname(dockerfile) or ".")
        image: Members = {"context": self.source.path(posixpath.join("../..", context))}
        relative = posixpath.relpath(posixpath.normpath(dockerfile), posixpath.normpath(context))
        if relative != "Dockerfile":
            image["dockerfile"] = relative
        if build.get("target"):
            image["target"] = build["target"]
        if build.get("args"):
            image["args"] = {key: text(value) for key, value in build["args"].items()}
        if build.get("cache_from"):
            image["cache_from"] = list(build["cache_from"])
        image["platform"] = _docker_platform(self.manifest.get("platform"))
        image["repository"] = f"{self.place.app}/{self.place.name}"
        return image

    def port(self, name: str, written: str) -> Members:
        number, _, protocol = written.partition("/")
        found: Members = {"containerPort": int(number)}
        if protocol and protocol != "tcp":
            found["protocol"] = protocol
        http = self.manifest.get("http")
        target = http.get("target_container", self.place.name) if isinstance(http, dict) else self.place.name
        if name == target and mapping(self.manifest.get("network"), "network").get("connect"):
            found["name"] = "target"
        return found

    def environment(self, name: str, given: Members, where: str) -> list[Members]:
        place = self.place
        found = {
            "COPILOT_APPLICATION_NAME": place.app,
            "COPILOT_SERVICE_DISCOVERY_ENDPOINT": f"{place.env}.{place.app}.local",
            "COPILOT_ENVIRONMENT_NAME": place.env,
            "COPILOT_SERVICE_NAME": place.name,
        }
        theirs = [
            variable for key, variables in QUEUES.items() if self.manifest.get(key) for variable in variables
        ]
        if (
            place.kind == "Load Balanced Web Service" and self.manifest.get("http") is not False
        ) or self.manifest.get("http"):
            theirs.append("COPILOT_LB_DNS")
        for variable, value in mapping(given.get("variables"), f"{where}variables").items():
            if isinstance(value, dict):
                self.account.leave(f"{where}variables.{variable}", TASK_LEFT["from_cfn"])
                theirs.append(variable)
            else:
                found[variable] = text(value)
        for variable in theirs:
            self.ownership[f"task_definition.{name}.environment.{variable}"] = THEIRS
        return [{"name": variable, "value": value} for variable, value in found.items()]

    def secrets(self, name: str, given: Members, where: str) -> list[Members]:
        found = []
        for variable, value in mapping(given.get("secrets"), f"{where}secrets").items():
            if isinstance(value, dict) and "secretsmanager" in value:
                account = "${AWS_ACCOUNT_ID:?the account's number}"
                front = f"arn:aws:secretsmanager:{self.place.region_name}:{account}:secret:"
                found.append({"name": variable, "valueFrom": front + text(value["secretsmanager"])})
            elif isinstance(value, dict):
                self.account.leave(f"{where}secrets.{variable}", TASK_LEFT["from_cfn"])
                self.ownership[f"task_definition.{name}.secrets.{variable}"] = THEIRS
            else:
                # An ARN stands in quotes within the string, since Copilot pastes it into its template.
                found.append({"name": variable, "valueFrom": text(value).strip("'\"")})
        return found


def _mount(volume: str, path: str, read_only: bool) -> Members:
    return {"sourceVolume": volume, "containerPath": path, "readOnly": bool(read_only)}


def _platform(written: Any) -> Members:
    """Linux on x86-64 is ECS's own choice too."""
    if isinstance(written, dict):
        system, processor = text(written.get("osfamily")), text(written.get("architecture"))
    else:
        system, _, processor = text(written or "linux/x86_64").partition("/")
    system = {"windows": "WINDOWS_SERVER_2019_CORE"}.get(system.lower(), system.upper())
    processor = {"amd64": "X86_64", "x86_64": "X86_64"}.get(processor.lower(), processor.upper())
    if (system, processor) == ("LINUX", "X86_64"):
        return {}
    return {"runtimePlatform": {"operatingSystemFamily": system, "cpuArchitecture": processor}}


def _docker_platform(written: Any) -> str:
    if isinstance(written, dict):
        written = f"{text(written.get('osfamily')).split('_')[0]}/{text(written.get('architecture'))}"
    return re.sub(r"x86_64", "amd64", text(written or "linux/x86_64").lower())
