"""What one seed draws before anything happens: how large the world is, which features its users use, and how
often what goes wrong. Most seeds have some features and faults only, so that the rare combinations come too.
"""

from __future__ import annotations

import random

import msgspec

from shipway.simulator.network import Conditions


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """What users of this world do. Each is drawn by itself."""

    load_balancers: bool = False
    health_checks: bool = False
    breaker: bool = False
    limits: bool = False  # other minimumHealthyPercent and maximumPercent than 100 and 200
    bad_definitions: bool = False
    drains: bool = False
    tasks: bool = False  # RunTask and StopTask
    deletes: bool = False
    awsvpc: bool = False
    host_ports: bool = False
    placement: bool = False  # strategies and constraints
    protection: bool = False
    sidecars: bool = False
    stops: bool = False  # StopServiceDeployment
    tight: bool = False  # instances that are hardly large enough
    bake: bool = False
    daemons: bool = False
    shifts: bool = False  # BLUE_GREEN, LINEAR and CANARY
    hooks: bool = False  # of these, and their functions may have trouble
    alarms: bool = False
    task_sets: bool = False  # EXTERNAL and CODE_DEPLOY
    zones: bool = False  # spread over zones, and rebalanced
    fargate: bool = False  # launch type FARGATE, FARGATE_SPOT
    providers: bool = False  # capacity provider strategies over groups of instances
    scaling: bool = False  # the groups grow and shrink by themselves
    managed_daemons: bool = False  # on Managed Instances


DRAWN_LAST = ("fargate", "providers", "scaling", "managed_daemons")
"""Of the features: drawn after all else and less often, so that other worlds stay as they were."""


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """How often, a minute of simulated time."""

    kills: float = 0.0  # of the control plane
    agent_kills: float = 0.0
    power_cuts: float = 0.0  # of a container instance
    cuts: float = 0.0  # of the network to an agent
    broken_links: float = 0.0
    crashes: float = 0.0  # of a container
    sick: float = 0.0  # a container's own health check fails for a while
    silent: float = 0.0  # a container does not answer the load balancer for a while
    clock_jumps: float = 0.0
    alarms: float = 0.0  # one goes to ALARM for a while, if there is any


class Options(msgspec.Struct, frozen=True, kw_only=True):
    instances: int = 3
    clients: int = 2
    services: int = 3
    desired_count_max: int = 4
    minutes: float = 3.0  # for which things go wrong
    pause_s: float = 6.0  # between the acts of one client, on average
    features: Features = Features()
    faults: Faults = Faults()
    network: Conditions = Conditions(latency_ms=(1, 20))
    fsync_ms: tuple[float, float] = (1.0, 10.0)

    def text(self) -> str:
        """One line: what differs from nothing."""
        used = [name for name in Features.__struct_fields__ if getattr(self.features, name)]
        rates = [
            f"{name}={rate:.2g}/min"
            for name in Faults.__struct_fields__
            if (rate := getattr(self.faults, name))
        ]
        network = [
            f"{name}={value:.2g}"
            for name in ("lost", "doubled", "late")
            if (value := getattr(self.network, name))
        ]
        sizes = (
            f"instances={self.instances} clients={self.clients} services={self.services} "
            f"desired<={self.desired_count_max} minutes={self.minutes:.1f} "
            f"latency<={self.network.latency_ms[1]:.0f}ms fsync<={self.fsync_ms[1]:.0f}ms"
        )
        return " ".join([sizes, *used, *rates, *network])


def draw(chance: random.Random) -> Options:
    """The options of a seed."""
    first = [name for name in Features.__struct_fields__ if name not in DRAWN_LAST]
    features = Features(**{name: chance.random() < 0.4 for name in first})
    if features.tight:  # a daemon has no claim to the room that others took: it would wait for ever
        features = msgspec.structs.replace(features, daemons=False)
    calm = chance.random() < 0.15
    rates = {
        name: 0.0 if calm or chance.random() < 0.6 else chance.choice((0.2, 0.5, 1.0, 3.0))
        for name in Faults.__struct_fields__
    }
    chances = {
        name: 0.0 if calm or chance.random() < 0.6 else chance.choice((0.01, 0.05, 0.2))
        for name in ("lost", "doubled", "late")
    }
    slow_ms = chance.choice((1.0, 20.0, 20.0, 200.0))
    patient = chance.random() < 0.3  # deployments come to their end before the next
    options = Options(
        instances=chance.randint(1, 6),
        clients=chance.randint(1, 4),
        services=chance.randint(1, 4),
        desired_count_max=chance.randint(1, 6),
        minutes=10.0 if patient else chance.choice((0.5, 1.0, 2.0)),
        pause_s=80.0 if patient else chance.choice((2.0, 5.0, 10.0)),
        features=features,
        faults=Faults(**rates),
        network=Conditions(latency_ms=(slow_ms / 20, slow_ms), **chances),
        fsync_ms=(0.5, chance.choice((1.0, 10.0, 100.0))),
    )
    last = {name: chance.random() < 0.2 for name in DRAWN_LAST}
    last["scaling"] = last["providers"] and chance.random() < 0.6
    last["managed_daemons"] = last["managed_daemons"] and not features.tight
    return msgspec.structs.replace(options, features=msgspec.structs.replace(features, **last))
