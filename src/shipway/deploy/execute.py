"""Apply a plan, action by action; no choices are made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from shipway.deploy.closer_look import look_up
from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.code_deploy import CodeDeploy
from shipway.deploy.errors import AwsRefusal, DeployError
from shipway.deploy.events import ActionBegun, ActionDone, ImagePushed, TaskDefinitionRegistered
from shipway.deploy.observe import refuse_without_room
from shipway.deploy.planning import actions
from shipway.deploy.planning.actions import REGISTERED, Plan
from shipway.deploy.planning.code_deploy import specification
from shipway.deploy.planning.load_balancing import BalancerSeen, BalancerWish
from shipway.deploy.planning.references import in_ecr, registry_address, repository_name, short
from shipway.deploy.tools import Tools

Members = dict[str, Any]


@dataclass
class Made:
    """What the actions so far have made, for the ones that come after them."""

    image_ids: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    task_definition: Members = field(default_factory=dict)
    service: Members | None = None
    code_deployment: str | None = None
    code_deployed: str = ""
    load_balancer: Members = field(default_factory=dict)
    target_group: Members = field(default_factory=dict)


class Executor:
    """The hands of a deployment."""

    def __init__(self, aws: Aws, tools: Tools, folder: str) -> None:
        self.aws = aws
        self.docker = tools.docker
        self.progress = tools.progress
        self.pace = tools.pace
        self.folder = folder
        self.made = Made()
        self.balancer: BalancerWish | None = None
        self._repositories: dict[str, str] = {}
        self._undo: list[tuple[str, Callable[[], None]]] = []

    def expect(self, wish: BalancerWish | None, seen: BalancerSeen) -> None:
        self.balancer = wish
        self.made.load_balancer = seen.load_balancer or {}
        self.made.target_group = seen.target_group or {}

    def apply(self, plan: Plan) -> Made:
        for action in plan:
            kind, what, started_ms = type(action).__name__, action.text(), self.pace.now_ms()
            self.progress.tell(ActionBegun(kind, what, action.reason))
            self.progress.now(what)
            self._one(action)
            self.progress.tell(ActionDone(kind, what, self.pace.now_ms() - started_ms))
        return self.made

    def undo(self) -> None:
        """Unmake what was made since ECS last took a service, the latest first."""
        while self._undo:
            what, unmake = self._undo.pop()
            try:
                unmake()
                self.progress.say(f"removed the {what} again: the deployment has failed")
            except DeployError as error:
                self.progress.say(f"the {what} is left behind: {error.sentence}")

    def _one(self, action: actions.Action) -> None:
        match action:
            case actions.BuildImage():
                image_id = self.docker.build(action, self.folder, self.progress.now)
                self.made.image_ids[action.container] = image_id
            case actions.CreateRepository():
                name = repository_name(action.repository)
                self._repositories[action.repository] = self.aws.ecr.create_repository(name)
                self._made(f"image repository {name}", self.aws.ecr.delete_repository, name)
            case actions.PushImage():
                self._push(action)
            case actions.CreateCluster():
                self.aws.ecs.create_cluster()
                self._made(f"cluster {action.cluster}", self.aws.ecs.delete_cluster)
            case actions.CheckRoom():
                refuse_without_room(self.aws, action.task_definition)
            case actions.RegisterTaskDefinition():
                made = self.aws.ecs.register_task_definition(action.members)
                self.made.task_definition = made
                arn = str(made["taskDefinitionArn"])
                self.progress.tell(TaskDefinitionRegistered(arn))
                self._made(f"task definition {short(arn)}", self.aws.ecs.deregister_task_definition, arn)
            case actions.CreateService():
                members = {
                    "serviceName": action.service,
                    **action.members,
                    **self._targets(action.target_group),
                }
                members["taskDefinition"] = self._task_definition(action.task_definition)
                self._service(self.aws.ecs.create_service, members)
            case actions.UpdateService():
                members = {"service": action.service, **action.members, **self._targets(action.target_group)}
                if action.task_definition is not None:
                    members["taskDefinition"] = self._task_definition(action.task_definition)
                self._service(self.aws.ecs.update_service, members)
            case actions.CreateCodeDeployment():
                self._code_deploy(action)
            case _:
                self._balance(action)

    def _balance(self, action: actions.Action) -> None:
        elbv2 = self.aws.elbv2
        match action:
            case actions.CreateLoadBalancer():
                self.made.load_balancer = elbv2.create_load_balancer(action.members)
                arn = self.made.load_balancer["LoadBalancerArn"]
                self._made(f"load balancer {action.name}", elbv2.delete_load_balancer, arn)
            case actions.CreateTargetGroup():
                network = (
                    {"VpcId": self.made.load_balancer["VpcId"]}
                    if self.made.load_balancer.get("VpcId")
                    else {}
                )
                self.made.target_group = elbv2.create_target_group(action.members | network)
                arn = self.made.target_group["TargetGroupArn"]
                self._made(f"target group {action.name}", elbv2.delete_target_group, arn)
            case actions.ModifyTargetGroup():
                elbv2.modify_target_group(self.made.target_group["TargetGroupArn"], action.members)
            case actions.SetTargetGroupAttributes():
                arn = self.made.target_group["TargetGroupArn"]
                elbv2.set_target_group_attributes(arn, dict(action.attributes))
            case actions.CreateListener():
                forward = {"Type": "forward", "TargetGroupArn": self.made.target_group["TargetGroupArn"]}
                listener = elbv2.create_listener(
                    {
                        "LoadBalancerArn": self.made.load_balancer["LoadBalancerArn"],
                        "Protocol": "HTTP",
                        "Port": action.port,
                        "DefaultActions": [forward],
                    }
                )
                what = f"listener of {action.name} on port {action.port}"
                self._made(what, elbv2.delete_listener, listener["ListenerArn"])

    def _code_deploy(self, action: actions.CreateCodeDeployment) -> None:
        self.made.code_deployed = self._task_definition(action.task_definition)
        spec = specification(action, self.made.code_deployed)
        undo, self._undo = self._undo, []
        try:
            self.made.code_deployment = CodeDeploy(self.aws.service("codedeploy")).create_deployment(
                action.application, action.deployment_group, action.config, spec
            )
        except DeployError as error:
            self._refused(error, undo)
            raise

    def _service(self, call: Callable[[Members], Members], members: Members) -> None:
        # From here on ECS may have taken the service, even if we never hear of it.
        undo, self._undo = self._undo, []
        try:
            self.made.service = call(members)
        except DeployError as error:
            self._refused(error, undo)
            raise

    def _refused(self, error: DeployError, undo: list[tuple[str, Callable[[], None]]]) -> None:
        """Only what was surely not taken may be unmade: a service may be using it by now."""
        if isinstance(error, AwsRefusal) and not error.unsure:
            self._undo = undo
            return
        kept = ", ".join(what for what, _ in reversed(undo))
        self.progress.say(
            "note: AWS may have taken the change all the same"
            + (f", so what was made for it stays: {kept}" if kept else "")
        )

    def _made(self, what: str, unmake: Callable[..., None], *arguments: str) -> None:
        self._undo.append((what, partial(unmake, *arguments)))

    def _push(self, action: actions.PushImage) -> None:
        image_id = self.made.image_ids[action.container]
        tag = action.tag or f"sha-{image_id.removeprefix('sha256:')[:12]}"
        uri, login = action.repository, None
        if in_ecr(action.repository):
            name = repository_name(action.repository)
            uri = self._repositories.get(action.repository) or self.aws.ecr.repository_uri(name) or uri
            there = look_up(self.aws, None, name, {"imageTag": tag}) if action.tag is None else None
            if there is not None and there.digest:
                self._pushed(action.container, f"{uri}@{there.digest}", tag)
                self.progress.say(f"{uri}:{tag} is in the registry already, as {there.digest[:19]}")
                return
            login = self.aws.ecr.login()
            # The token names ECR's address; the login must name the one that is pushed to.
            login = type(login)(registry_address(uri) or login.address, login.user, login.password)
        digest = self.docker.push(image_id, f"{uri}:{tag}", login)
        self._pushed(action.container, f"{uri}@{digest}", tag)
        self.progress.tell(ImagePushed(action.container, f"{uri}:{tag}", digest))

    def _pushed(self, container: str, reference: str, tag: str) -> None:
        self.made.digests[container] = reference
        self.made.tags[container] = tag

    def definition_of(self, reference: str | None, live: Members | None) -> Members:
        """The whole task definition that an action with this reference deploys; None: the one in use."""
        if reference == REGISTERED:
            return self.made.task_definition
        if reference is None or (live and live["taskDefinitionArn"] == reference):
            return live or {}
        return self.aws.ecs.task_definition(reference) or {}

    def _task_definition(self, reference: str) -> str:
        return str(self.made.task_definition["taskDefinitionArn"]) if reference == REGISTERED else reference

    def _targets(self, target_group: str | None) -> Members:
        if target_group is None or self.balancer is None:
            return {}
        from shipway.deploy.planning.release import balancer_member

        return {"loadBalancers": [balancer_member(self.balancer, self.made.target_group)]}
