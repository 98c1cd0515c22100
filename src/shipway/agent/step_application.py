"""Steps applied: each one engine (or control plane) call, answered with what it changed. No choices are
made here.
"""

from __future__ import annotations

from typing import Any

from shipway.agent.container_body import InstanceFacts, container_body, docker_name
from shipway.agent.engine import ALWAYS, LOCAL, MISSING, Engine, EngineError
from shipway.agent.log_destination import log_destination
from shipway.agent.log_streams import LogStreams
from shipway.agent.registry_login import RegistryLogins, image_reference
from shipway.agent.secrets import Secrets, with_secrets
from shipway.agent.steps import Create, OpenLog, Pull, Remove, Start, Step, Stop
from shipway.agent.task_state import CREATED, PAUSE_NAME, PULLED, RUNNING, STOPPED, NetworkBinding, TaskState
from shipway.seams import Clock

Changes = dict[str, Any]

ERROR_NAMES = {
    Pull.verb: "CannotPullContainerError",
    OpenLog.verb: "CannotStartContainerError",
    Create.verb: "CannotCreateContainerError",
    Start.verb: "CannotStartContainerError",
    Stop.verb: "CannotStopContainerError",
    Remove.verb: "CannotRemoveContainerError",
}
ATTEMPTS_MAX = {Pull.verb: 4, Create.verb: 3, Start.verb: 8, OpenLog.verb: 20}
PULL_HINTS = {
    "denied: requested access to the resource is denied": "Check whether the image exists.",
    "request canceled while waiting for connection": "Check your network configuration.",
}


class StepApplication:
    def __init__(
        self,
        engine: Engine,
        logins: RegistryLogins,
        secrets: Secrets,
        streams: LogStreams,
        facts: InstanceFacts,
        pull_behavior: str,
    ) -> None:
        self._engine = engine
        self._logins = logins
        self._secrets = secrets
        self._streams = streams
        self.facts = facts
        self._pull_behavior = pull_behavior
        self._pulled: set[str] = set()

    async def apply(self, step: Step, task: TaskState, clock: Clock) -> Changes:
        """What the step changed in its container. Raises EngineError."""
        container = task.container(step.container)
        assert container is not None
        if isinstance(step, Pull):
            return await self._pull(task, step.container, container.attempts + 1 >= ATTEMPTS_MAX[Pull.verb])
        if isinstance(step, OpenLog):
            destination = log_destination(task.spec(step.container), task.task_id)
            assert destination is not None
            await self._streams.open(destination)
            return {"log_open": True}
        if isinstance(step, Create):
            body = container_body(task, step.container, self.facts)
            if step.container != PAUSE_NAME:
                body = with_secrets(body, await self._secrets.values(task.spec(step.container)))
            runtime_id = await self._engine.create(docker_name(task, step.container), body)
            return {"phase": CREATED, "runtime_id": runtime_id, "created_at": clock.now_ms()}
        if isinstance(step, Start):
            await self._engine.start(container.runtime_id)
            return {"phase": RUNNING, **await self._bindings(task, step.container, container.runtime_id)}
        if isinstance(step, Stop):
            await self._engine.stop(container.runtime_id, step.timeout_s)
            return {}
        assert isinstance(step, Remove)
        await self._engine.remove(container.runtime_id)
        return {"removed": True, "phase": STOPPED}

    async def _pull(self, task: TaskState, name: str, last: bool) -> Changes:
        """An image that is here will do when it cannot be pulled, at the last attempt."""
        spec = task.spec(name)
        if name == PAUSE_NAME:
            image = await self._engine.pull(spec.image, None, MISSING)
            return {"phase": PULLED, "image_id": image.image_id}
        login = await self._logins.login_for(spec)
        reference = image_reference(spec, login)
        policy = self._policy(reference)
        try:
            image = await self._engine.pull(reference, login, policy)
        except EngineError as error:
            if self._pull_behavior in ("always", "once") or (error.retry and not last):
                raise
            try:
                image = await self._engine.pull(reference, None, LOCAL)
            except EngineError:
                raise error from None
        self._pulled.add(reference)
        return {
            "phase": PULLED,
            "image_id": image.image_id,
            "image_digest": image.digest,
            "image_reference": reference if reference != spec.image else "",
        }

    def _policy(self, reference: str) -> str:
        """`default` asks a registry on this machine every time, which is quick; from elsewhere, what is
        here will do.
        """
        if self._pull_behavior == "always":
            return ALWAYS
        if self._pull_behavior == "once":
            return MISSING if reference in self._pulled else ALWAYS
        registry = reference.partition("/")[0].partition(":")[0]
        local = registry == "localhost" or registry.startswith("127.")
        return ALWAYS if local and self._pull_behavior == "default" else MISSING

    async def _bindings(self, task: TaskState, name: str, runtime_id: str) -> Changes:
        """Docker is asked only where it chose a port itself."""
        mappings = task.spec(name).port_mappings or ()
        chosen_by_docker = name == PAUSE_NAME and self.facts.publish_task_ports
        if task.network_mode == "bridge" and mappings:
            chosen_by_docker = any(not mapping.host_port for mapping in mappings)
        elif not chosen_by_docker:
            return {}
        if chosen_by_docker:
            seen = await self._engine.observe(runtime_id)
            return {"network_bindings": seen[0].bindings, "addresses": seen[0].addresses} if seen else {}
        bindings = [
            NetworkBinding(
                bind_ip=self.facts.address,
                container_port=mapping.container_port or 0,
                host_port=mapping.host_port or 0,
                protocol=mapping.protocol or "tcp",
            )
            for mapping in mappings
        ]
        return {"network_bindings": tuple(bindings)}


def failure_reason(step: Step, error: EngineError) -> str:
    """ECS's error name and the engine's own words; for the pulls that people meet, a hint before them."""
    message = error.message
    if isinstance(step, Pull):
        hint = next((hint for text, hint in PULL_HINTS.items() if text in message), "")
        message = f"The task can’t pull the image. {hint} {message}" if hint else message
    return f"{error.error_name or ERROR_NAMES[step.verb]}: {message}"
