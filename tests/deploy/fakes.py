"""Stand-ins for the other edges: Docker, time that does not pass, a user who answers; and all in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.calls import Calls
from shipway.deploy.edge.ecr import Ecr, RegistryLogin
from shipway.deploy.edge.ecs import Ecs
from shipway.deploy.edge.elbv2 import Elbv2
from shipway.deploy.edge.logs import Logs
from shipway.deploy.edge.progress import Progress, event_line
from shipway.deploy.events import Event
from shipway.deploy.planning.actions import BuildImage
from shipway.deploy.tools import Tools

from .fake_aws import FakeAutoScaling, FakeEcr, FakeEcs, FakeElbv2, FakeLogs


class FakeDocker:
    """Builds and pushes by name only; the digest follows the tag, as content would."""

    def __init__(self) -> None:
        self.built: list[BuildImage] = []
        self.pushed: list[str] = []

    def build(self, action: BuildImage, folder: str, say: Callable[[str], None]) -> str:
        self.built.append(action)
        return "sha256:" + "ab" * 32

    def push(self, image_id: str, reference: str, login: RegistryLogin | None) -> str:
        self.pushed.append(reference)
        return "sha256:" + (reference.rpartition(":")[2] * 64)[:64]


class FakePace:
    """Time that passes only in pauses."""

    def __init__(self) -> None:
        self.moment_ms = 1_000_000
        self.on_pause: Callable[[], None] = lambda: None

    def now_ms(self) -> int:
        return self.moment_ms

    def pause(self, seconds: float) -> None:
        self.moment_ms += int(seconds * 1000)
        self.on_pause()

    def chance(self) -> float:
        return 0.5


class KeptProgress(Progress):
    """Keeps what was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @property
    def lines(self) -> list[str]:
        return [line for event in self.events if (line := event_line(event))]

    def tell(self, event: Event) -> None:
        self.events.append(event)

    def now(self, text: str) -> None:
        return

    def close(self) -> None:
        return


class Answering:
    """Answers every interruption the same way; keeps when signals were held back."""

    def __init__(self, answer: str = "detach") -> None:
        self.answer = answer
        self.holding = False

    @contextmanager
    def held(self) -> Iterator[None]:
        before, self.holding = self.holding, True
        try:
            yield
        finally:
            self.holding = before

    @contextmanager
    def opened(self) -> Iterator[None]:
        held, self.holding = self.holding, False
        try:
            yield
        finally:
            self.holding = held

    def asked(self) -> str:
        return self.answer


class World:
    """All the edges of one deployment, ready to be looked into."""

    def __init__(self, *, cluster: bool = True, local: bool = True) -> None:
        self.ecs = FakeEcs(cluster=cluster)
        self.ecr = FakeEcr()
        self.elbv2 = FakeElbv2()
        self.logs = FakeLogs({"GetLogEvents": lambda members: {"events": []}})
        self.docker = FakeDocker()
        self.pace = FakePace()
        self.progress = KeptProgress()
        self.interruption = Answering()
        # Others, by boto3's name: a test puts in what it needs.
        self.services: dict[str, Calls] = {"application-autoscaling": FakeAutoScaling()}
        self.aws = Aws(
            Ecs(self.ecs, "hello"),
            Ecr(self.ecr),
            Elbv2(self.elbv2),
            Logs(self.logs),
            "us-east-1",
            local,
            self.services.__getitem__,
        )
        self.tools = Tools(self.docker, self.progress, self.pace, self.interruption)
