"""What containers do, as a test says: scripts for those to come, events for those that run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, Unpack

import msgspec

from shipway.simulator.agent_task import AgentTask
from shipway.simulator.containers import KILLED, Container
from shipway.simulator.fleet import Fleet


class ScriptMembers(TypedDict, total=False):
    """The members of `shipway.simulator.scripts.Script`: docs/testing.md says what each is."""

    pull_ms: int
    pull_error: str
    start_ms: int
    start_error: str
    runs_ms: int | None
    exit_code: int
    stop_ms: int
    stop_exit_code: int
    healthy_after_ms: int | None
    unhealthy_after_ms: int | None
    answers_after_ms: int | None
    fails_after_ms: int | None
    log: str
    status_code: int


Act = Callable[[Container], None]


class Containers:
    """Containers are named by their image, with or without its tag, or by their own name."""

    def __init__(self, fleet: Fleet, on_loop: Callable[[Callable[[], int]], int]) -> None:
        self._fleet = fleet
        self._on_loop = on_loop
        self._scripts: list[tuple[str, ScriptMembers]] = []
        fleet.on_taken.append(self._taken)

    def script(self, name: str, **members: Unpack[ScriptMembers]) -> None:
        """Of containers that are made from now on. What is said later, or here and not by a label, counts."""
        self._scripts.append((name, members))

    def crash(self, name: str, exit_code: int = KILLED, task: str = "") -> int:
        """Ends those that run, of one task or of all. Returns how many these were; so do the other two."""
        return self._act(name, task, lambda container: container.end(exit_code))

    def feel(self, name: str, health: str, task: str = "") -> int:
        """Makes their own health checks say HEALTHY or UNHEALTHY from now on."""
        return self._act(name, task, lambda container: container.feel(health))

    def answer(self, name: str, answers: bool, task: str = "") -> int:
        """Makes the load balancer's checks of them pass, or fail, from now on."""
        return self._act(name, task, lambda container: container.answer(answers))

    def running(self, name: str) -> int:
        """How many run."""
        return self._act(name, "", lambda container: None)

    def _act(self, name: str, task: str, act: Act) -> int:
        def on_all() -> int:
            found = [
                container
                for _, of in self._fleet.tasks()
                for container in of.containers
                if container.running and task in ("", of.arn) and name in names_of(container)
            ]
            for container in found:
                act(container)
            return len(found)

        return self._on_loop(on_all)

    def _taken(self, task: AgentTask) -> None:
        for container in task.containers:
            for name, members in self._scripts:
                if name in names_of(container):
                    container.script = msgspec.structs.replace(container.script, **members)


def names_of(container: Container) -> set[str]:
    image = str(container.payload["image"]).partition("@")[0]
    folder, slash, last = image.rpartition("/")
    return {container.name, image, folder + slash + last.partition(":")[0]}
