"""Where a port of a container is reached from this machine. Pure."""

from __future__ import annotations

from shipway.agent.task_state import PAUSE_NAME, ContainerState, TaskState

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


def port_addresses(task: TaskState, container: ContainerState, port: int) -> list[tuple[str, int]]:
    """The container's own addresses first: behind a published port somebody else answers for it."""
    if task.network_mode == "host":
        return [("127.0.0.1", port)]
    owner = (task.container(PAUSE_NAME) if task.awsvpc else None) or container
    own = [(address, port) for _, address in owner.addresses]
    published = [
        (ANYWHERE.get(binding.bind_ip, binding.bind_ip), binding.host_port)
        for binding in owner.network_bindings
        if binding.container_port == port and binding.protocol == "tcp"
    ]
    return own + published
