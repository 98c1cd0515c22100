"""The rules for one container definition."""

from __future__ import annotations

from typing import Any

from shipway.api.errors import ApiError
from shipway.model.record import Document

PORTS = range(1, 65536)
LOG_DRIVERS = (
    "json-file",
    "syslog",
    "journald",
    "gelf",
    "fluentd",
    "awslogs",
    "splunk",
    "awsfirelens",
    "none",
)
HEALTH_CHECK_RANGES = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)}
NOT_IN_AWSVPC = {"hostname": "hostname", "extraHosts": "extraHosts"}
RESTART_PERIOD_RANGE = (60, 1800)


def client_error(message: str) -> ApiError:
    return ApiError("ClientException", message)


def check_container(container: Document, body: Document) -> None:
    check_memory(container, body)
    check_gpus(container)
    check_ports(container, body.get("networkMode") or "bridge")
    check_network(container, body.get("networkMode") or "bridge")
    check_secrets(container, body)
    check_log_configuration(container, body)
    check_health_check(container)
    check_restart_policy(container)
    check_mount_points(container, body)


def check_memory(container: Document, body: Document) -> None:
    name, memory, reservation = container["name"], container.get("memory"), container.get("memoryReservation")
    if body.get("memory") is None and not memory and not reservation:
        raise client_error(
            f"Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must "
            "be specified."
        )
    if memory is not None and memory < 4:
        raise client_error(f"Invalid 'memory' setting for container '{name}'. It must be at least 4 MiB.")
    if memory and reservation and reservation > memory:
        raise client_error(
            f"Invalid setting for container '{name}'. The 'memory' must be greater than or equal to the "
            "'memoryReservation'."
        )
    if (container.get("cpu") or 0) < 0:
        raise client_error(f"Invalid 'cpu' setting for container '{name}'.")


def check_gpus(container: Document) -> None:
    for requirement in container.get("resourceRequirements") or []:
        if requirement.get("type") == "GPU" and not whole_and_positive(requirement.get("value")):
            raise client_error(
                f"Invalid 'resourceRequirements' setting for container '{container.get('name')}'. The number "
                f"of GPUs must be a whole number of at least 1, not '{requirement.get('value')}'."
            )


def whole_and_positive(text: object) -> bool:
    return isinstance(text, str) and text.isdecimal() and int(text) > 0


def check_ports(container: Document, network_mode: str) -> None:
    name = container["name"]
    if network_mode == "none" and container["portMappings"]:
        raise client_error("Port mappings are not supported when networkMode=none.")
    for mapping in container["portMappings"]:
        if mapping.get("containerPortRange"):
            check_port_range(mapping, name, network_mode)
            continue
        port, host_port = mapping.get("containerPort"), mapping.get("hostPort") or 0
        if port not in PORTS:
            raise client_error(f"Invalid 'containerPort' setting for container '{name}'.")
        if host_port and host_port not in PORTS:
            raise client_error(f"Invalid 'hostPort' setting for container '{name}'.")
        if network_mode in ("awsvpc", "host") and host_port != port:
            raise client_error(
                f"When networkMode={network_mode}, the host ports and container ports in port mappings must "
                "match."
            )


def check_port_range(mapping: Document, name: str, network_mode: str) -> None:
    first, _, last = mapping["containerPortRange"].partition("-")
    valid = first.isdigit() and last.isdigit() and int(first) in PORTS and int(last) in PORTS
    if (
        not valid
        or int(first) >= int(last)
        or mapping.get("hostPort")
        or network_mode not in ("bridge", "awsvpc")
    ):
        raise client_error(f"Invalid 'containerPortRange' setting for container '{name}'.")


def check_network(container: Document, network_mode: str) -> None:
    if network_mode == "awsvpc":
        if container.get("links"):
            raise client_error("Links are not supported when networkMode=awsvpc.")
        for member, title in NOT_IN_AWSVPC.items():
            if container.get(member):
                raise client_error(f"{title} is not supported on container when networkMode=awsvpc.")
    elif container.get("links") and network_mode != "bridge":
        raise client_error(f"Links are not supported when networkMode={network_mode}.")


def check_secrets(container: Document, body: Document) -> None:
    log_secrets = (container.get("logConfiguration") or {}).get("secretOptions")
    if (container.get("secrets") or log_secrets) and not body.get("executionRoleArn"):
        raise client_error(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
        )
    taken = [entry.get("name") for entry in container["environment"]]
    for secret in container.get("secrets") or []:
        if secret["name"] in taken:
            raise client_error(
                "The secret name must be unique and not shared with any new or existing environment "
                "variables set "
                f"on the container, such as '{secret['name']}'."
            )
        taken.append(secret["name"])


def check_log_configuration(container: Document, body: Document) -> None:
    log_configuration = container.get("logConfiguration")
    if not log_configuration:
        return
    driver, options = log_configuration["logDriver"], log_configuration.get("options") or {}
    if driver not in LOG_DRIVERS:
        raise client_error(f"Log driver '{driver}' is not one of [{','.join(LOG_DRIVERS)}].")
    if driver == "awslogs":
        wanted = ["awslogs-region", "awslogs-group"]
        if "FARGATE" in (body.get("requiresCompatibilities") or []):
            wanted.append("awslogs-stream-prefix")
        if any(not options.get(option) for option in wanted):
            raise client_error(f"Log driver awslogs requires options: {', '.join(wanted)}")
        if options.get("awslogs-datetime-format") and options.get("awslogs-multiline-pattern"):
            raise client_error(
                "Log driver awslogs: awslogs-datetime-format and awslogs-multiline-pattern cannot be used "
                "at the same time."
            )


def check_health_check(container: Document) -> None:
    check = container.get("healthCheck")
    if not check:
        return
    if not check.get("command") or check["command"][0] not in ("CMD", "CMD-SHELL", "NONE"):
        raise client_error(
            f"Invalid 'healthCheck' setting for container '{container['name']}'. The command must begin "
            "with CMD or CMD-SHELL."
        )
    for member, (least, most) in HEALTH_CHECK_RANGES.items():
        check_range(check.get(member), least, most, f"healthCheck.{member}", container["name"])


def check_restart_policy(container: Document) -> None:
    policy = container.get("restartPolicy") or {}
    check_range(
        policy.get("restartAttemptPeriod"),
        *RESTART_PERIOD_RANGE,
        "restartPolicy.restartAttemptPeriod",
        container["name"],
    )
    if len(policy.get("ignoredExitCodes") or []) > 50:
        raise client_error(
            f"Invalid 'restartPolicy.ignoredExitCodes' setting for container '{container['name']}'."
        )


def check_range(value: Any, least: int, most: int, member: str, name: str) -> None:
    if value is not None and not least <= value <= most:
        raise client_error(
            f"Invalid '{member}' setting for container '{name}'. It must be from {least} to {most}."
        )


def check_mount_points(container: Document, body: Document) -> None:
    volumes = [volume.get("name") for volume in body["volumes"]]
    for mount in container["mountPoints"]:
        if mount.get("sourceVolume") not in volumes:
            raise client_error(f"Unknown volume '{mount.get('sourceVolume')}'.")
        if not mount.get("containerPath"):
            raise client_error(
                f"Invalid 'mountPoints' setting for container '{container['name']}'. containerPath is "
                "missing."
            )
    names = [entry["name"] for entry in body["containerDefinitions"]]
    for source in container["volumesFrom"]:
        if source.get("sourceContainer") not in names:
            raise client_error(f"Unknown container '{source.get('sourceContainer')}' in volumesFrom.")
