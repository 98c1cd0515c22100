"""`with local_ecs() as ecs:` an ECS of the test's own, empty, its clock in the test's hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Literal

import boto3
from botocore.config import Config

from shipway.api.signature import Credential
from shipway.local.desired_instances import InstanceSettings
from shipway.model.snapshot import Timing
from shipway.testing.clock import Clock
from shipway.testing.containers import Containers
from shipway.testing.served_world import CALLER, ServedWorld, Wanted

CREDENTIAL = Credential("AKIATESTING000000000", "testing", CALLER)


class NoSuchInstance(Exception):
    """No container instance has this id."""


class LocalEcs:
    """One ECS. `client` gives boto3 clients; everything else is the world around it."""

    def __init__(self, served: ServedWorld, region: str) -> None:
        self._served = served
        self.region = region
        self.endpoint_url = served.endpoint_url
        self.clock = Clock(served)
        self.containers = Containers(served.world.fleet, self._on_loop)

    @property
    def access_key_id(self) -> str:
        return CREDENTIAL.access_key_id

    @property
    def secret_access_key(self) -> str:
        return CREDENTIAL.secret_access_key

    @property
    def environment(self) -> dict[str, str]:
        """For other processes: the AWS CLI, a program under test."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
        }

    def client(self, service: str) -> Any:
        """A boto3 client of any AWS service. Each call returns when all that it set off has happened."""
        return session().client(
            service,  # type: ignore[call-overload]
            region_name=self.region,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def stop_instance(self, ec2_instance_id: str) -> None:
        """Takes the power from a container instance: its containers end, and its agent says nothing more."""
        self._on_instance(ec2_instance_id, lambda agent: agent.lose_power())

    def start_instance(self, ec2_instance_id: str) -> None:
        """Gives it back: the agent starts, and reports what became of its tasks."""
        self._on_instance(ec2_instance_id, lambda agent: agent.start())

    def _on_instance(self, ec2_instance_id: str, act: Callable[[Any], None]) -> None:
        agents = self._served.world.fleet.agents
        if ec2_instance_id not in agents:
            raise NoSuchInstance(f"{ec2_instance_id}; there are {', '.join(sorted(agents))}.")

        def on_it() -> int:
            act(agents[ec2_instance_id])
            return 1

        self._on_loop(on_it)

    def _on_loop(self, act: Callable[[], int]) -> int:
        async def there() -> int:
            result = act()
            await self._served.at_rest()
            return result

        return self._served.run(there())


@contextmanager
def local_ecs(
    *,
    clock: Literal["frozen", "real"] = "frozen",
    speed: float = 1.0,
    instances: int = 3,
    cpu: int = 4096,
    memory: int = 8192,
    region: str = "us-east-1",
) -> Iterator[LocalEcs]:
    """An empty ECS until the block ends.

    `instances` of `cpu` units and `memory` MiB are in every cluster, the cluster `default` is there. `speed`
    makes every wait of the control plane so many times shorter.
    """
    served = ServedWorld(
        Wanted(
            instances=InstanceSettings(instances=instances, region=region, cpu=cpu, memory_mib=memory),
            frozen=clock == "frozen",
            timing=Timing().at_speed(speed),
            credential=CREDENTIAL,
        )
    )
    try:
        yield LocalEcs(served, region)
    finally:
        served.close()


@cache
def session() -> boto3.session.Session:
    """One for all, because it keeps the service models that it has read."""
    return boto3.session.Session()
