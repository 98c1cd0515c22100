"""Every AWS call that the deploy half makes: the action that it takes, on what, for which purposes.

A test holds the table equal to the calls in the code, and another runs the verbs and looks at what they call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# What a policy may be for. The verbs of each are told in docs/iam.md.
DEPLOY, LOOK, VERIFY, RUN = "deploy", "look", "verify", "run"
DELETE, PRUNE, CLUSTER, INSTANCES = "delete", "prune", "cluster", "instances"
EXEC, SECRETS = "exec", "secrets"
PURPOSES = {
    DEPLOY: "build push register plan deploy rollback scale restart wait approve reject cancel lock unlock",
    LOOK: "status why logs history events tasks wait",
    VERIFY: "verify",
    RUN: "run start stop",
    EXEC: "exec port-forward",
    SECRETS: "verify",
    DELETE: "delete",
    PRUNE: "prune deregister",
    CLUSTER: "cluster",
    INSTANCES: "instances",
}
USUAL = (DEPLOY, LOOK, VERIFY, RUN)

# IAM's name of a service where it is not boto3's.
PREFIXES = {"elbv2": "elasticloadbalancing", "service-quotas": "servicequotas"}


REFUSED = re.compile(r"not authorized to perform: ([\w-]+:\w+)(?: on resource: (\S+))?")


@dataclass(frozen=True)
class Row:
    """One call. `on` names a kind of resource in places.py; where there is none of it, nothing is needed."""

    service: str
    operation: str
    on: str
    purposes: tuple[str, ...]

    @property
    def action(self) -> str:
        return action_of(self.service, self.operation)


def action_of(service: str, operation: str) -> str:
    """The action that a call takes; `service` is boto3's name."""
    return f"{PREFIXES.get(service, service)}:{operation}"


def refused_action(message: str) -> str | None:
    """What AWS itself says was lacking: it need not be the call's own action, as where a role is passed."""
    found = REFUSED.search(message)
    return None if found is None else found[1] + (f" on {found[2]}" if found[2] else "")


def _rows(service: str, on: str, operations: str, *purposes: str) -> tuple[Row, ...]:
    return tuple(Row(service, operation, on, purposes) for operation in operations.split())


TABLE: tuple[Row, ...] = (
    *_rows("ecs", "cluster", "DescribeClusters", DEPLOY, LOOK, VERIFY, RUN, DELETE, CLUSTER, INSTANCES),
    # The deploy lock is a tag of the cluster.
    *_rows("ecs", "cluster", "TagResource UntagResource", DEPLOY),
    *_rows("ecs", "new_cluster", "CreateCluster", DEPLOY),
    *_rows("ecs", "any", "CreateCluster ListClusters", CLUSTER),
    *_rows("ecs", "cluster", "DeleteCluster", DELETE, CLUSTER),
    *_rows("ecs", "cluster", "PutClusterCapacityProviders", INSTANCES),
    *_rows("ecs", "capacity_providers", "DescribeCapacityProviders", DEPLOY, INSTANCES),
    *_rows("ecs", "any", "CreateCapacityProvider", INSTANCES),
    *_rows("ecs", "capacity_providers", "DeleteCapacityProvider TagResource", INSTANCES),
    *_rows("ecs", "cluster", "ListContainerInstances", DEPLOY, LOOK, VERIFY, RUN, INSTANCES),
    *_rows("ecs", "instances", "DescribeContainerInstances", DEPLOY, LOOK, VERIFY, RUN, INSTANCES),
    *_rows("ecs", "instances", "UpdateContainerInstancesState", INSTANCES),
    *_rows("ecs", "service", "CreateService UpdateService TagResource", DEPLOY),
    *_rows("ecs", "service", "DeleteService", DEPLOY, DELETE),
    *_rows("ecs", "service", "DescribeServices", DEPLOY, LOOK, VERIFY, RUN, DELETE),
    *_rows("ecs", "all_services", "DescribeServices", PRUNE),
    *_rows("ecs", "in_cluster", "ListServices", DEPLOY, LOOK, RUN, DELETE),
    *_rows("ecs", "any", "ListServices ListClusters DescribeClusters", PRUNE),
    *_rows("ecs", "service", "ListServiceDeployments", DEPLOY, LOOK),
    *_rows("ecs", "all_services", "ListServiceDeployments", PRUNE),
    *_rows("ecs", "service_deployments", "DescribeServiceDeployments", DEPLOY, LOOK),
    *_rows("ecs", "service_deployments", "StopServiceDeployment ContinueServiceDeployment", DEPLOY),
    *_rows("ecs", "service_revisions", "DescribeServiceRevisions", DEPLOY, LOOK),
    *_rows("ecs", "all_service_revisions", "DescribeServiceRevisions", PRUNE),
    # ECS knows no resources for these.
    *_rows("ecs", "any", "RegisterTaskDefinition", DEPLOY),
    *_rows("ecs", "any", "DescribeTaskDefinition", DEPLOY, LOOK, RUN, PRUNE),
    *_rows("ecs", "any", "DeregisterTaskDefinition", DEPLOY, PRUNE),
    *_rows("ecs", "any", "ListTaskDefinitions", PRUNE),
    *_rows("ecs", "task_definition", "RunTask", RUN),
    *_rows("ecs", "task_definition", "StartTask", RUN),
    *_rows("ecs", "tasks", "StopTask", RUN),
    *_rows("ecs", "run_around", "RunTask", DEPLOY),
    *_rows("ecs", "tasks_around", "StopTask", DEPLOY),
    *_rows("ecs", "tasks", "ExecuteCommand", EXEC),
    *_rows("ecs", "tasks", "DescribeTasks", DEPLOY, LOOK, RUN, EXEC),
    *_rows("ecs", "all_tasks", "DescribeTasks", PRUNE),
    *_rows("ecs", "in_cluster", "ListTasks", DEPLOY, LOOK, RUN, EXEC),
    *_rows("ecs", "any", "ListTasks", PRUNE),
    *_rows("ecr", "any_repository", "GetAuthorizationToken", DEPLOY),
    *_rows("ecr", "any_image", "GetAuthorizationToken", VERIFY),
    *_rows("ecr", "repositories", "DescribeRepositories CreateRepository DeleteRepository", DEPLOY),
    *_rows("ecr", "images", "DescribeImages", DEPLOY, LOOK, VERIFY),
    *_rows("ecr", "images", "BatchGetImage GetDownloadUrlForLayer", VERIFY),
    *_rows("elbv2", "balanced", "DescribeLoadBalancers DescribeTargetGroups", DEPLOY, LOOK, VERIFY, DELETE),
    *_rows("elbv2", "balanced", "DescribeListeners DescribeListenerAttributes", DEPLOY, LOOK, VERIFY),
    *_rows("elbv2", "balanced", "DescribeTargetHealth DescribeRules", DEPLOY, LOOK, VERIFY),
    *_rows("elbv2", "balanced", "DescribeTargetGroupAttributes", DEPLOY, VERIFY),
    *_rows("elbv2", "load_balancer", "CreateLoadBalancer CreateListener", DEPLOY),
    *_rows("elbv2", "target_group", "CreateTargetGroup ModifyTargetGroup", DEPLOY),
    *_rows("elbv2", "target_group", "ModifyTargetGroupAttributes", DEPLOY),
    *_rows("elbv2", "load_balancer", "DeleteLoadBalancer", DEPLOY, DELETE),
    *_rows("elbv2", "target_group", "DeleteTargetGroup", DEPLOY, DELETE),
    *_rows("elbv2", "listener", "DeleteListener", DEPLOY),
    *_rows("logs", "log_streams", "GetLogEvents", DEPLOY, LOOK, RUN),
    *_rows("logs", "logged", "FilterLogEvents", DEPLOY, LOOK, RUN),
    *_rows("logs", "logged", "DescribeLogGroups", VERIFY),
    *_rows("application-autoscaling", "any", "DescribeScalableTargets", DEPLOY, VERIFY),
    *_rows("application-autoscaling", "scalable_targets", "RegisterScalableTarget", DEPLOY),
    *_rows("secretsmanager", "secrets", "DescribeSecret", DEPLOY, VERIFY),
    *_rows("secretsmanager", "secrets", "ListSecretVersionIds", VERIFY),
    # Of verify --read-secrets; whoever deploys need not be able to read secrets.
    *_rows("secretsmanager", "secrets", "GetSecretValue", SECRETS),
    *_rows("kms", "secret_keys", "DescribeKey GetKeyPolicy", VERIFY),
    *_rows("ssm", "parameters", "DescribeParameters", DEPLOY, VERIFY),
    *_rows("ssm", "tasks", "StartSession", EXEC),
    *_rows("ssm", "forwarding", "StartSession", EXEC),
    *_rows("iam", "roles", "GetRole SimulatePrincipalPolicy", VERIFY),
    *_rows("ec2", "any", "DescribeSubnets", VERIFY, INSTANCES),
    *_rows("ec2", "any", "DescribeSecurityGroups DescribeRouteTables DescribeVpcEndpoints", VERIFY),
    *_rows("ec2", "any", "DescribeVpcs", INSTANCES),
    *_rows("service-quotas", "any", "ListServiceQuotas", VERIFY),
    *_rows("cloudformation", "stacks", "DescribeStacks DescribeStackEvents DeleteStack", INSTANCES),
    *_rows("cloudformation", "stacks", "CreateChangeSet DescribeChangeSet", INSTANCES),
    *_rows("cloudformation", "stacks", "ExecuteChangeSet DeleteChangeSet", INSTANCES),
)

# What others do with our credentials: Docker at the registry, CloudFormation with the stack's resources.
BEHIND: tuple[Row, ...] = (
    *_rows("ecr", "repositories", "BatchCheckLayerAvailability InitiateLayerUpload UploadLayerPart", DEPLOY),
    *_rows("ecr", "repositories", "CompleteLayerUpload PutImage", DEPLOY),
    *_rows("ecr", "repositories", "BatchGetImage GetDownloadUrlForLayer", DEPLOY),
    *_rows("ecs", "tagged_definition", "TagResource", DEPLOY),
    *_rows("ec2", "any", "CreateLaunchTemplate CreateLaunchTemplateVersion DeleteLaunchTemplate", INSTANCES),
    *_rows("ec2", "any", "DescribeLaunchTemplates DescribeLaunchTemplateVersions RunInstances", INSTANCES),
    *_rows("ec2", "any", "CreateSecurityGroup DeleteSecurityGroup DescribeSecurityGroups", INSTANCES),
    *_rows("ec2", "any", "AuthorizeSecurityGroupEgress RevokeSecurityGroupEgress CreateTags", INSTANCES),
    *_rows("autoscaling", "any", "CreateAutoScalingGroup UpdateAutoScalingGroup", INSTANCES),
    *_rows("autoscaling", "any", "DeleteAutoScalingGroup DescribeAutoScalingGroups", INSTANCES),
    *_rows("autoscaling", "any", "CreateOrUpdateTags DescribeScalingActivities", INSTANCES),
    *_rows("iam", "stack_roles", "CreateRole DeleteRole GetRole AttachRolePolicy", INSTANCES),
    *_rows("iam", "stack_roles", "DetachRolePolicy CreateInstanceProfile GetInstanceProfile", INSTANCES),
    *_rows("iam", "stack_roles", "DeleteInstanceProfile AddRoleToInstanceProfile", INSTANCES),
    *_rows("iam", "stack_roles", "RemoveRoleFromInstanceProfile PassRole", INSTANCES),
    *_rows("ssm", "public_parameters", "GetParameters", INSTANCES),
)
