"""What stands behind a control plane: Docker, a registry and Envoy, or simulations of them (`simulated`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from shipway.api.dispatch import Context
from shipway.api.image_registry import ImageRegistry
from shipway.api.signature import Verifier
from shipway.instances.routes import Instances
from shipway.load_balancer.edge import Edge, LoadBalancerEdge
from shipway.local import fleet
from shipway.local.desired_instances import InstanceSpec
from shipway.local.docker_engine import (
    docker_engine,
    kill_container,
    remove_containers,
    remove_containers_of_instance,
)
from shipway.local.fleet import FleetSettings
from shipway.local.foundation import Foundation
from shipway.local.instance_files import InstanceFiles
from shipway.local.process import ChildProcess
from shipway.local.supervisor import Named, Part
from shipway.model.snapshot import Timing
from shipway.registry.images import RegistryImages
from shipway.registry.registry import Registry

Verify = Callable[..., Any]

CLEAR_ATTEMPTS = 3


class Engine(Protocol):
    """Where containers, images and listeners are."""

    images: ImageRegistry
    edge: Edge
    registry_address: str  # "" when there is none

    def parts(self) -> list[Part]:
        """What must run before anything else does."""
        ...

    def verify(self, verifier: Verifier) -> Verify:
        """How an agent's link is let in."""
        ...

    def connect(self, context: Context, instances: Instances) -> None:
        """The control plane takes agents from now on."""
        ...

    def agent(self, spec: InstanceSpec, settings: FleetSettings, files: InstanceFiles) -> Part:
        """One container instance's."""
        ...

    async def clear(self, installation: str, instance_id: str) -> None:
        """Removes what containers a terminated instance has left."""
        ...

    async def clear_all(self, installation: str) -> None:
        """Stops and removes the containers of all instances, whose agents have ended."""
        ...

    async def kill(self, task_arn: str, container: str) -> bool:
        """SIGKILL, as from outside. False when no such container runs."""
        ...

    async def close(self) -> None:
        """When all parts have stopped."""
        ...


class RealEngine:
    def __init__(self, foundation: Foundation, timing: Timing) -> None:
        settings = foundation.settings
        self._installation = settings.installation
        self._registry = Registry(
            foundation.folder.registry, settings.registry_port, settings.installation, ChildProcess
        )
        self.registry_address = self._registry.address
        self._images = RegistryImages(
            self._registry.address, self._registry.password(), self._registry.storage
        )
        self.images: ImageRegistry = self._images
        self._edge = LoadBalancerEdge(foundation.folder.envoy, timing)
        self.edge: Edge = self._edge

    def parts(self) -> list[Part]:
        return [self._registry, Named("load balancer", self._edge.start, self._edge.stop)]

    def verify(self, verifier: Verifier) -> Verify:
        return verifier.verify  # the installation's own key: a task's role must not open an agent's link

    def connect(self, context: Context, instances: Instances) -> None:
        """Agents come through the front door."""

    def agent(self, spec: InstanceSpec, settings: FleetSettings, files: InstanceFiles) -> Part:
        return fleet.Agent(spec, settings, files)

    async def clear(self, installation: str, instance_id: str) -> None:
        await remove_containers_of_instance(installation, instance_id)

    async def clear_all(self, installation: str) -> None:
        async with docker_engine() as docker:
            for _ in range(CLEAR_ATTEMPTS):  # it may still be making what an agent had asked for
                if not await remove_containers(docker, installation):
                    return

    async def kill(self, task_arn: str, container: str) -> bool:
        return await kill_container(self._installation, task_arn, container)

    async def close(self) -> None:
        await self._images.close()
