"""What a container definition says is what happens to the container."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.local.ports import free_port
from tests.end_to_end.local_ecs import Document, LocalEcs, docker, eventually, fetch

pytestmark = pytest.mark.docker

INIT = {"linuxParameters": {"initProcessEnabled": True}}


def sh(name: str, script: str, **members: Any) -> Document:
    return {"name": name, "command": ["sh", "-c", script], **members}


def after(**conditions: str) -> list[dict[str, str]]:
    return [{"containerName": name, "condition": condition} for name, condition in conditions.items()]


def test_dependencies_must_hold(local: LocalEcs) -> None:
    """START, SUCCESS, COMPLETE and HEALTHY: each container leaves its mark in a shared volume, in order."""
    mounts = [{"sourceVolume": "marks", "containerPath": "/marks"}]
    checked = {"command": ["CMD", "test", "-f", "/marks/ready"], "interval": 5, "retries": 10}

    def mark(name: str, script: str, **members: Any) -> Document:
        return sh(name, script, mountPoints=mounts, **members)

    containers = (
        mark("succeeds", "echo succeeds >> /marks/order", essential=False),
        mark(
            "completes",
            "echo completes >> /marks/order; exit 3",
            essential=False,
            dependsOn=after(succeeds="SUCCESS"),
        ),
        mark(
            "heals",
            "echo heals >> /marks/order; touch /marks/ready; exec sleep 600",
            essential=False,
            healthCheck=checked,
            dependsOn=after(completes="COMPLETE"),
            **INIT,
        ),
        mark("starts", "exec sleep 600", essential=False, dependsOn=after(heals="HEALTHY"), **INIT),
        mark(
            "main",
            '[ "$(echo $(cat /marks/order))" = "succeeds completes heals" ] && exit 9',
            dependsOn=after(starts="START"),
        ),
    )
    ended = local.finished(local.register("ordered", *containers, volumes=[{"name": "marks"}]))
    codes = {name: ended[name].get("exitCode") for name in ("succeeds", "completes", "main")}
    assert codes == {"succeeds": 0, "completes": 3, "main": 9}, ended
    assert ended["heals"]["healthStatus"] == "HEALTHY"
    assert [ended[name]["exitCode"] for name in ("heals", "starts")] == [143, 143]


def test_failed_dependency_must_stop_the_task(local: LocalEcs) -> None:
    """Whoever waits for SUCCESS never starts, and the task says so."""
    first = sh("first", "exit 1", essential=False)
    ended = local.finished(
        local.register("unmet", first, sh("main", "exit 0", dependsOn=after(first="SUCCESS")))
    )
    assert ended[""]["stopCode"] == "TaskFailedToStart"
    assert ended["first"]["exitCode"] == 1
    assert "runtimeId" not in ended["main"] or not docker(
        "ps", "--quiet", "--filter", f"id={ended['main']['runtimeId']}"
    )
    assert "container ordering dependency [first] for target [main]" in ended["main"]["reason"]


def test_essential_must_decide_when_the_task_ends(local: LocalEcs) -> None:
    """A container that is not essential may end, whatever its exit code; the last essential one may not."""
    definition = local.register(
        "sidecar", sh("side", "exit 4", essential=False), sh("main", "exec sleep 600", **INIT)
    )
    arn = local.run(definition)

    def side_ended(task: Document) -> bool:
        return "STOPPED" in [container["lastStatus"] for container in task["containers"]]

    task = local.until(arn, side_ended)
    assert {c["name"]: c["lastStatus"] for c in task["containers"]}["side"] == "STOPPED"
    task = local.until(arn, lambda task: task["lastStatus"] == "RUNNING")
    assert task["desiredStatus"] == "RUNNING"
    local.ecs.stop_task(task=arn, reason="seen enough")
    codes = {c["name"]: c["exitCode"] for c in local.ended(arn)["containers"]}
    assert codes == {"side": 4, "main": 143}


def test_unhealthy_task_of_a_service_must_be_replaced(local: LocalEcs) -> None:
    """With ECS's reason on the task and in the service's events."""
    check = {"command": ["CMD-SHELL", "test ! -f /sick"], "interval": 5, "timeout": 2, "retries": 1}
    definition = local.register("checked", sh("main", "exec sleep 600", healthCheck=check, **INIT))
    local.ecs.create_service(serviceName="checked", taskDefinition=definition, desiredCount=1)
    (before,) = local.stable("checked")
    assert before["healthStatus"] == "HEALTHY"
    docker("exec", before["containers"][0]["runtimeId"], "touch", "/sick")
    task = local.ended(before["taskArn"])
    assert task["stopCode"] == "ServiceSchedulerInitiated"
    assert task["stoppedReason"] == "Task failed container health checks"
    eventually(
        "its replacement is healthy",
        lambda: local.service_tasks("checked"),
        lambda tasks: [t.get("healthStatus") for t in tasks] == ["HEALTHY"],
    )
    task_id = before["taskArn"].split("/")[-1]
    events = [event["message"] for event in local.service("checked")["events"]]
    assert f"(service checked) (task {task_id}) failed container health checks." in events
    local.ecs.delete_service(service="checked", force=True)


def test_stop_must_be_sigterm_then_sigkill(local: LocalEcs) -> None:
    """Who obeys ends with 143; who ignores it is killed after its stopTimeout, with 137."""
    obeys = sh("obeys", "exec sleep 600", **INIT)
    ignores = sh("ignores", 'trap "" TERM; while :; do sleep 1; done', stopTimeout=2)
    arn = local.run(local.register("stopped", obeys, ignores))
    local.until(arn, lambda task: task["lastStatus"] == "RUNNING")
    local.ecs.stop_task(task=arn, reason="it is enough")
    task = local.ended(arn)
    assert {c["name"]: c["exitCode"] for c in task["containers"]} == {"obeys": 143, "ignores": 137}
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "it is enough")
    assert task["executionStoppedAt"] < task["stoppedAt"], "the first essential container ended at once"
    took_s = (task["stoppedAt"] - task["stoppingAt"]).total_seconds()
    assert 2 <= took_s < 10


def test_overrides_must_be_applied(local: LocalEcs) -> None:
    """Command and environment of one run; what is not overridden stays."""
    definition = local.register(
        "overridden",
        sh("main", "exit 1", environment=[{"name": "A", "value": "4"}, {"name": "B", "value": "0"}]),
    )
    override = {
        "name": "main",
        "command": ["sh", "-c", "exit $((A + B))"],
        "environment": [{"name": "B", "value": "38"}],
    }
    ended = local.finished(definition, overrides={"containerOverrides": [override]})
    assert ended["main"]["exitCode"] == 42, ended
    assert ended[""]["overrides"]["containerOverrides"][0]["command"] == override["command"]


def test_memory_limit_must_be_reported(local: LocalEcs) -> None:
    """A container that wants more than its memory is killed, and ECS's words say why."""
    # Not at once: Docker begins to watch the memory of a container a moment after its start.
    script = "sleep 0.5; dd if=/dev/zero of=/dev/null bs=64M count=1"
    ended = local.finished(local.register("hungry", sh("main", script, memory=8)))
    assert ended["main"]["exitCode"] == 137, ended
    assert ended["main"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert ended[""]["stopCode"] == "EssentialContainerExited"


def test_init_process_must_be_the_first(local: LocalEcs) -> None:
    """initProcessEnabled puts an init before the command; without it the command is the first process."""
    script = "grep -q init /proc/1/comm && exit 10; exit 11"
    for name, members, code in (("inited", INIT, 10), ("plain", {}, 11)):
        ended = local.finished(local.register(name, sh("main", script, **members)))
        assert ended["main"]["exitCode"] == code, name


def test_what_is_not_applied_must_be_refused_by_name(local: LocalEcs) -> None:
    """Environment files are not there yet: the task stops before it starts and names them."""
    file = {"value": "arn:aws:s3:::bucket/variables.env", "type": "s3"}
    definition = local.register(
        "with-files",
        sh("main", "exit 0", environmentFiles=[file]),
        executionRoleArn="arn:aws:iam::000000000000:role/r",
    )
    task = local.ended(local.run(definition))
    assert task["stopCode"] == "TaskFailedToStart"
    assert "Container main: environmentFiles is not supported by local ECS" in task["stoppedReason"]
    assert not docker(
        "ps", "--all", "--quiet", "--filter", f"label=com.amazonaws.ecs.task-arn={task['taskArn']}"
    )


def test_host_network_must_be_behind_a_load_balancer_too(local: LocalEcs) -> None:
    """Nothing is published there: the container's own port is the target's."""
    port = free_port()
    serve = f"mkdir /www; echo at home > /www/index.html; exec httpd -f -p {port} -h /www"
    web = sh("web", serve, portMappings=[{"containerPort": port}], **INIT)
    group = local.load_balancer("at-home", "instance")
    local.ecs.create_service(
        serviceName="at-home",
        taskDefinition=local.register("at-home", web, networkMode="host"),
        desiredCount=1,
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": port}],
    )
    local.stable("at-home")
    eventually("its target is healthy", lambda: local.target_states(group), lambda s: s == ["healthy"])
    assert fetch(local.url("at-home")) == "at home\n"
    local.ecs.delete_service(service="at-home", force=True)


def test_process_namespace_of_the_machine_must_be_shared(local: LocalEcs) -> None:
    """pidMode host: what runs on the machine is seen, process 1 not being the container's own."""
    script = 'grep -q "sh" /proc/1/comm && exit 10; exit 11'
    ended = local.finished(local.register("all-seeing", sh("main", script), pidMode="host"))
    assert ended["main"]["exitCode"] == 11, ended


def test_secrets_must_reach_the_container(local: LocalEcs) -> None:
    """A JSON key of Secrets Manager and a parameter; of one that nobody keeps the reason tells."""
    kept = local.client("secretsmanager").create_secret(Name="shop-db", SecretString='{"password": "sesame"}')
    local.client("ssm").put_parameter(Name="/shop/level", Value="high", Type="SecureString")
    role = {"executionRoleArn": "arn:aws:iam::000000000000:role/execution"}
    db = {"name": "DB", "valueFrom": f"{kept['ARN']}:password::"}
    level = {"name": "LEVEL", "valueFrom": "/shop/level"}
    script = '[ "$DB $LEVEL" = "sesame high" ] && exit 42'
    given = local.register("secretive", sh("main", script, secrets=[db, level]), **role)
    assert local.finished(given)["main"]["exitCode"] == 42
    nowhere = {"name": "DB", "valueFrom": "/shop/nowhere"}
    ended = local.finished(local.register("unkept", sh("main", script, secrets=[nowhere]), **role))[""]
    assert ended["stopCode"] == "TaskFailedToStart"
    assert ended["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets")
    assert ended["stoppedReason"].endswith("invalid ssm parameters: /shop/nowhere")
