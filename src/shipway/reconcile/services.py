"""The services loop: a service's snapshot, the scheduler's plan, its commit."""

from __future__ import annotations

from operator import attrgetter

from shipway.model.listener import Listener
from shipway.model.listener_action import ListenerAction
from shipway.model.rule import Rule
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.snapshot import ServiceSnapshot, TargetView, TaskSetView
from shipway.model.target import Target
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.model.task_set import TaskSet
from shipway.reconcile.agenda import Agenda, look_at_due
from shipway.reconcile.concerns import services_concerned
from shipway.reconcile.loop import PassResult
from shipway.reconcile.surroundings import Surroundings
from shipway.scheduler.services import decide_service
from shipway.store import Change
from shipway.store.fleet import address_pool, fleet_for, provisioning_of

ENDED_DEPLOYMENTS_SEEN = 3


class ServicesTurn:
    """`watching` are the services whose decision hangs on fleets, each with the clusters of those fleets."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._agenda = Agenda()
        self._watching: dict[str, frozenset[str]] = {}

    def look_at_everything(self) -> None:
        self._agenda.look_at(service.service_arn for service in self._around.store.state.all(Service))

    def hear(self, changes: tuple[Change, ...]) -> bool:
        concerned = services_concerned(changes, self._around.store.state, self._watching)
        self._agenda.look_at(concerned)
        return bool(concerned)

    def hear_of_alarms(self) -> None:
        """Only deployments in progress watch alarms."""
        services = self._around.store.state.all(Service)
        self._agenda.look_at(s.service_arn for s in services if s.service_deployment_arn is not None)

    async def __call__(self) -> PassResult:
        return await look_at_due(self._agenda, self._around.clock.now_ms(), self._look, self._daemons_first)

    def _daemons_first(self, service_arn: str) -> bool:
        """On an instance that joins, daemon tasks take their room before any other service looks at it."""
        service = self._around.store.state.get(Service, service_arn)
        return service is None or service.scheduling_strategy != "DAEMON"

    def _look(self, service_arn: str) -> PassResult:
        service = self._around.store.state.get(Service, service_arn)
        self._watching.pop(service_arn, None)
        if service is None or service.status == "INACTIVE":
            return PassResult()
        snapshot = service_snapshot(self._around, service_arn)
        plan = decide_service(snapshot, self._around.ids)
        if plan.watches_fleet:
            fleets = (snapshot.fleet, *(view.fleet for view in snapshot.task_sets))
            self._watching[service_arn] = frozenset(fleet.cluster_arn for fleet in fleets)
        refused = self._around.commit(plan)
        return PassResult(len(plan.actions), len(refused), plan.wake_at)


def service_snapshot(around: Surroundings, service_arn: str) -> ServiceSnapshot:
    state = around.store.state
    service = state.get(Service, service_arn)
    assert service is not None, service_arn
    # Lists of the store come sorted by ARN, and sorting leaves equals as they are.
    revisions = sorted(
        state.by(ServiceRevision, "service_arn", service_arn),
        key=lambda r: (r.service_revision_arn != service.revision_arn, -r.created_at),
    )
    deployments = sorted(state.by(ServiceDeployment, "service_arn", service_arn), key=lambda d: -d.created_at)
    ended = [d.service_deployment_arn for d in deployments if not d.in_progress][:ENDED_DEPLOYMENTS_SEEN]
    tasks = tuple(sorted(state.by(Task, "service_arn", service_arn), key=attrgetter("created_at")))
    registered = state.table(Target)
    definition_arns = {revision.task_definition_arn for revision in revisions}
    definition_arns.update([task.task_definition_arn for task in tasks])
    definitions = {
        arn: definition
        for arn in sorted(definition_arns)
        if (definition := state.get(TaskDefinition, arn)) is not None
    }
    return ServiceSnapshot(
        now_ms=around.clock.now_ms(),
        service=service,
        revisions=tuple(revisions),
        service_deployments=tuple(
            d for d in deployments if d.in_progress or d.service_deployment_arn in ended
        ),
        task_definitions=definitions,
        tasks=tasks,
        targets={
            task.task_arn: target_views(around, task)
            for task in tasks
            if not task.stopped and registered.has("task_arn", task.task_arn)
        },
        task_sets=task_set_views(around, service, revisions),
        fleet=fleet_for(state, service.cluster_arn, launch_type_of(revisions), around.place),
        addresses=address_pool(state, around.task_network_cidr),
        provisioning=provisioning_of(state, service.cluster_arn),
        timing=around.timing,
        listener_rules=listener_rules(around, revisions),
        alarms=alarm_states(around, service, deployments),
        account_id=around.place.account_id,
        region=around.place.region,
    )


def alarm_states(
    around: Surroundings, service: Service, deployments: list[ServiceDeployment]
) -> dict[str, str]:
    """Of the alarms that a running deployment watches; else nobody asks."""
    alarms = service.deployment_configuration.alarms
    running = any(deployment.in_progress for deployment in deployments)
    return around.alarms.alarm_states(alarms.names) if alarms.enable and running else {}


def launch_type_of(revisions: list[ServiceRevision]) -> str:
    """The PRIMARY revision's; a service whose first task set is still to come has no revision."""
    return revisions[0].launch_type if revisions else "EC2"


def task_set_views(
    around: Surroundings, service: Service, revisions: list[ServiceRevision]
) -> tuple[TaskSetView, ...]:
    state = around.store.state
    made_of = {revision.service_revision_arn: revision for revision in revisions}
    task_sets = sorted(
        state.by(TaskSet, "service_arn", service.service_arn),
        key=lambda task_set: (task_set.status != "PRIMARY", task_set.created_at, task_set.task_set_arn),
    )
    views = []
    for task_set in task_sets:
        revision = made_of[task_set.service_revision_arn]
        fleet = fleet_for(state, service.cluster_arn, revision.launch_type, around.place)
        views.append(TaskSetView(task_set, revision, fleet))
    return tuple(views)


def listener_rules(around: Surroundings, revisions: list[ServiceRevision]) -> dict[str, ListenerAction]:
    """The rules that deployments shift traffic with. A listener's default action is its default rule's."""
    state = around.store.state
    named = {arn for revision in revisions for arn in rule_arns(revision)}
    rules = {arn: rule.action for arn in sorted(named) if (rule := state.get(Rule, arn)) is not None}
    if named - rules.keys():
        defaults = {listener.default_rule_arn: listener for listener in state.all(Listener)}
        rules |= {arn: defaults[arn].default_action for arn in sorted(named & defaults.keys())}
    return rules


def rule_arns(revision: ServiceRevision) -> list[str]:
    advanced = [entry.advanced for entry in revision.load_balancers]
    arns = [(each.production_rule_arn, each.test_rule_arn) for each in advanced if each is not None]
    return [arn for pair in arns for arn in pair if arn is not None]


def target_views(around: Surroundings, task: Task) -> tuple[TargetView, ...]:
    return tuple(
        TargetView(
            target_group_arn=target.target_group_arn,
            port=target.port,
            state=target.state,
            reason=target.description or target.reason,
            instance_id=target.target_id if target.target_id.startswith("i-") else None,
        )
        for target in around.store.state.by(Target, "task_arn", task.task_arn)
    )
