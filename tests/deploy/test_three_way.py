"""Who changed what since the last deployment: the tags that tell it, and a plan that does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment import deploy
from shipway.deploy.plan import plan_application
from shipway.deploy.planning.deployed import TAG_LENGTH_MAX, Origin, deployed_by, tags_of
from shipway.deploy.planning.service_plan import ServicePlan
from shipway.deploy.planning.sides import pairs_of, side_lines
from shipway.deploy.planning.update_members import EFFECTS
from shipway.deploy.services import rollback

from .fake_aws import refuse
from .fakes import World
from .hello import PORT, application

ARN = "arn:aws:ecs:us-east-1:000000000000:task-definition/hello:1"


def hello(count: int = 3, **container: Any) -> Any:
    web = {"name": "web", "memory": 64, "portMappings": PORT, "image": "shop/web:1", **container}
    return application(
        images={},
        task_definition={"family": "hello", "containerDefinitions": [web]},
        service={"serviceName": "hello", "desiredCount": count},
    )


def shipped(world: World, of: Any) -> Any:
    return deploy(of, world.aws, world.tools, DeployOptions())


def planned(world: World, of: Any) -> ServicePlan:
    return plan_application(of, world.aws, DeployOptions())


def origins(plan: ServicePlan) -> dict[str, Origin | None]:
    return {change.member: change.origin for change in plan.changes}


def test_every_member_of_a_service_fits_into_its_tag() -> None:
    """All that UpdateService takes at once, with a long family; the marks come back as they went in."""
    service = {member: {"a": member} for member in EFFECTS}
    tags = tags_of(f"arn:aws:ecs:us-east-1:000000000000:task-definition/{'f' * 200}:1234", service)
    assert len(tags) == 2
    assert all(len(tag["value"]) <= TAG_LENGTH_MAX for tag in tags)
    kept = deployed_by(tags)
    assert kept is not None
    assert {kept.origin(member, value) for member, value in service.items()} == {Origin.ELSEWHERE}
    assert {kept.origin(member, "another") for member in service} == {Origin.FILE}


@given(st.dictionaries(st.text(min_size=1, max_size=12), st.integers() | st.text(max_size=5), max_size=8))
def test_marks_depend_on_nothing_but_the_value(service: dict[str, Any]) -> None:
    """Same file, same marks, in whatever order it is read."""
    assert tags_of(ARN, service) == tags_of(ARN, dict(reversed(service.items())))


def test_a_change_of_the_file_is_told_from_one_made_elsewhere() -> None:
    """A count that somebody set by hand, and one that the file asks for anew."""
    world = World()
    shipped(world, hello())
    assert origins(planned(world, hello(count=4))) == {"service.desiredCount": Origin.FILE}
    world.ecs.services["hello"]["desiredCount"] = 7
    plan = planned(world, hello())
    assert origins(plan) == {"service.desiredCount": Origin.ELSEWHERE}
    assert (
        "service.desiredCount: 7 -> 3  [takes effect at once, no task is replaced]  "
        "(changed elsewhere since the last deployment; the file says the same as then)"
    ) in plan.text()


def test_a_revision_of_another_pipeline_is_named_with_who_and_when() -> None:
    """Each member: theirs, ours, or both; the last revision deployed by Shipway is read once for it."""
    world = World()
    shipped(world, hello(cpu=128, user="1"))
    another = {**hello(cpu=256, user="1", privileged=True).task_definition}
    another["containerDefinitions"][0]["memory"] = 96
    arn = world.aws.ecs.register_task_definition(another)["taskDefinitionArn"]
    world.ecs.revisions[arn] |= {
        "registeredBy": "arn:aws:iam::000000000000:user/pat",
        "registeredAt": datetime(2026, 11, 20, 8, 30, tzinfo=UTC).timestamp(),
    }
    world.ecs.services["hello"]["taskDefinition"] = arn
    world.ecs.asked.clear()
    plan = planned(world, hello(cpu=128, user="2", memory=80))
    assert origins(plan) == {
        "service.taskDefinition": None,
        "task_definition.web.cpu": Origin.ELSEWHERE,
        "task_definition.web.memory": Origin.BOTH,
        "task_definition.web.privileged": Origin.ELSEWHERE,
        "task_definition.web.user": Origin.FILE,
    }
    assert plan.notes == (
        "hello:2 is live, registered by arn:aws:iam::000000000000:user/pat at 2026-11-20 08:30 UTC; "
        "Shipway deployed hello:1 last.",
    )


def test_a_rollback_of_ours_is_no_change_from_elsewhere() -> None:
    """It is remembered like a deployment."""
    world = World()
    shipped(world, hello(cpu=128))
    shipped(world, hello(cpu=256))
    rollback(world.aws, "hello", world.tools, 60.0)
    plan = planned(world, hello(cpu=256))
    assert plan.notes == ()
    assert origins(plan)["task_definition.web.cpu"] is Origin.FILE


def test_a_deployment_that_was_rolled_back_is_not_remembered() -> None:
    """What was live before it is what was deployed last."""
    world = World()
    shipped(world, hello(cpu=128))
    world.ecs.courses = [["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]]
    shipped(world, hello(cpu=256))
    [revision, _] = world.ecs.services["hello"]["tags"]
    assert revision == {"key": "shipway:deployed", "value": "hello:1"}


def test_tags_that_may_not_be_written_are_said_and_harm_nothing() -> None:
    """The deployment stands; a plan then tells no origin."""
    world = World()
    world.ecs.answers["TagResource"] = refuse("AccessDeniedException")
    assert shipped(world, hello()).verdict.value == "deployed"
    assert any("could not be kept in the service's tags" in line for line in world.progress.lines)
    assert origins(planned(world, hello(count=4))) == {"service.desiredCount": None}


PAIR = {
    "loadBalancers": [
        {
            "targetGroupArn": "arn:targetgroup/blue/1",
            "advancedConfiguration": {
                "alternateTargetGroupArn": "arn:targetgroup/green/2",
                "productionListenerRule": "arn:rule/1",
            },
        }
    ]
}


def rule(**weights: int) -> dict[str, dict[str, Any]]:
    groups = [
        {"TargetGroupArn": f"arn:targetgroup/{name}/{1 if name == 'blue' else 2}", "Weight": weight}
        for name, weight in weights.items()
    ]
    actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
    return {"arn:rule/1": {"RuleArn": "arn:rule/1", "Actions": actions}}


def test_the_side_that_serves_is_known() -> None:
    """By the rule's weights; a pair in the midst of a shift, and a rule that leads elsewhere, are told."""
    pairs = pairs_of(PAIR)
    assert list(side_lines(pairs, rule(blue=0, green=100))) == [
        "production traffic goes to the target group green; the next deployment takes blue. "
        "ECS moves the weights, a plan never does."
    ]
    assert "split by weight now (blue 90, green 10)" in next(side_lines(pairs, rule(blue=90, green=10)))
    assert "forwards to neither" in next(side_lines(pairs, rule(red=1)))
    assert "could not be read" in next(side_lines(pairs, {}))
    assert pairs_of({"loadBalancers": [{"targetGroupArn": "a"}]}) == ()


def test_plan_tells_the_side() -> None:
    """One question more, for such a service alone."""
    world = World()
    shipped(world, hello())
    world.ecs.services["hello"] |= PAIR
    world.elbv2.answers["DescribeRules"] = lambda members: {"Rules": list(rule(blue=100, green=0).values())}
    notes = planned(world, hello()).notes
    assert notes[0].startswith("production traffic goes to the target group blue;")
