"""The simulated container instances, and where their containers answer."""

from __future__ import annotations

from collections.abc import Callable

from shipway.simulator.agent import Agent, Machine
from shipway.simulator.agent_task import AgentTask
from shipway.simulator.containers import Container
from shipway.simulator.network import Network

Happened = Callable[[Agent, AgentTask, Container], None]


class Fleet:
    def __init__(self, network: Network) -> None:
        self.agents: dict[str, Agent] = {}
        self.on_changed: list[Happened] = []
        self.on_taken: list[Callable[[AgentTask], None]] = []
        self._network = network
        self._listening: dict[tuple[str, int], Container] = {}
        self._interfaces: dict[str, AgentTask] = {}

    def add(self, machine: Machine) -> Agent:
        agent = self.agents[machine.instance_id] = Agent(machine, self._network, self)
        return agent

    def remove(self, agent: Agent) -> None:
        """The machine is gone for good."""
        agent.lose_power()
        del self.agents[agent.name]

    def has(self, agent: Agent) -> bool:
        """False once its machine is gone for good."""
        return self.agents.get(agent.name) is agent

    def taken(self, task: AgentTask) -> None:
        for happened in self.on_taken:
            happened(task)

    def changed(self, agent: Agent, task: AgentTask, container: Container) -> None:
        if task.address:
            self._interfaces[task.address] = task
        for binding in container.bindings:
            self._listening[agent.machine.address, binding["hostPort"]] = container
        for happened in self.on_changed:
            happened(agent, task, container)

    def container_at(self, address: str, port: int) -> Container | None:
        """The running container that answers there. In a task's own network all ports are its first one's."""
        task = self._interfaces.get(address)
        if task is not None:
            return next((container for container in task.containers if container.running), None)
        container = self._listening.get((address, port))
        return container if container is not None and container.running else None

    def tasks(self) -> list[tuple[Agent, AgentTask]]:
        return [(agent, task) for agent in self.agents.values() for task in agent.tasks.values()]
