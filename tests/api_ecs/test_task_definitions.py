"""Task definitions: echo, derivations, refusals, life."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_ecs.front import START, USER, Ecs

ARN = "arn:aws:ecs:us-east-1:000000000000:task-definition/"


def register(ecs: Ecs, **members: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "busybox", "memory": 16}
    answer: dict[str, Any] = ecs(
        "RegisterTaskDefinition", **{"family": "f", "containerDefinitions": [container], **members}
    )["taskDefinition"]
    return answer


def test_echo_is_that_of_ecs(ecs: Ecs) -> None:
    """What was registered comes back with the defaults that ECS fills in, and nothing else."""
    container = {"name": "sleep", "image": "busybox", "cpu": 10, "memory": 10, "command": ["sleep", "360"]}
    assert ecs("RegisterTaskDefinition", family="sleep360", containerDefinitions=[container]) == {
        "taskDefinition": {
            "taskDefinitionArn": f"{ARN}sleep360:1",
            "containerDefinitions": [
                {
                    "name": "sleep",
                    "image": "busybox",
                    "cpu": 10,
                    "memory": 10,
                    "portMappings": [],
                    "essential": True,
                    "command": ["sleep", "360"],
                    "environment": [],
                    "mountPoints": [],
                    "volumesFrom": [],
                    "systemControls": [],
                }
            ],
            "family": "sleep360",
            "revision": 1,
            "volumes": [],
            "status": "ACTIVE",
            "placementConstraints": [],
            "compatibilities": ["EXTERNAL", "EC2"],
            "registeredAt": START / 1000,
            "registeredBy": USER,
        },
        "tags": [],
    }


@pytest.mark.parametrize(
    ("mode", "given", "echoed"),
    [
        (None, {"containerPort": 80}, {"containerPort": 80, "hostPort": 0, "protocol": "tcp"}),
        (
            "bridge",
            {"containerPort": 80, "hostPort": 8080},
            {"containerPort": 80, "hostPort": 8080, "protocol": "tcp"},
        ),
        ("host", {"containerPort": 80}, {"containerPort": 80, "hostPort": 80, "protocol": "tcp"}),
        (
            "awsvpc",
            {"containerPort": 53, "protocol": "udp"},
            {"containerPort": 53, "hostPort": 53, "protocol": "udp"},
        ),
        ("bridge", {"containerPortRange": "80-90"}, {"containerPortRange": "80-90", "protocol": "tcp"}),
    ],
)
def test_port_mappings_by_network_mode(
    ecs: Ecs, mode: str | None, given: dict[str, Any], echoed: dict[str, Any]
) -> None:
    """The port on the instance is dynamic in bridge mode and the container's own elsewhere."""
    container = {"name": "main", "image": "busybox", "memory": 16, "portMappings": [given]}
    definition = register(ecs, containerDefinitions=[container], **({"networkMode": mode} if mode else {}))
    assert definition["containerDefinitions"][0]["portMappings"] == [echoed]
    assert definition.get("networkMode") == mode


def test_sizes_may_be_spelled_with_units(ecs: Ecs) -> None:
    """vCPU and GB are turned into CPU units and MiB."""
    definition = register(ecs, cpu=".25 vCPU", memory="0.5 GB", networkMode="awsvpc")
    assert (definition["cpu"], definition["memory"]) == ("256", "512")
    assert definition["compatibilities"] == ["EC2", "FARGATE"]


def test_required_attributes_follow_from_the_features_used(ecs: Ecs) -> None:
    """The example of the ECS guide: awslogs, an ECR image, a task role, awsvpc, Fargate."""
    role = "arn:aws:iam::000000000000:role/r"
    definition = register(
        ecs,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        taskRoleArn=role,
        executionRoleArn=role,
        containerDefinitions=[
            {
                "name": "main",
                "image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/x",
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-region": "us-east-1",
                        "awslogs-group": "g",
                        "awslogs-stream-prefix": "p",
                    },
                },
            }
        ],
    )
    names = [attribute["name"].rpartition("capability.")[2] for attribute in definition["requiresAttributes"]]
    assert sorted(names) == [
        "docker-remote-api.1.17",
        "docker-remote-api.1.18",
        "docker-remote-api.1.19",
        "ecr-auth",
        "execution-role-awslogs",
        "execution-role-ecr-pull",
        "logging-driver.awslogs",
        "task-eni",
        "task-iam-role",
    ]


def containers(*changes: dict[str, Any]) -> dict[str, Any]:
    names = "abc"
    return {
        "containerDefinitions": [
            {"name": names[index], "image": "busybox", "memory": 16, **change}
            for index, change in enumerate(changes)
        ]
    }


FARGATE = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512"}
TWO_PATTERNS = {
    "awslogs-group": "g",
    "awslogs-region": "us-east-1",
    "awslogs-datetime-format": "%Y",
    "awslogs-multiline-pattern": "^x",
}
REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"containerDefinitions": []}, "Container list cannot be empty."),
    (containers({"name": ""}), "Container.name should not be null or empty."),
    (containers({"image": ""}), "Container.image should not be null or empty."),
    (containers({"name": "a b"}), "Container.name contains invalid characters."),
    (containers({"name": "x"}, {"name": "x"}), "Container names must be unique within a Task Definition."),
    (containers({"essential": False}), "Task definition doesn't have any essential container."),
    (
        {"containerDefinitions": [{"name": "a", "image": "i"}]},
        "Invalid setting for container 'a'. At least one of 'memory' or 'memoryReservation' must be "
        "specified.",
    ),
    (
        {**containers({"memory": 64}), "memory": "32"},
        "The 'memory' setting for container 'a' is greater than for the task.",
    ),
    (
        {**containers({"memoryReservation": 16}, {"memoryReservation": 16}), "memory": "24"},
        "The sum of all container 'memoryReservation' values cannot be greater than the value of the task "
        "'memory'.",
    ),
    (
        {**containers({"cpu": 200}, {"cpu": 100}), "cpu": "256"},
        "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
    ),
    ({"cpu": "64"}, "Invalid 'cpu' setting for task."),
    (
        {**containers({"portMappings": [{"containerPort": 80, "hostPort": 81}]}), "networkMode": "awsvpc"},
        "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
    ),
    (
        {**containers({"links": ["b"]}, {}), "networkMode": "awsvpc"},
        "Links are not supported when networkMode=awsvpc.",
    ),
    (
        containers({"portMappings": [{"containerPort": 70000}]}),
        "Invalid 'containerPort' setting for container 'a'.",
    ),
    (
        containers({"portMappings": [{"containerPort": p, "hostPort": 80} for p in (1, 2)]}),
        "TCP host port '80' is mapped multiple times in task.",
    ),
    (containers({"links": ["b"]}, {"links": ["a"]}), "Container links should not have a cycle"),
    (
        containers({"dependsOn": [{"containerName": "z", "condition": "START"}]}),
        "Cannot depend on container + 'z' because it does not exist",
    ),
    (
        containers({"dependsOn": [{"containerName": "b", "condition": "SUCCESS"}]}, {}),
        "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
    ),
    (
        containers(
            {"dependsOn": [{"containerName": "b", "condition": "START"}]},
            {"dependsOn": [{"containerName": "a", "condition": "START"}]},
        ),
        "Container dependencies should not have a cycle",
    ),
    (
        containers({"logConfiguration": {"logDriver": "awslogs"}}),
        "Log driver awslogs requires options: awslogs-region, awslogs-group",
    ),
    (
        containers({"logConfiguration": {"logDriver": "awslogs", "options": TWO_PATTERNS}}),
        "Log driver awslogs: awslogs-datetime-format and awslogs-multiline-pattern cannot be used at the "
        "same time.",
    ),
    (
        containers({"ulimits": [{"name": "files", "softLimit": 1, "hardLimit": 1}]}),
        "Invalid 'ulimits' setting for container 'a'. The name 'files' is not one of "
        "[core,cpu,data,fsize,locks,memlock,msgqueue,nice,nofile,nproc,rss,rtprio,rttime,sigpending,stack].",
    ),
    (
        containers({"ulimits": [{"name": "nofile", "softLimit": 2, "hardLimit": 1}]}),
        "Invalid 'ulimits' setting for container 'a'. The softLimit of nofile is above its hardLimit.",
    ),
    (
        containers({"linuxParameters": {"capabilities": {"add": ["CAP_SYS_ADMIN"]}}}),
        "Invalid 'linuxParameters.capabilities' setting for container 'a'. 'CAP_SYS_ADMIN' is no capability; "
        "they are written without CAP_, as in NET_ADMIN.",
    ),
    (
        containers({"linuxParameters": {"swappiness": 200}}),
        "Invalid 'linuxParameters.swappiness' setting for container 'a'. It must be from 0 to 100.",
    ),
    (
        {"runtimePlatform": {"cpuArchitecture": "amd64"}},
        "runtimePlatform.cpuArchitecture 'amd64' is not one of [X86_64,ARM64].",
    ),
    (
        {**FARGATE, "ephemeralStorage": {"sizeInGiB": 20}},
        "ephemeralStorage.sizeInGiB must be from 21 to 200.",
    ),
    (containers({"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}), "Unknown volume 'v'."),
    ({"volumes": [{"name": "a b"}]}, "volume.name contains invalid characters."),
    ({"volumes": [{"name": "v", "host": {"sourcePath": " "}}]}, "host.sourcePath should not be blank."),
    (
        containers({"secrets": [{"name": "S", "valueFrom": "s"}]}),
        "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
    ),
    ({**FARGATE, "cpu": None}, "Fargate requires that 'cpu' be defined at the task level."),
    ({**FARGATE, "memory": None}, "Fargate requires that 'memory' be defined at the task level."),
    ({**FARGATE, "networkMode": "bridge"}, "Fargate only supports network mode ‘awsvpc’."),
    ({**FARGATE, "memory": "4096"}, "No Fargate configuration exists for given values."),
    ({**FARGATE, "ipcMode": "host"}, "Tasks using the Fargate launch type do not support ipcMode."),
    (
        {**FARGATE, "pidMode": "host"},
        "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for "
        "pidMode is 'task'.",
    ),
    (
        {"placementConstraints": [{"type": "distinctInstance"}]},
        "constraint.type 'distinctInstance' is not supported.",
    ),
    ({"placementConstraints": [{"type": "memberOf", "expression": "attribute:x =="}]}, "Invalid expression"),
    ({"taskRoleArn": "arn:x"}, "Invalid arn syntax."),
    ({"tags": []}, "Tags can not be empty."),
    ({"networkMode": "overlay"}, "Network mode 'overlay' is not valid."),
    (containers({"command": ["x" * 70000]}), "Max allowed length is '65536' bytes."),
]


@pytest.mark.parametrize(
    ("members", "text"), REFUSALS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_refusals_are_in_the_words_of_ecs(ecs: Ecs, members: dict[str, Any], text: str) -> None:
    """A broken rule is a ClientException with ECS's own text, and no revision is used up."""
    wanted = {"family": "f", **containers({}), **members}
    ecs.refused("RegisterTaskDefinition", "ClientException", text, **wanted)
    assert register(ecs)["revision"] == 1


def test_revisions_are_never_used_twice(ecs: Ecs) -> None:
    """Deregistering and deleting a revision does not free its number."""
    register(ecs)
    assert ecs("DeregisterTaskDefinition", taskDefinition="f:1")["taskDefinition"]["status"] == "INACTIVE"
    assert (
        ecs("DeleteTaskDefinitions", taskDefinitions=["f:1"])["taskDefinitions"][0]["status"]
        == "DELETE_IN_PROGRESS"
    )
    assert register(ecs)["revision"] == 2


def test_family_means_its_latest_active_revision(ecs: Ecs) -> None:
    """INACTIVE revisions are found by number only."""
    register(ecs, tags=[{"key": "k", "value": "1"}])
    register(ecs)
    ecs("DeregisterTaskDefinition", taskDefinition="f:2")
    described = ecs("DescribeTaskDefinition", taskDefinition="f", include=["TAGS"])
    assert (described["taskDefinition"]["revision"], described["tags"]) == (1, [{"key": "k", "value": "1"}])
    assert ecs("DescribeTaskDefinition", taskDefinition=f"{ARN}f:2")["taskDefinition"]["status"] == "INACTIVE"
    ecs.refused(
        "DescribeTaskDefinition", "ClientException", "Unable to describe task definition.", taskDefinition="g"
    )
    ecs.refused("DescribeTaskDefinition", "InvalidParameterException", "Number: x", taskDefinition="f:x")
    ecs.refused("DeregisterTaskDefinition", "ClientException", "Revision is missing.", taskDefinition="f")


def test_lists_are_sorted_by_family_and_number(ecs: Ecs) -> None:
    """Revision 10 comes after 9; DESC turns both orders round; families list by prefix and status."""
    for family in ("a", "b", *["ab"] * 10):
        register(ecs, family=family)
    listed = ecs("ListTaskDefinitions", familyPrefix="ab")["taskDefinitionArns"]
    assert listed == [f"{ARN}ab:{revision}" for revision in range(1, 11)]
    assert ecs("ListTaskDefinitions", sort="DESC", maxResults=2)["taskDefinitionArns"] == [
        f"{ARN}b:1",
        f"{ARN}ab:10",
    ]
    ecs("DeregisterTaskDefinition", taskDefinition="b:1")
    assert ecs("ListTaskDefinitionFamilies")["families"] == ["a", "ab", "b"]
    assert ecs("ListTaskDefinitionFamilies", familyPrefix="a", status="ACTIVE")["families"] == ["a", "ab"]
    assert ecs("ListTaskDefinitionFamilies", status="INACTIVE")["families"] == ["b"]
    assert ecs("ListTaskDefinitions", status="INACTIVE")["taskDefinitionArns"] == [f"{ARN}b:1"]


def test_what_cannot_be_deleted_is_a_failure(ecs: Ecs) -> None:
    """ACTIVE, unknown and unnumbered definitions are told one by one."""
    register(ecs)
    failures = ecs("DeleteTaskDefinitions", taskDefinitions=["f:1", "f:9", "f"])["failures"]
    assert [failure["arn"] for failure in failures] == ["f:1", "f:9", "f"]
    assert "still in ACTIVE status" in failures[0]["reason"]
    assert "does not exist" in failures[1]["reason"]
    assert "identifier is invalid" in failures[2]["reason"]


def test_health_check_is_echoed_with_its_defaults(ecs: Ecs) -> None:
    """Interval, timeout and retries are filled in, startPeriod is not."""
    definition = register(ecs, **containers({"healthCheck": {"command": ["CMD", "true"]}}))
    assert definition["containerDefinitions"][0]["healthCheck"] == {
        "command": ["CMD", "true"],
        "interval": 30,
        "timeout": 5,
        "retries": 3,
    }
