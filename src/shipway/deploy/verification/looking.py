"""The look that the checks need. A question that is not answered is kept with its reason, not passed over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import AwsRefusal, DeployError
from shipway.deploy.planning.fit import on_instances
from shipway.deploy.planning.images_seen import ecr_image
from shipway.deploy.planning.references import short
from shipway.deploy.verification.containers import awslogs
from shipway.deploy.verification.key_look import look_at_keys
from shipway.deploy.verification.observed import Members, Observed, SecretsSeen, Subject
from shipway.deploy.verification.platform_look import look_at_platforms
from shipway.deploy.verification.role_look import (
    look_at_permissions,
    look_at_roles,
)
from shipway.deploy.verification.roles import EXECUTION, roles_of
from shipway.deploy.verification.routes import NONE, ways_out
from shipway.deploy.verification.secret_look import look_at_secrets

T = TypeVar("T")

ABSENT_IMAGE = ("ImageNotFoundException", "RepositoryNotFoundException")


class Look:
    def __init__(self, aws: Aws, subject: Subject, *, read_secrets: bool = False) -> None:
        self.aws = aws
        self.subject = subject
        self.read_secrets = read_secrets
        self.unanswered: list[tuple[str, str]] = []

    def observed(self, cluster: Members | None) -> Observed:
        subject = self.subject
        balancers = subject.service.get("loadBalancers") or ()
        arns = {str(entry["targetGroupArn"]) for entry in balancers if entry.get("targetGroupArn")}
        on_ec2 = cluster is not None and on_instances(subject.definition, subject.service)
        instances = self.ask("container instances", self.aws.ecs.container_instances) if on_ec2 else None
        missing = tuple(image for image in self.images() if self.image_missing(image))
        subnets = self.vpcs("subnets", "Subnet")
        ways = self.ways_out(subnets)
        roles = {} if subject.local else look_at_roles(self.aws, subject, self.ask)
        return Observed(
            cluster=cluster,
            missing_images=missing,
            log_groups=self.log_groups(),
            target_groups=self.target_groups(sorted(arns)),
            subnets=subnets,
            security_groups=self.vpcs("securityGroups", "SecurityGroup"),
            instances=None if instances is None else tuple(instances),
            scaled=cluster is not None and self.scaled(),
            platforms=look_at_platforms(self.aws, subject, missing, self.ask),
            roles=roles,
            denied=look_at_permissions(self.aws, subject, roles, self.ask),
            secrets=SecretsSeen() if subject.local else self.secrets(roles),
            ways_out=ways,
            endpoints=NONE in ways.values() and self.endpoints(subnets),
            quotas=self.quotas(),
            unanswered=tuple(self.unanswered),
        )

    def secrets(self, roles: dict[str, Members | None]) -> SecretsSeen:
        found = look_at_secrets(self.aws, self.subject, self.ask, read=self.read_secrets)
        role = roles_of(self.subject).get(EXECUTION, "")
        asked = role if role.startswith("arn:") and roles.get(role) is not None else ""
        keys = look_at_keys(self.aws, found.keys, asked, self.ask)
        return SecretsSeen(
            missing=tuple(found.missing),
            no_version=tuple(found.no_version),
            no_json_key=tuple(found.no_json_key),
            unread=tuple(found.unread),
            dead_keys=keys.dead,
            undecryptable=tuple(keys.denied),
        )

    def ask(self, what: str, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except DeployError as error:
            self.unanswered.append((what, error.sentence))
            return None

    def images(self) -> list[str]:
        containers = [item for item in self.subject.containers if item["name"] not in self.subject.built]
        return sorted({str(item.get("image", "")) for item in containers})

    def image_missing(self, image: str) -> bool:
        place = ecr_image(image, self.aws.local)
        if place is None:
            return False

        def missing() -> bool:
            try:
                self.aws.ecr.digest_of(*place)
            except AwsRefusal as refusal:
                if refusal.code in ABSENT_IMAGE:
                    return True
                raise
            return False

        return bool(self.ask(f"the image {image}", missing))

    def log_groups(self) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for container in self.subject.containers:
            options = awslogs(container) or {}
            group = str(options.get("awslogs-group") or "")
            other = options.get("awslogs-region", self.aws.region) != self.aws.region
            if not group or group in found or other or self.aws.local:
                continue
            exists = self.ask(f"the log group {group}", lambda name=group: self.log_group(name))  # type: ignore[misc]
            if exists is not None:
                found[group] = exists
        return found

    def log_group(self, name: str) -> bool:
        request = {"logGroupNamePrefix": name}
        answer = self.aws.service("logs").call("DescribeLogGroups", request)
        return any(found.get("logGroupName") == name for found in answer.get("logGroups", ()))

    def target_groups(self, arns: list[str]) -> dict[str, Members | None]:
        found: dict[str, Members | None] = {}
        for arn in arns:
            before = len(self.unanswered)
            group = self.ask("target groups", lambda one=arn: self.aws.elbv2.target_group_by_arn(one))  # type: ignore[misc]
            if len(self.unanswered) == before:
                found[arn] = group
        return found

    def vpcs(self, member: str, noun: str) -> dict[str, str | None]:
        names = [str(name) for name in self.subject.awsvpc.get(member) or ()]
        if not names or self.aws.local:
            return {}
        id_member = "GroupId" if noun == "SecurityGroup" else "SubnetId"
        filter_name = "group-id" if noun == "SecurityGroup" else "subnet-id"
        request = {"Filters": [{"Name": filter_name, "Values": names}]}
        ec2 = self.ask(f"{noun}s", lambda: self.aws.service("ec2").call(f"Describe{noun}s", request))
        if ec2 is None:
            return {}
        found = {str(item[id_member]): str(item["VpcId"]) for item in ec2.get(f"{noun}s", ())}
        return {name: found.get(name) for name in names}

    def ways_out(self, subnets: dict[str, str | None]) -> dict[str, str]:
        if not any(subnets.values()) or self.subject.network_mode != "awsvpc":
            return {}
        request = of_vpcs(subnets)
        answer = self.ask("routes", lambda: self.aws.service("ec2").call("DescribeRouteTables", request))
        return ways_out(subnets, list((answer or {}).get("RouteTables", ())))

    def endpoints(self, subnets: dict[str, str | None]) -> bool:
        """Asked only where it matters: a subnet without any way out."""
        request = of_vpcs(subnets)
        ask = "DescribeVpcEndpoints"
        answer = self.ask("VPC endpoints", lambda: self.aws.service("ec2").call(ask, request))
        return bool((answer or {}).get("VpcEndpoints"))

    def quotas(self) -> dict[str, float]:
        """Fargate's own; others are so large that whoever comes near them knows."""
        if not self.subject.fargate or self.aws.local:
            return {}
        request = {"ServiceCode": "fargate"}
        quotas = "service-quotas"
        answer = self.ask("quotas", lambda: self.aws.service(quotas).call("ListServiceQuotas", request))
        return {str(q["QuotaName"]): float(q["Value"]) for q in (answer or {}).get("Quotas", ())}

    def scaled(self) -> bool:
        name = self.subject.service.get("serviceName")
        request = {
            "ServiceNamespace": "ecs",
            "ResourceIds": [f"service/{short(self.aws.ecs.cluster)}/{name}"],
            "ScalableDimension": "ecs:service:DesiredCount",
        }

        def asked() -> Members:
            return self.aws.service("application-autoscaling").call("DescribeScalableTargets", request)

        return bool((self.ask("auto scaling", asked) or {}).get("ScalableTargets"))


def of_vpcs(subnets: dict[str, str | None]) -> Members:
    return {"Filters": [{"Name": "vpc-id", "Values": sorted({vpc for vpc in subnets.values() if vpc})}]}
