"""What a simulated container uses is measured and told like any other's, down to its service's figures."""

from __future__ import annotations

from msgspec import convert

from shipway.agent.configuration import Configuration
from shipway.agent.simulated_engine import SimulatedEngine
from shipway.instances.frames import PublishMetricsRequest
from shipway.instances.telemetry import Telemetry
from shipway.model.resources import Reservation
from shipway.reconcile.service_metrics import utilization
from tests.agent.builders import Message, a_container, a_payload, task_arn
from tests.agent.conftest import StartAgent
from tests.agent.fake_control_plane import INSTANCE_ARN, FakeControlPlane
from tests.builders import a_task


async def test_a_simulated_load_becomes_a_services_utilization(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    simulated: SimulatedEngine,
    start_agent: StartAgent,
) -> None:
    """80 % of a core and 200 MiB, of a reservation of half a core and 400 MiB: 160 % and 50 %."""
    start_agent(configuration, simulated)
    await control_plane.run(a_payload(a_container(script="load 80; hold 200; sleep 1000")))
    await control_plane.reported(task_arn(), "RUNNING")
    telemetry = Telemetry()

    def measured(message: Message) -> bool:
        request = convert(message, PublishMetricsRequest)
        telemetry.record(INSTANCE_ARN, request, 0)
        used = telemetry.task(task_arn())
        return used is not None and used.cpu_percent > 0

    await control_plane.until(
        "the load is measured",
        lambda: any(measured(m) for kind, m in control_plane.telemetry if kind == "PublishMetricsRequest"),
    )
    task = a_task(1, task_arn=task_arn(), reservation=Reservation(cpu=512, memory=400))
    figures = utilization([task], telemetry)
    assert abs(figures["CPUUtilization"] - 160) < 5
    assert figures["MemoryUtilization"] == 50
