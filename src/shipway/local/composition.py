"""The control plane's parts behind the front door, made and put in order: the one place that knows all rooms.
A reset makes one anew (installation.py).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any

from starlette.routing import BaseRoute

import shipway
from shipway.api.app import build_app, elsewhere_of
from shipway.api.auto_scaling import SERVICE as AUTO_SCALING
from shipway.api.auto_scaling import AutoScaling
from shipway.api.call import Settings
from shipway.api.code_deploy import CodeDeploy
from shipway.api.dispatch import Context
from shipway.api.monitoring import AutoScalingGroups, Monitoring
from shipway.api.signature import Verifier
from shipway.instances.routes import Instances, routes
from shipway.instances.settings import InstancesSettings, PayloadSettings
from shipway.local.desired_instances import InstanceSettings
from shipway.local.engines import Engine
from shipway.local.fleet import Fleet, FleetSettings
from shipway.local.foundation import Foundation
from shipway.local.front_door import Doorway
from shipway.local.hook_functions import HookFunctions
from shipway.local.metadata_address import MetadataAddress
from shipway.local.role_credentials import RoleCredentials
from shipway.local.supervisor import Named, Part, Supervisor
from shipway.model.arn import Place
from shipway.model.cluster import FARGATE_CLUSTER, Cluster
from shipway.model.snapshot import InstanceSize, Timing
from shipway.model.task import Task
from shipway.reconcile.reconciler import Reconciler
from shipway.reconcile.service_metrics import ServiceMetrics
from shipway.reconcile.surroundings import Surroundings
from shipway.scheduler.taken_down import plan_taken_down
from shipway.seams import RandomIds, SystemClock
from shipway.store.commit import commit_plan
from shipway.store.metrics import Metrics

logger = logging.getLogger(__name__)

DEFAULT_CLUSTER = "default"
AGENTS_DEADLINE_S = 15.0
TELEMETRY_PERIOD_S, TELEMETRY_PERIOD_MIN_S = 20, 2


class Composition:
    """All parts of one control plane."""

    def __init__(
        self, foundation: Foundation, engine: Engine, doorway: Doorway, routes: Sequence[BaseRoute]
    ) -> None:
        self._foundation = foundation
        self._engine = engine
        self._doorway = doorway
        self._routes = routes
        self.clock = SystemClock()
        self.ids = RandomIds()
        settings = foundation.settings
        self.timing = Timing().at_speed(settings.speed)
        self.metrics = Metrics(self.timing.metric_period_ms)
        self.simulated = settings.simulated
        self.elsewhere = elsewhere_of(self._settings(), foundation.store, self.metrics, self.clock)
        self.place = Place(account_id=settings.account_id, region=settings.region)
        self.fleet = Fleet(foundation.store, self.clock, self._fleet_settings(), engine.agent, engine.clear)
        self.roles = RoleCredentials(foundation.credentials, self.place, foundation.store, self.clock)
        self.instances = self._instances()
        around = self._surroundings()
        self.reconciler = Reconciler(around, engine.edge)
        self.instances.telemetry.heard = ServiceMetrics(around, self.instances.telemetry).hear
        self.code_deploy = CodeDeploy(self._settings())
        self.supervisor = Supervisor(self._parts(), self.clock)
        self._unsubscribe: Callable[[], None] = lambda: None

    async def start(self) -> None:
        self._ensure_clusters()
        if self._foundation.folder.taken_down_file.exists():
            self._end_tasks_taken_down()
        await self._foundation.store.durable()
        self._foundation.folder.taken_down_file.unlink(missing_ok=True)
        self._unsubscribe = self._foundation.store.subscribe(self.code_deploy.show)
        await self.supervisor.start()

    async def stop(self) -> None:
        await self.supervisor.stop()
        self._unsubscribe()
        self._unsubscribe = lambda: None

    async def forget_elsewhere(self) -> None:
        """What the other services remember, of which no file tells."""
        await self.elsewhere.forget()
        self.elsewhere.close()

    def status(self) -> dict[str, Any]:
        return {
            "parts": self.supervisor.statuses(),
            "agents": self.fleet.statuses(),
            "loops": self.reconciler.statuses(),
            "speed": self.timing.speed,
            "engine": self._foundation.settings.engine,
        }

    def _parts(self) -> list[Part]:
        parts: list[Part] = [
            Named("agents' links", self._start_links, self.instances.stop),
            # Before the loops: what is placed after a restart should find all instances, not the quickest.
            Named("fleet", self._start_fleet, self.fleet.stop),
            Named("loops", self.reconciler.start, self.reconciler.stop),
        ]
        if self._foundation.networks.link_local_network:
            parts.insert(0, MetadataAddress(self.fleet.metadata_ports))
        return parts

    async def _start_links(self) -> None:
        await self.instances.start()
        self._engine.connect(self._context(), self.instances)
        links = [] if self.simulated else routes(self.instances)
        self._doorway.lead_to(build_app(self._context(), [*links, *self._routes]))

    async def _start_fleet(self) -> None:
        await self.fleet.start()
        late = await self.fleet.wait_connected(AGENTS_DEADLINE_S)
        if late:
            logger.warning(
                "Agents that are not connected yet: %s. See `shipway local logs`.", ", ".join(late)
            )

    def _context(self) -> Context:
        return Context(
            store=self._foundation.store,
            clock=self.clock,
            ids=self.ids,
            settings=self._settings(),
            log_events=self._foundation.log_events,
            registry=self._engine.images,
            credentials=self.roles.find,
            # Who runs a task right after CreateCluster finds the cluster's instances there.
            settled={"CreateCluster": self.fleet.settled},
            heard=self._heard,
            metrics=self.metrics,
            elsewhere=self.elsewhere,
            open_session=self.instances.sessions.open,
        )

    def _heard(self, service: str) -> None:
        if service in ("monitoring", "cloudformation"):
            self.reconciler.alarms_changed()
        if service in ("autoscaling", "cloudformation"):
            self.reconciler.groups_changed()
        if service in ("monitoring", AUTO_SCALING, "cloudformation"):
            self.reconciler.scaling_changed()
        if service in ("codedeploy", "cloudformation"):
            self.code_deploy.begin_new(self._context().call(self.place.arn("codedeploy", "iam")))

    def _instances(self) -> Instances:
        settings, networks = self._foundation.settings, self._foundation.networks
        payload = PayloadSettings(
            account_id=settings.account_id,
            region=settings.region,
            endpoint_url=settings.endpoint_url,
            registry_address=self._engine.registry_address,
            subnet_gateway=gateway_of(networks.task_subnet),
        )
        return Instances(
            self._foundation.store,
            self.clock,
            self.ids,
            InstancesSettings(payload=payload),
            self._engine.verify(Verifier(self.roles.find_own, self.clock)),
            self.roles.credentials_for,
        )

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            store=self._foundation.store,
            clock=self.clock,
            ids=self.ids,
            place=self.place,
            task_network_cidr=self._foundation.networks.task_subnet,
            timing=self.timing,
            alarms=Monitoring(self._settings()),
            groups=AutoScalingGroups(self._settings()),
            auto_scaling=AutoScaling(self.elsewhere, self._settings(), self.metrics),
            metrics=self.metrics,
            new_instance=InstanceSize(
                self._foundation.settings.cpu_per_instance, self._foundation.settings.memory_mib_per_instance
            ),
            hooks=HookFunctions(self._foundation.folder.functions_file),
        )

    def _settings(self) -> Settings:
        settings = self._foundation.settings
        return Settings(
            account_id=settings.account_id,
            region=settings.region,
            endpoint=settings.endpoint_url,
            version=shipway.__version__,
            task_network_cidr=self._foundation.networks.task_subnet,
            timing=self.timing,
            simulated=self.simulated,
        )

    def _fleet_settings(self) -> FleetSettings:
        settings, networks = self._foundation.settings, self._foundation.networks
        return FleetSettings(
            instances=InstanceSettings(
                instances=settings.instances,
                region=settings.region,
                cpu=settings.cpu_per_instance,
                memory_mib=settings.memory_mib_per_instance,
            ),
            folder=self._foundation.folder.instances,
            endpoint_url=settings.endpoint_url,
            account_id=settings.account_id,
            installation=settings.installation,
            credentials_file=self._foundation.folder.credentials_file,
            task_network=networks.task_network,
            link_local_network=networks.link_local_network or "",
            # Docker Desktop's containers live in a virtual machine whose addresses are not reachable.
            publish_task_ports=sys.platform == "darwin",
            telemetry_period_s=max(TELEMETRY_PERIOD_MIN_S, round(TELEMETRY_PERIOD_S / settings.speed)),
            power_loss_ms=self.timing.power_loss_ms,
        )

    def _ensure_clusters(self) -> None:
        """A new installation has the cluster that ECS tools take when none is named, and Fargate's own."""
        store = self._foundation.store
        visible = [cluster for cluster in store.state.all(Cluster) if not cluster.hidden]
        with store.transaction() as tx:
            for name in (FARGATE_CLUSTER,) if visible else (FARGATE_CLUSTER, DEFAULT_CLUSTER):
                arn = self.place.cluster(name)
                if tx.get(Cluster, arn) is None:
                    tx.put(Cluster(cluster_arn=arn, created_at=self.clock.now_ms()))

    def _end_tasks_taken_down(self) -> None:
        """Before any loop looks: else it would find tasks whose containers `down` removed, and blame them."""
        store = self._foundation.store
        plan = plan_taken_down(tuple(store.state.all(Task)))
        with store.transaction() as tx:
            commit_plan(tx, plan.actions, self.clock.now_ms())
        logger.info("%d tasks ended with the last `down`.", len(plan.actions))


def gateway_of(subnet: str) -> str:
    """Docker's choice: the first address, with the prefix length that the agent wants."""
    address, _, length = subnet.partition("/")
    return f"{address.rpartition('.')[0]}.1/{length}"
