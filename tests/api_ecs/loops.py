"""The control plane's loops, turned by hand until they come to rest."""

from __future__ import annotations

from msgspec.structs import replace

from shipway.model.code_deploy import CodeDeployment
from shipway.model.daemon import Daemon
from shipway.model.service import Service
from shipway.model.target import Target
from shipway.model.task import Task
from shipway.reconcile.code_deploy import code_deploy_snapshot
from shipway.reconcile.concerns import owner_of
from shipway.reconcile.daemons import daemon_snapshot
from shipway.reconcile.services import service_snapshot
from shipway.reconcile.surroundings import Surroundings
from shipway.reconcile.targets import targets_snapshot
from shipway.reconcile.tasks import tasks_snapshot
from shipway.scheduler.code_deploy import decide_code_deploy
from shipway.scheduler.managed_daemon import decide_managed_daemon
from shipway.scheduler.services import decide_service
from shipway.scheduler.targets import plan_targets
from shipway.scheduler.tasks import plan_tasks
from shipway.store.definitions import definition_of
from tests.api_ecs.agents import report
from tests.api_ecs.front import Ecs

TURNS_MAX = 50


def turn(ecs: Ecs) -> None:
    """Daemons, services, targets and tasks, until no plan changes anything any more."""
    around = Surroundings(store=ecs.store, clock=ecs.clock, ids=ecs.ids, place=ecs.settings.place)
    for _ in range(TURNS_MAX):
        before = ecs.store.commits
        for daemon in ecs.store.state.all(Daemon):
            around.commit(decide_managed_daemon(daemon_snapshot(around, daemon), ecs.ids))
        services = sorted(ecs.store.state.all(Service), key=lambda s: s.scheduling_strategy != "DAEMON")
        for service in services:
            if service.status != "INACTIVE":
                around.commit(decide_service(service_snapshot(around, service.service_arn), ecs.ids))
        for service in services:
            around.commit(plan_targets(targets_snapshot(around, service.service_arn), ecs.ids))
        for deployment in ecs.store.state.all(CodeDeployment):
            around.commit(decide_code_deploy(code_deploy_snapshot(around, deployment)))
        for owner in sorted({owner_of(task) for task in ecs.store.state.all(Task)}):
            around.commit(plan_tasks(tasks_snapshot(around, owner)))
        if ecs.store.commits == before:
            return
    raise AssertionError("the loops never come to rest")


def run_all(ecs: Ecs) -> None:
    """Agents start and stop what they were told to, targets become healthy, time passes."""
    turn(ecs)
    for task in ecs.store.state.all(Task):
        if task.pending:
            play_agent(ecs, task, "RUNNING", 32768 + int(task.task_id[:6], 16) % 28000)
        elif task.last_status == "STOPPING":
            play_agent(ecs, task, "STOPPED")
    turn(ecs)
    with ecs.store.transaction() as tx:
        for target in tx.all(Target):
            if target.state == "draining":
                tx.delete(Target, target.key)
            elif target.state != "healthy":
                tx.put(replace(target, state="healthy"))
    ecs.clock.advance(5_000)
    turn(ecs)


def play_agent(ecs: Ecs, task: Task, status: str, first_port: int = 0) -> None:
    """One report of the whole task, with a host port for each port that it maps."""
    definition = definition_of(ecs.store.state, task.task_definition_arn)
    assert definition is not None
    containers = [
        {
            "containerName": container["name"],
            "status": status,
            "networkBindings": [
                {"containerPort": mapping["containerPort"], "hostPort": first_port + index}
                for index, mapping in enumerate(container.get("portMappings") or [])
            ],
        }
        for container in definition.containers
    ]
    wire = {"taskArn": task.task_arn, "containers": []}
    report(ecs, wire, status, cluster=task.cluster_arn, containers=containers)


def settle(ecs: Ecs) -> None:
    """Everything that can happen by itself has happened."""
    for _ in range(TURNS_MAX):
        before = ecs.store.commits
        run_all(ecs)
        if ecs.store.commits == before:
            return
    raise AssertionError("the service never comes to rest")
