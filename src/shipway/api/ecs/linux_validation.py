"""The rules for what a container asks of the kernel: ulimits, capabilities, swap. The texts are ours."""

from __future__ import annotations

from shipway.api.ecs.container_validation import check_range, client_error
from shipway.model.record import Document

ULIMITS = (
    *("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc"),
    *("rss", "rtprio", "rttime", "sigpending", "stack"),
)
CAPABILITIES = (
    *("ALL", "AUDIT_CONTROL", "AUDIT_WRITE", "BLOCK_SUSPEND", "CHOWN", "DAC_OVERRIDE"),
    *("DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL"),
    *("LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN"),
    *("NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP"),
    *("SETUID", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE"),
    *("SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG"),
    *("SYSLOG", "WAKE_ALARM"),
)


def check_linux(container: Document) -> None:
    name = container["name"]
    for ulimit in container.get("ulimits") or []:
        check_ulimit(ulimit, name)
    parameters = container.get("linuxParameters") or {}
    capabilities = parameters.get("capabilities") or {}
    for capability in (*(capabilities.get("add") or ()), *(capabilities.get("drop") or ())):
        if capability not in CAPABILITIES:
            raise client_error(
                f"Invalid 'linuxParameters.capabilities' setting for container '{name}'. "
                f"'{capability}' is no capability; they are written without CAP_, as in NET_ADMIN."
            )
    check_range(parameters.get("swappiness"), 0, 100, "linuxParameters.swappiness", name)


def check_ulimit(ulimit: Document, container: str) -> None:
    where = f"Invalid 'ulimits' setting for container '{container}'."
    if ulimit["name"] not in ULIMITS:
        raise client_error(f"{where} The name '{ulimit['name']}' is not one of [{','.join(ULIMITS)}].")
    if 0 <= ulimit["hardLimit"] < ulimit["softLimit"]:
        raise client_error(f"{where} The softLimit of {ulimit['name']} is above its hardLimit.")
