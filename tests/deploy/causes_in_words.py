"""The literal words of AWS, of its agent and of local ECS, each with the cause that it tells of."""

from __future__ import annotations

from typing import Any

GROUP = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/0123"
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/db-AbCdEf"


def task(stop_code: str, stopped_reason: str, **container: Any) -> dict[str, Any]:
    return {
        "taskArn": "arn:aws:ecs:eu-west-1:111122223333:task/shop/" + "a" * 32,
        "stopCode": stop_code,
        "stoppedReason": stopped_reason,
        "containers": [{"name": "web", **container}],
    }


# The agent's own words stand with the container on EC2, and with the task on Fargate.
IN_CONTAINER = [
    (
        "SC101",
        "CannotPullContainerError: The task can’t pull the image. Check whether the image exists. Error "
        "response from daemon: pull access denied for shop, repository does not exist or may require 'docker "
        "login': denied: requested access to the resource is denied",
        "the image shop:1 does not exist",
    ),
    (
        "SC101",
        "CannotPullContainerError: Error response from daemon: manifest for shop:1 not found: manifest "
        "unknown: "
        "Requested image not found",
        "the image shop:1 does not exist",
    ),
    (
        "SC102",
        "CannotPullContainerError: Error response from daemon: Head https://1.dkr.ecr.eu-west-1.amazonaws.com/"
        "v2/shop/manifests/1: no basic auth credentials",
        "its registry asks for a login",
    ),
    (
        "SC102",
        "CannotPullContainerError: The task can’t pull the image. Check that the role has the permissions to "
        "pull images from the registry. Error response from daemon: denied: User: "
        "arn:aws:sts::1:assumed-role/x "
        "is not authorized to perform: ecr:BatchGetImage on resource: "
        "arn:aws:ecr:eu-west-1:1:repository/shop",
        "ecr:BatchGetImage is not allowed",
    ),
    (
        "SC103",
        "CannotPullContainerError: Error response from daemon: no matching manifest for linux/arm64/v8 in "
        "the "
        "manifest list entries",
        "nothing for the platform linux/arm64/v8",
    ),
    (
        "SC103",
        "CannotPullContainerError: image Manifest does not contain descriptor matching platform "
        "'linux/amd64'",
        "nothing for the platform linux/amd64",
    ),
    (
        "SC104",
        "CannotPullContainerError: The task can’t pull the image. Check your network configuration. Error "
        'response from daemon: Get "https://registry-1.docker.io/v2/": net/http: request canceled while '
        "waiting "
        "for connection (Client.Timeout exceeded while awaiting headers)",
        "the registry of the image shop:1 does not answer",
    ),
    (
        "SC105",
        "CannotPullContainerError: Error response from daemon: toomanyrequests: You have reached your pull "
        "rate "
        "limit.",
        "counts too many pulls",
    ),
    (
        "SC106",
        "CannotPullContainerError: write /var/lib/docker/tmp/x: no space left on device",
        "does not fit on the disk",
    ),
    ("SC107", "CannotPullContainerError: invalid reference format", "no valid image name"),
    (
        "SC108",
        "CannotPullContainerError: the moon is full",
        "cannot be pulled: CannotPullContainerError: the",
    ),
    (
        "SC201",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
        "failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid "
        "parameters: /shop/db",
        "the SSM parameter /shop/db does not exist",
    ),
    (
        "SC201",
        f"ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret "
        f"from "
        f"asm: service call has been retried 1 time(s): failed to fetch secret {SECRET} from secrets "
        f"manager: "
        "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        f"the secret {SECRET} does not exist",
    ),
    (
        "SC201",
        "Fetching secret data from SSM Parameter Store in eu-west-1: invalid parameters: /shop/db",
        "the SSM parameter /shop/db does not exist",
    ),
    (
        "SC202",
        f"ResourceInitializationError: unable to pull secrets or registry auth: failed to fetch secret "
        f"{SECRET} "
        "from secrets manager: AccessDeniedException: User: arn:aws:sts::1:assumed-role/x is not authorized "
        "to "
        f"perform: secretsmanager:GetSecretValue on resource: {SECRET}",
        "secretsmanager:GetSecretValue is not allowed",
    ),
    (
        "SC202",
        "Fetching secret data from AWS Secrets Manager in region eu-west-1: AccessDeniedException: Access "
        "to KMS "
        "is not allowed",
        "may not be read",
    ),
    (
        "SC203",
        "ResourceInitializationError: unable to pull secrets or registry auth: retrieved secret from "
        "Secrets "
        "Manager did not contain json key password",
        f"the secret {SECRET} has no JSON key password",
    ),
    (
        "SC204",
        f"Fetching secret data from AWS Secrets Manager in region eu-west-1: secret {SECRET}: "
        "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: "
        "AWSCURRENT",
        "no value that can be used",
    ),
    (
        "SC205",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
        "failed: unable to get registry auth from asm: RequestError: send request failed caused by: Post "
        '"https://api.ecr.eu-west-1.amazonaws.com/": dial tcp 10.0.0.1:443: i/o timeout. Please check your '
        "task "
        "network configuration.",
        "does not reach the services that keep its secrets",
    ),
    (
        "SC206",
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 "
        "times: "
        "failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not "
        "exist.: exit status 1",
        "the log group /ecs/shop of container web does not exist",
    ),
    (
        "SC207",
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed "
        "to "
        "create Cloudwatch log stream: AccessDeniedException: User: x is not authorized to perform: "
        "logs:CreateLogStream on resource: y",
        "logs:CreateLogStream is not allowed",
    ),
    (
        "SC208",
        "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: dial "
        "tcp: "
        "splunk",
        "the logs of container web cannot be opened",
    ),
    (
        "SC209",
        "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: mount.nfs4: "
        "Connection reset by peer",
        "the EFS volume cannot be mounted",
    ),
    (
        "SC210",
        "ResourceInitializationError: failed to download env files: file download command: non empty error "
        "stream",
        "an environment file cannot be fetched",
    ),
    (
        "SC211",
        "ECS was unable to assume the role 'arn:aws:iam::111122223333:role/shop-execution' that was "
        "provided for "
        "this task. Please verify that the role being passed has the proper trust relationship",
        "may not act as the role arn:aws:iam::111122223333:role/shop-execution",
    ),
    ("SC299", "ResourceInitializationError: the moon is full", "could not be prepared"),
    (
        "SC204",
        f"ResourceInitializationError: unable to pull secrets or registry auth: secret {SECRET} has no text "
        f"value",
        "no value that can be used",
    ),
    (
        "SC299",
        "ResourceInitializationError: unable to pull secrets or registry auth: ThrottlingException: Rate "
        "exceeded",
        "could not be prepared",
    ),
    (
        "SC401",
        "CannotStartContainerError: Error response from daemon: failed to create task for container: runc "
        "create "
        'failed: unable to start container process: exec: "serve": executable file not found in $PATH: '
        "unknown",
        "the command serve of container web is not in the image",
    ),
    (
        "SC402",
        'CannotStartContainerError: Error response from daemon: exec: "/etc/passwd": permission denied: '
        "unknown",
        "the command /etc/passwd of container web may not be executed",
    ),
    (
        "SC403",
        "CannotStartContainerError: Error response from daemon: exec /app: exec format error",
        "another kind of processor",
    ),
    (
        "SC404",
        "CannotStartContainerError: Error response from daemon: unable to find user shop: no matching "
        "entries in "
        "passwd file",
        "user or group shop of container web",
    ),
    (
        "SC405",
        "CannotStartContainerError: Error response from daemon: runc create failed: chdir to cwd "
        '("/srv/app") set '
        "in config.json failed: not a directory",
        "the working directory /srv/app",
    ),
    (
        "SC405",
        "CannotCreateContainerError: Error response from daemon: Cannot mkdir: /bin/sh is not a directory",
        "the working directory /bin/sh of container web",
    ),
    (
        "SC406",
        "CannotStartContainerError: Error response from daemon: driver failed programming external "
        "connectivity "
        "on endpoint x: Bind for 0.0.0.0:8080 failed: port is already allocated",
        "port 8080 of the container instance is in use",
    ),
    (
        "SC407",
        'CannotCreateContainerError: Error response from daemon: invalid mount config for type "bind": bind '
        "source path does not exist: /srv/data",
        "the folder /srv/data",
    ),
    (
        "SC407",
        'CannotStartContainerError: Error response from daemon: error mounting "/srv/data" to rootfs at '
        '"/etc/passwd": not a directory',
        "a volume cannot be mounted",
    ),
    (
        "SC408",
        "CannotStartContainerError: dependency graph: failed to resolve the container ordering dependency "
        "[migrate] for target [web] as dependency did not exit successfully.",
        "migrate had to succeed first",
    ),
    (
        "SC409",
        "CannotStartContainerError: dependency graph: container ordering dependency [db] for target [web] "
        "has "
        "timed out.",
        "db did not come so far within its startTimeout",
    ),
    (
        "SC410",
        "CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [db] "
        "for "
        "target [web] because dependency will never start",
        "db, which it depends on, ended or never started",
    ),
    ("SC411", "TaskDependencyError: Task dependencies cannot be resolved, taskArn: x", "never be fulfilled"),
    (
        "SC412",
        'CannotStartContainerError: could not select device driver "nvidia" with capabilities: [[gpu]]',
        "a device of container web",
    ),
    (
        "SC412",
        "CannotStartContainerError: Error response from daemon: error gathering device information while "
        'adding custom device "/dev/fuse": no such file or directory',
        "a device of container web",
    ),
    (
        "SC413",
        "CannotCreateContainerError: Error response from daemon: Minimum memory limit allowed is 6MB",
        "what Docker does not take",
    ),
    (
        "SC414",
        "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
        "did not answer in time",
    ),
    ("SC416", "ContainerVanishedError: No container matching saved ID found", "lost the container"),
    (
        "SC418",
        "CannotCreateContainerError: Error response from daemon: the moon is full",
        "cannot be created",
    ),
    ("SC499", "UnheardOfError: the moon is full", "the task failed to start: UnheardOfError"),
]
IN_TASK = [
    (
        "SC419",
        task("TaskFailedToStart", "Container web: gpu is not supported by local ECS yet (docs/fidelity.md)."),
        "Container web: gpu",
    ),
    (
        "SC415",
        task("TaskFailedToStart", "Timeout waiting for network interface provisioning to complete."),
        "network interface could not be made",
    ),
    ("SC302", task("TaskFailedToStart", "TaskFailedToStart: RESOURCE:CPU"), "enough CPU"),
    ("SC303", task("TaskFailedToStart", "TaskFailedToStart: RESOURCE:MEMORY"), "enough memory"),
    ("SC304", task("TaskFailedToStart", "TaskFailedToStart: RESOURCE:PORTS"), "a port that the task needs"),
    ("SC308", task("TaskFailedToStart", "TaskFailedToStart: RESOURCE:GPU"), "GPU"),
    ("SC311", task("TaskFailedToStart", "TaskFailedToStart: RESOURCE:ENI"), "network interface left"),
    ("SC312", task("TaskFailedToStart", "TaskFailedToStart: EMPTY CAPACITY PROVIDER"), "capacity provider"),
    ("SC313", task("TaskFailedToStart", "TaskFailedToStart: LOCATION"), "subnets' zones"),
    (
        "SC309",
        task(
            "TaskFailedToStart",
            "Capacity is unavailable at this time. Please try again later or in a different availability "
            "zone",
        ),
        "Fargate has no capacity",
    ),
    (
        "SC101",
        task("TaskFailedToStart", "CannotPullContainerError: ref pull has been retried 1 time(s): not found"),
        "the image shop:1 does not exist",
    ),
    (
        "SC505",
        task(
            "EssentialContainerExited",
            "Essential container in task exited",
            exitCode=137,
            reason="OutOfMemoryError: Container killed due to memory usage",
        ),
        "more memory than it may (256 MiB)",
    ),
    (
        "SC601",
        task("ServiceSchedulerInitiated", "Task failed container health checks", healthStatus="UNHEALTHY"),
        "failed in container web (CMD-SHELL curl -f localhost)",
    ),
    (
        "SC610",
        task("ServiceSchedulerInitiated", f"Task failed ELB health checks in (target-group {GROUP})"),
        "target group shop (it asks for /health at port 8080)",
    ),
    ("SC801", task("UserInitiated", "Made by hand"), "somebody stopped it: Made by hand"),
    ("SC801", task("UserInitiated", "Task stopped by user"), "somebody stopped it"),
    (
        "SC802",
        task("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)"),
        "its service wanted fewer tasks",
    ),
    ("SC803", task("SpotInterruption", "Your Spot Task was interrupted."), "Fargate Spot"),
    ("SC804", task("TerminationNotice", "Host EC2 (instance i-1) terminated."), "stopped or terminated"),
    ("SC805", task("UserInitiated", "Container instance deregistration forced by user"), "deregistered"),
    (
        "SC806",
        task(
            "TerminationNotice",
            "ECS is performing maintenance on the underlying infrastructure hosting the task",
        ),
        "retired the host",
    ),
    (
        "SC807",
        task("InfrastructureHealth", "The infrastructure that hosts the task is unhealthy"),
        "fell ill",
    ),
    ("SC808", task("TerminationNotice", "Local ECS was taken down"), "local ECS was taken down"),
    ("SC901", task("", "Bees"), "Bees"),
]
