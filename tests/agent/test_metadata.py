"""What the task metadata says of a task."""

from __future__ import annotations

import pytest

from shipway.agent.container_body import InstanceFacts
from shipway.agent.metadata import Place, task_document
from tests.agent.builders import a_container, a_task


@pytest.mark.parametrize(
    ("launch_type", "cluster"),
    [("EC2", "default"), ("FARGATE", "arn:aws:ecs:us-east-1:000000000000:cluster/default")],
)
def test_the_cluster_is_a_name_on_ec2_and_an_arn_on_fargate(launch_type: str, cluster: str) -> None:
    """Programs that ask for their cluster get what Amazon's agent tells them."""
    task = a_task(a_container(), launchType=launch_type)
    document = task_document(task, InstanceFacts(cluster="default", instance_id="i-1"), Place("a"), 4)
    assert (document["Cluster"], document["LaunchType"]) == (cluster, launch_type)
