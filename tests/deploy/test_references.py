"""Names of AWS's other partitions, and of clusters that are named by their ARN."""

from __future__ import annotations

import pytest
from botocore.session import Session

from shipway.deploy.edge.autoscaling import Autoscaling
from shipway.deploy.edge.calls import named_place
from shipway.deploy.planning.console import console_url
from shipway.deploy.planning.references import DOMAINS, in_ecr, partition

from .fake_aws import ScriptedCalls

CLUSTER = "arn:aws:ecs:eu-west-1:000000000000:cluster/shop"


def test_every_region_of_the_sdk_has_its_partition() -> None:
    """ARNs that we write ourselves would be refused otherwise."""
    session = Session()
    for name in session.get_available_partitions():
        regions = session.get_available_regions("ecs", partition_name=name, allow_non_regional=True)
        named = [region for region in regions if not region.startswith("fips-")]
        assert {region: partition(region) for region in named} == dict.fromkeys(named, name)


def test_every_domain_of_the_sdk_is_awss_own() -> None:
    """An endpoint elsewhere is told by its address, Amazon's by its region; images there are in ECR."""
    partitions = Session().get_component("data_loader").load_data("endpoints")["partitions"]
    assert {one["dnsSuffix"] for one in partitions} <= set(DOMAINS)
    for domain in DOMAINS:
        assert named_place(f"https://ecs.xx-1.{domain}", "AWS (xx-1)") == "AWS (xx-1)"
        assert in_ecr(f"000000000000.dkr.ecr.xx-1.{domain}/web")
    assert named_place("https://ecs.eu-west-1.api.aws", "AWS (eu-west-1)") == "AWS (eu-west-1)"
    assert named_place("https://ecs.xx-1.amazonaws.com.evil.example", "AWS (xx-1)").startswith("https://")
    assert not in_ecr("000000000000.dkr.ecr.xx-1.amazonawsXcom/web")


class Scaling(ScriptedCalls):
    service = "application-autoscaling"


@pytest.mark.parametrize("cluster", ["shop", CLUSTER])
def test_a_cluster_may_be_named_by_its_arn(cluster: str) -> None:
    """Where only a name will do, it is the name that is sent."""
    scaling = Scaling({"DescribeScalableTargets": lambda members: {}})
    assert Autoscaling(scaling, cluster, "web").bounds() is None
    assert scaling.asked[0][1]["ResourceIds"] == ["service/shop/web"]
    assert "/clusters/shop/services/web?" in console_url("eu-west-1", cluster, "web")
