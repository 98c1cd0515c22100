"""observe -> plan -> apply, for the tasks of one instance.

All knowledge is a dictionary of frozen TaskStates, changed only on the event loop's thread, through
`_put`. Every change does the same four things: it is remembered on disk (soon), told to the control
plane (if it says anything new), told to telemetry (if health changed), and it wakes the loop. The loop
asks `plan_steps` what can be done now and starts each step as its own operation; a container with an
operation in flight is marked busy, so planning again is harmless at any moment.

The engine's events say "look": the container is observed and absorbed. Events of a container that is
just being started are looked at after the start has answered, so that RUNNING is told before what came
next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec

from shipway.agent.engine import Engine, EngineError, Observed
from shipway.agent.exec_channel import wants_sessions
from shipway.agent.log_destination import log_destination
from shipway.agent.log_streams import LogStreams
from shipway.agent.observation import absorb, vanished
from shipway.agent.reports import report_of
from shipway.agent.step_application import ATTEMPTS_MAX, StepApplication, failure_reason
from shipway.agent.step_plan import PlanSettings, plan_steps
from shipway.agent.steps import Abandon, Forget, OpenLog, Pull, Remove, Start, Step, Stop
from shipway.agent.submissions import Submissions
from shipway.agent.task_memory import TaskMemory, orphan, place
from shipway.agent.task_state import PAUSE_NAME, RANK, STOPPED, ContainerState, TaskState
from shipway.seams import Clock

replace = msgspec.structs.replace
RETRY_MS_FIRST, RETRY_MS_MAX = 250, 5_000
EVENTS_RETRY_S = 1.0
logger = logging.getLogger(__name__)


class TaskLoop:
    def __init__(
        self,
        engine: Engine,
        memory: TaskMemory,
        application: StepApplication,
        streams: LogStreams,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._memory = memory
        self._application = application
        self._streams = streams
        self._clock = clock
        self._wake = asyncio.Event()
        self._operations: dict[tuple[str, str, str], asyncio.Task[None]] = {}
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._unseen: set[str] = set()  # containers with events that came while they were being started
        self.tasks: dict[str, TaskState] = {}
        self.settings: PlanSettings | None = None
        self.submissions: Submissions | None = None
        self.health_changed: Callable[[], None] = lambda: None
        self.sessions_wanted: Callable[[], None] = lambda: None

    async def restore(self) -> None:
        """Rebuild what is known from the task files and the engine's own list, and tell what happened
        meanwhile.
        """
        for task in self._memory.read_tasks():
            self.tasks[task.arn] = task
        await self._look_at_everything()
        for task in list(self.tasks.values()):
            self.put(task)  # what was not taken before the end is still to be told, though nothing is new

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch())
                group.create_task(self._memory.write_soon())
                group.create_task(self._plan_and_apply())
        finally:
            running = [*self._operations.values(), *self._followers.values()]
            for operation in running:
                operation.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self._memory.saved()

    async def _plan_and_apply(self) -> None:
        assert self.settings is not None
        while True:
            self._wake.clear()
            plan = plan_steps(list(self.tasks.values()), self.settings, self._clock.now_ms())
            for step in plan.steps:
                self._begin(step)
            if plan.wake_at:
                delay_s = max(plan.wake_at - self._clock.now_ms(), 0) / 1000
                asyncio.get_running_loop().call_later(delay_s + 0.001, self._wake.set)
            await self._wake.wait()

    def put(self, task: TaskState) -> None:
        """The one way in which anything changes."""
        before = self.tasks.get(task.arn)
        task = _with_moments(task, self._clock.now_ms())
        self.tasks[task.arn] = task
        self._memory.changed(task)
        assert self.submissions is not None
        report = report_of(task, self._application.facts.cluster)
        if report is not None:
            self.submissions.submit(report, task.submitted)
        if _healths(before) != _healths(task):
            self.health_changed()
        if before is None and wants_sessions(task):
            self.sessions_wanted()
        self._wake.set()

    def accepted(self, arn: str, text: str, status: str) -> None:
        """The control plane has taken a report."""
        task = self.tasks.get(arn)
        if task:
            self.put(replace(task, submitted=text, submitted_status=status))

    def _begin(self, step: Step) -> None:
        logger.info("%s", step.render())
        task = self.tasks[step.task_arn]
        if isinstance(step, Forget):
            self._forget(task)
        elif isinstance(step, Abandon):
            self._abandon(step, task)
        else:
            container = task.container(step.container)
            assert container is not None
            key = (step.task_arn, step.container, step.verb)
            if isinstance(step, OpenLog):
                marked = replace(container, log_busy=True)
            else:
                marked = replace(container, busy=step.verb)
            changed = task.with_container(marked)
            if isinstance(step, Pull) and step.container != PAUSE_NAME and not changed.pull_started_at:
                changed = replace(changed, pull_started_at=self._clock.now_ms())
            self.tasks[task.arn] = changed
            self._operations[key] = asyncio.get_running_loop().create_task(self._operate(step, key))

    async def _operate(self, step: Step, key: tuple[str, str, str]) -> None:
        try:
            changes = await self._application.apply(step, self.tasks[step.task_arn], self._clock)
            self._done(step, changes)
        except EngineError as error:
            self._failed(step, error)
        except Exception as error:  # the container must not stay busy for ever
            logger.exception("%s", step.render())
            self._failed(step, EngineError(f"the agent failed: {error!r}"))
        finally:
            self._operations.pop(key, None)
        await self._afterwards(step)

    def _done(self, step: Step, changes: dict[str, object]) -> None:
        task, container = self._current(step)
        rest = dict(changes)
        if container.stopped or RANK.get(str(rest.get("phase")), 9) < container.rank:
            rest.pop("phase", None)  # it has moved on meanwhile
        if isinstance(step, Start) and not container.started:
            rest["started_at"] = self._clock.now_ms()
        self.put(task.with_container(replace(_idle(container, step), attempts=0, retry_at=0, **rest)))

    def _failed(self, step: Step, error: EngineError) -> None:
        task, container = self._current(step)
        attempts = container.attempts + 1
        idle = _idle(container, step)
        endless = isinstance(step, Stop | Remove)
        if endless or (error.retry and attempts < ATTEMPTS_MAX[step.verb] and not task.stopping):
            pause_ms = min(RETRY_MS_FIRST * 2 ** min(attempts, 10), RETRY_MS_MAX)
            logger.info("%s: tried again in %d ms: %s", step.render(), pause_ms, error)
            self.put(
                task.with_container(
                    replace(idle, attempts=attempts, retry_at=self._clock.now_ms() + pause_ms)
                )
            )
            return
        reason = container.reason or failure_reason(step, error)
        logger.warning("task %s, container %s: %s", task.task_id, container.name, reason)
        self.put(
            task.with_container(replace(idle, phase=STOPPED, reason=reason, finished_at=self._clock.now_ms()))
        )

    async def _afterwards(self, step: Step) -> None:
        """What a step makes worth looking at. The engine may have told of it before the step had answered."""
        task = self.tasks.get(step.task_arn)
        container = task.container(step.container) if task else None
        if container is None or not container.runtime_id:
            return
        if isinstance(step, Start):
            self._follow(step.task_arn, container)
            if container.runtime_id in self._unseen:
                self._unseen.discard(container.runtime_id)
                await self.look_at(container.runtime_id)
        elif isinstance(step, Stop):
            await self.look_at(container.runtime_id)

    def _abandon(self, step: Abandon, task: TaskState) -> None:
        pull = self._operations.pop((step.task_arn, step.container, Pull.verb), None)
        if pull:
            pull.cancel()
        container = task.container(step.container)
        assert container is not None
        is_pause = container.name == PAUSE_NAME
        abandoned = replace(
            container,
            phase=STOPPED,
            busy="",
            exit_code=step.exit_code,
            reason=step.failure or container.reason,
            removed=is_pause or container.removed,
            finished_at=self._clock.now_ms(),
        )
        self.put(task.with_container(abandoned))

    def _forget(self, task: TaskState) -> None:
        del self.tasks[task.arn]
        for container in task.containers:
            self._streams.forget(container.runtime_id)
        assert self.submissions is not None
        self.submissions.forget(task.arn)
        self._memory.forget(task)

    def _current(self, step: Step) -> tuple[TaskState, ContainerState]:
        task = self.tasks[step.task_arn]
        container = task.container(step.container)
        assert container is not None
        return task, container

    async def _watch(self) -> None:
        while True:
            try:
                async for event in self._engine.events():
                    if event.runtime_id:
                        await self.look_at(event.runtime_id)
                    else:
                        await self._look_at_everything()
            except EngineError as error:
                logger.warning("%s", error)
            await asyncio.sleep(EVENTS_RETRY_S)

    async def look_at(self, runtime_id: str) -> None:
        found = self._find(runtime_id)
        if found and found[1].busy == Start.verb:
            self._unseen.add(runtime_id)
            return
        try:
            seen = await self._engine.observe(runtime_id)
        except EngineError as error:
            logger.warning("container %s cannot be looked at: %s", runtime_id[:12], error)
            return
        found = self._find(runtime_id)  # again: time has passed
        if found is None:
            return
        task, container = found
        if seen:
            self._absorb(task, container, seen[0])
        elif not container.removed and container.busy != Remove.verb:
            gone = (
                vanished(container, self._clock.now_ms())
                if not container.stopped
                else replace(container, removed=True)
            )
            self.put(task.with_container(gone))

    async def _look_at_everything(self) -> None:
        everything = await self._engine.observe()
        by_place = {place(seen): seen for seen in everything}
        for arn in sorted({arn for arn, _ in by_place} - self.tasks.keys()):
            self.tasks[arn] = orphan(arn, [seen for (a, _), seen in by_place.items() if a == arn])
        for task in list(self.tasks.values()):
            for container in task.containers:
                seen = by_place.get((task.arn, container.name))
                current = self.tasks[task.arn]
                if container.busy:
                    continue  # its operation will tell
                if seen:
                    self._absorb(current, container, seen)
                elif container.runtime_id and not container.removed:
                    gone = replace(container, removed=True, logs_shipped=True)
                    self.put(
                        current.with_container(
                            gone if gone.stopped else vanished(container, self._clock.now_ms())
                        )
                    )
                else:
                    self.put(current)

    def _absorb(self, task: TaskState, container: ContainerState, seen: Observed) -> None:
        spec = task.spec(container.name)
        absorbed = absorb(container, spec, seen, task.stopping, self._clock.now_ms())
        if not absorbed.runtime_id:
            absorbed = replace(absorbed, runtime_id=seen.runtime_id)
        if absorbed != container:
            self.put(task.with_container(absorbed))
        if absorbed.started and not absorbed.busy:
            self._follow(task.arn, absorbed)

    def _find(self, runtime_id: str) -> tuple[TaskState, ContainerState] | None:
        for task in self.tasks.values():
            for container in task.containers:
                if container.runtime_id == runtime_id:
                    return task, container
        return None

    def _follow(self, arn: str, container: ContainerState) -> None:
        if container.logs_shipped or container.runtime_id in self._followers or not container.started:
            return
        follower = asyncio.get_running_loop().create_task(
            self._ship(arn, container.name, container.runtime_id)
        )
        self._followers[container.runtime_id] = follower

    async def _ship(self, arn: str, name: str, runtime_id: str) -> None:
        """Until the container has ended for good and everything it wrote is shipped."""
        task = self.tasks[arn]
        destination = log_destination(task.spec(name), task.task_id)
        whole = destination is None
        if destination:
            try:
                await self._streams.follow(runtime_id, destination)
                whole = True
            except EngineError as error:
                logger.warning("the log of %s/%s broke off: %s", task.task_id, name, error)
                await asyncio.sleep(EVENTS_RETRY_S)
        self._followers.pop(runtime_id, None)
        current = self.tasks.get(arn)
        container = current.container(name) if current else None
        if current is None or container is None or container.removed:
            return
        if container.stopped and whole:
            self.put(current.with_container(replace(container, logs_shipped=True)))
        elif destination and container.stopped:
            self._follow(arn, container)


def _idle(container: ContainerState, step: Step) -> ContainerState:
    return replace(container, log_busy=False) if isinstance(step, OpenLog) else replace(container, busy="")


def _healths(task: TaskState | None) -> list[str]:
    return [f"{container.name} {container.health}" for container in task.containers] if task else []


def _with_moments(task: TaskState, now_ms: int) -> TaskState:
    """The task's own moments, as its containers imply them."""
    changes: dict[str, int] = {}
    if (
        task.pull_started_at
        and not task.pull_stopped_at
        and all(container.rank >= 1 for container in task.normal)
    ):
        changes["pull_stopped_at"] = now_ms
    ended = [c.finished_at for c in task.normal if c.stopped and c.started and task.spec(c.name).essential]
    if ended and not task.execution_stopped_at:
        changes["execution_stopped_at"] = min(ended)
    if task.status == STOPPED and not task.stopped_at:
        changes["stopped_at"] = now_ms
        if not task.execution_stopped_at and "execution_stopped_at" not in changes:
            changes["execution_stopped_at"] = now_ms
    return replace(task, **changes) if changes else task
