"""The kinds of record that the store keeps. A new noun of the model is added here."""

from __future__ import annotations

from shipway.model.account_setting import AccountSetting
from shipway.model.capacity_provider import CapacityProvider
from shipway.model.cluster import Cluster
from shipway.model.code_deploy import CodeDeployment
from shipway.model.container_instance import ContainerInstance
from shipway.model.daemon import Daemon, DaemonDeployment, DaemonRevision
from shipway.model.daemon_task_definition import DaemonTaskDefinition, DaemonTaskDefinitionFamily
from shipway.model.listener import Listener
from shipway.model.load_balancer import LoadBalancer
from shipway.model.outbox import OutboxMessage
from shipway.model.record import Record
from shipway.model.repository import Repository
from shipway.model.rule import Rule
from shipway.model.run_task_request import RunTaskRequest
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.target import Target
from shipway.model.target_group import TargetGroup
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition, TaskDefinitionFamily
from shipway.model.task_set import TaskSet

KINDS: tuple[type[Record], ...] = (
    AccountSetting,
    CapacityProvider,
    Cluster,
    CodeDeployment,
    ContainerInstance,
    Daemon,
    DaemonDeployment,
    DaemonRevision,
    DaemonTaskDefinition,
    DaemonTaskDefinitionFamily,
    Listener,
    LoadBalancer,
    OutboxMessage,
    Repository,
    Rule,
    RunTaskRequest,
    Service,
    ServiceDeployment,
    ServiceRevision,
    Target,
    TargetGroup,
    Task,
    TaskDefinition,
    TaskDefinitionFamily,
    TaskSet,
)
