"""A load balancer between whose two target groups traffic can be shifted, and a hook's function."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.end_to_end.local_ecs import Document, LocalEcs, eventually

Answer = Callable[[Document], Document]


@dataclass
class Crossing:
    """Two target groups; `url` is answered by the production rule, `test_url` by the test rule."""

    ecs: LocalEcs
    entry: Document
    url: str
    test_url: str

    def service(self, name: str, definition: str, **configuration: Any) -> None:
        """A service of two tasks whose first deployment has succeeded."""
        self.ecs.ecs.create_service(
            serviceName=name,
            taskDefinition=definition,
            desiredCount=2,
            loadBalancers=[self.entry],
            deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0, **configuration},
        )
        self.ecs.stable(name)


def crossing(ecs: LocalEcs, name: str, port: int) -> Crossing:
    """Default rules of two listeners: production forwards to the first group, test to the second."""
    arn = ecs.elbv2.create_load_balancer(Name=name, Subnets=["subnet-1"])["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    groups = [target_group(ecs, f"{name}-{which}") for which in ("one", "two")]
    weights = [{"TargetGroupArn": group, "Weight": 1 - number} for number, group in enumerate(groups)]
    listeners = [
        listener(ecs, arn, port, {"TargetGroups": weights}),
        listener(ecs, arn, port + 1, {"TargetGroups": [{"TargetGroupArn": groups[1], "Weight": 1}]}),
    ]
    rules = [ecs.elbv2.describe_rules(ListenerArn=each)["Rules"][0]["RuleArn"] for each in listeners]
    advanced = {
        "alternateTargetGroupArn": groups[1],
        "productionListenerRule": rules[0],
        "testListenerRule": rules[1],
        "roleArn": "arn:aws:iam::000000000000:role/ecsInfrastructureRole",
    }
    entry = {
        "targetGroupArn": groups[0],
        "containerName": "web",
        "containerPort": 80,
        "advancedConfiguration": advanced,
    }
    return Crossing(ecs, entry, url_of(ecs, listeners[0]), url_of(ecs, listeners[1]))


def target_group(ecs: LocalEcs, name: str) -> str:
    answer = ecs.elbv2.create_target_group(
        Name=name,
        Protocol="HTTP",
        Port=80,
        VpcId="vpc-1",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
    )
    arn = str(answer["TargetGroups"][0]["TargetGroupArn"])
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "5"}
    ecs.elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[delay])
    return arn


def listener(ecs: LocalEcs, load_balancer: str, port: int, forward: Document) -> str:
    action = {"Type": "forward", "ForwardConfig": forward}
    answer = ecs.elbv2.create_listener(
        LoadBalancerArn=load_balancer, Protocol="HTTP", Port=port, DefaultActions=[action]
    )
    return str(answer["Listeners"][0]["ListenerArn"])


def url_of(ecs: LocalEcs, listener_arn: str) -> str:
    def look() -> str:
        answer = ecs.elbv2.describe_listener_attributes(ListenerArn=listener_arn)
        urls = [str(each["Value"]) for each in answer["Attributes"] if each["Key"] == "shipway.url"]
        return next(iter(urls), "")

    return eventually(f"{listener_arn} has its port", look).rstrip("/")


def newest_deployment(ecs: LocalEcs, service: str) -> Document:
    arns = ecs.ecs.list_service_deployments(service=service)["serviceDeployments"]
    described = ecs.ecs.describe_service_deployments(serviceDeploymentArns=[arns[0]["serviceDeploymentArn"]])
    deployment: Document = described["serviceDeployments"][0]
    return deployment


def deployment_until(ecs: LocalEcs, service: str, holds: Callable[[Document], Any]) -> Document:
    return eventually(
        f"the deployment of {service} is as wanted", lambda: newest_deployment(ecs, service), holds
    )


class HookFunction:
    """Answers a hook's calls with what `answer` makes of the payload; keeps the payloads."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.address = f"http://127.0.0.1:{server.server_address[1]}/hook"
        self.calls: queue.SimpleQueue[Document] = queue.SimpleQueue()


@contextmanager
def hook_function(answer: Answer) -> Iterator[HookFunction]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.calls.put(payload)
            body = json.dumps(answer(payload)).encode()
            try:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:  # who asked was killed meanwhile
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    asked = HookFunction(server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
