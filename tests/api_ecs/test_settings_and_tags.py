"""Account settings, and tags of everything that has them."""

from __future__ import annotations

from typing import Any

from tests.api_ecs.agents import service_task
from tests.api_ecs.front import START, USER, Ecs

ROOT = "arn:aws:iam::000000000000:root"


def test_tags_of_every_taggable_resource(ecs: Ecs, instance: dict[str, Any], web: str) -> None:
    """Tags are added by key, taken away by key, and listed."""
    service = ecs("CreateService", serviceName="s", taskDefinition=web, desiredCount=1)["service"]
    arns = [
        service["clusterArn"],
        service["serviceArn"],
        service_task(ecs.store, service, START, ecs.ids),
        instance["containerInstanceArn"],
        web,
    ]
    for arn in arns:
        ecs("TagResource", resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
        ecs("TagResource", resourceArn=arn, tags=[{"key": "a", "value": "3"}])
        ecs("UntagResource", resourceArn=arn, tagKeys=["b"])
        assert ecs("ListTagsForResource", resourceArn=arn) == {"tags": [{"key": "a", "value": "3"}]}


def test_tag_refusals(ecs: Ecs) -> None:
    """Reserved keys, short ARNs and unknown resources."""
    cluster = "arn:aws:ecs:us-east-1:000000000000:cluster/default"
    ipe = "InvalidParameterException"
    reserved = [{"key": "AWS:x", "value": "1"}]
    ecs.refused("TagResource", ipe, "reserved", resourceArn=cluster, tags=reserved)
    many = [{"key": f"k{number}", "value": ""} for number in range(51)]
    ecs.refused("TagResource", ipe, "limit of 50 tags", resourceArn=cluster, tags=many)
    short = "arn:aws:ecs:us-east-1:000000000000:service/s"
    text = "Long arn format must be used for tagging operations"
    ecs.refused("ListTagsForResource", ipe, text, resourceArn=short)
    missing = "arn:aws:ecs:us-east-1:000000000000:service/default/s"
    ecs.refused("TagResource", "ResourceNotFoundException", "not found", resourceArn=missing, tags=[])


def test_account_settings(ecs: Ecs) -> None:
    """Explicit ones are listed by themselves, effective ones with every default; a deleted one is the
    default again.
    """
    answer = ecs("PutAccountSetting", name="containerInsights", value="enabled")
    mine = {"name": "containerInsights", "value": "enabled", "principalArn": USER, "type": "user"}
    assert answer == {"setting": mine}
    assert ecs("ListAccountSettings") == {"settings": [mine]}
    effective = ecs("ListAccountSettings", effectiveSettings=True, name="serviceLongArnFormat")["settings"]
    assert [setting["value"] for setting in effective] == ["enabled"]
    first = ecs("ListAccountSettings", effectiveSettings=True)
    assert (len(first["settings"]), "nextToken" in first) == (10, True)
    ecs("DeleteAccountSetting", name="containerInsights")
    assert ecs("ListAccountSettings") == {"settings": []}
    ecs.refused("PutAccountSetting", "InvalidParameterException", "should be one of", name="x", value="y")
    ecs.refused(
        "PutAccountSetting", "InvalidParameterException", "perhaps", name="awsvpcTrunking", value="perhaps"
    )


def test_default_container_insights_is_that_of_new_clusters(ecs: Ecs) -> None:
    """PutAccountSettingDefault speaks for the root, and so for everybody."""
    answer = ecs("PutAccountSettingDefault", name="containerInsights", value="enhanced")
    assert answer["setting"]["principalArn"] == ROOT
    cluster = ecs("CreateCluster", clusterName="c")["cluster"]
    assert cluster["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
