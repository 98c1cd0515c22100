"""One application -> the files that deploy it without Shipway. Pure: nothing is asked of AWS."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.ejecting.script import Script
from shipway.deploy.planning import actions
from shipway.deploy.planning.images import image_wishes, with_images
from shipway.deploy.planning.load_balancing import balancer_wish
from shipway.deploy.planning.release import ONLY_AT_BIRTH, Seen, Wanted, plan_release
from shipway.deploy.planning.task_request import TaskWish, placement, task_request, wish_of

Members = dict[str, Any]

SCRIPT = "deploy.sh"
FAMILY = "set on the command line"


def ejected_files(application: Application, root: str) -> dict[str, str]:
    """File name -> text. `root` leads from where they will lie to the application's folder."""
    local = application.environment == "local"
    create = local if application.create is None else application.create
    names = tuple(str(item["name"]) for item in application.task_definition["containerDefinitions"])
    wishes = image_wishes(application, None, dict.fromkeys(names), {})
    images = {wish.container: image_place(wish.container) for wish in wishes}
    definition = with_images(application.task_definition, images)
    balancer = None
    if application.load_balancer is not None:
        service = application.service
        wish = balancer_wish(application.load_balancer, application.name, definition, service, create)
        balancer = replace(wish, create=True)
    wanted = Wanted(
        cluster=application.cluster,
        service_name=application.service_name,
        task_definition=definition,
        service=application.service,
        balancer=balancer,
        create_cluster=create,
        local=local,
    )
    # Against a world where there is nothing, every action is planned; the script does those that are needed.
    plan = plan_release(wanted, Seen(cluster={}))
    files = {
        "task-definition.json": _json(definition),
        **_service_files(application, plan),
        **_balancer_files(plan),
    }
    for name in application.tasks:
        files[f"task-{name}.json"] = _json(_task(application, name))
    script = Script(
        application,
        root,
        create,
        balancer if balancer is None else _with_own_create(balancer, application, create),
        wishes,
    )
    return {SCRIPT: script.text(), **files, "README.md": _readme(application)}


def image_place(container: str) -> str:
    """What the script replaces by the pushed digest."""
    return f"@IMAGE_OF_{container}@"


def _with_own_create(balancer: Any, application: Application, create: bool) -> Any:
    assert application.load_balancer is not None
    own = application.load_balancer.create
    return replace(balancer, create=create if own is None else own)


def _service_files(application: Application, plan: actions.Plan) -> dict[str, str]:
    (creation,) = (action for action in plan if isinstance(action, actions.CreateService))
    place = {"cluster": application.cluster, "serviceName": application.service_name}
    skipped = (*ONLY_AT_BIRTH, "cluster", "desiredCount")
    changeable = {key: item for key, item in application.service.items() if key not in skipped}
    return {
        "create-service.json": _json({**creation.members, **place}),
        "update-service.json": _json(
            {"cluster": application.cluster, "service": application.service_name, **changeable}
        ),
    }


def _balancer_files(plan: actions.Plan) -> dict[str, str]:
    files = {}
    for action in plan:
        if isinstance(action, actions.CreateLoadBalancer):
            files["load-balancer.json"] = _json(action.members)
        elif isinstance(action, actions.CreateTargetGroup):
            files["target-group.json"] = _json(action.members)
            checks = ("HealthCheck", "HealthyThreshold", "UnhealthyThreshold", "Matcher")
            files["health-check.json"] = _json(
                {key: item for key, item in action.members.items() if key.startswith(checks)}
            )
    return files


def _task(application: Application, name: str) -> Members:
    """RunTask's members; the script names the revision."""
    wish = wish_of(application.tasks[name], TaskWish())
    definition = {**application.task_definition, "taskDefinitionArn": FAMILY}
    request = {**task_request(wish, definition, application.service), **placement(wish, application.service)}
    del request["taskDefinition"]
    return {"cluster": application.cluster, **request}


def _json(members: Members) -> str:
    return json.dumps(members, indent=2, ensure_ascii=False) + "\n"


def _readme(application: Application) -> str:
    tasks = "".join(
        f"    aws ecs run-task --task-definition {application.family} --cli-input-json file://task-{name}.json\n"
        for name in application.tasks
    )
    return f"""\
# {application.service_name}, deployed without Shipway

`./deploy.sh` needs bash, the AWS CLI and, where images are built, Docker and git. It builds, pushes and pins
the images, registers the task definition, makes or updates the service and follows the deployment to its end:
0 deployed, 3 rolled back, 4 superseded, 6 stopped, 7 timed out; any other exit code is an error.

    ./deploy.sh                            # TAG=1.2.3 chooses the images' tag, TIMEOUT_S=600 the patience
    ./deploy.sh web=shop/web:1.2.3         # this image instead of building the container's
{tasks}
The JSON files are the requests of ECS and Elastic Load Balancing, for `--cli-input-json`. Variables of
shipway.yml have the values of the moment when this was written: look for secrets before you commit it.

What `shipway deploy` did besides: it registered nothing when nothing had changed, checked first whether the
task fits on an instance, unmade what a failed deployment had made, held a lock, told the causes of a failure,
and left members alone that are not ours.
"""
