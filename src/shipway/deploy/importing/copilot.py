"""A Copilot manifest -> the service that Copilot's stack runs, without Copilot.

What its CloudFormation stack made and no manifest names (roles, subnets, target groups, the load balancer's
name) is marked `theirs` under `ownership:`, or left out: a deployment leaves it as it is.
"""

from __future__ import annotations

from typing import Any

from shipway.deploy.application.document import parse
from shipway.deploy.errors import DeployError
from shipway.deploy.importing.copilot_service import copilot_service
from shipway.deploy.importing.copilot_task import TASK_LEFT, copilot_task
from shipway.deploy.importing.copilot_values import Place, bound
from shipway.deploy.importing.imported import Imported
from shipway.deploy.importing.overlaid import overlaid, overlay_between
from shipway.deploy.importing.source import Account, Source, mapping

Members = dict[str, Any]

SERVICES = ("Load Balanced Web Service", "Backend Service", "Worker Service")
SCHEDULED = "Scheduled Job"
REFUSED = {
    "Request-Driven Web Service": "it runs on App Runner, not on ECS",
    "Static Site": "it lies in S3 behind CloudFront, nothing of it runs on ECS",
}
CARRIED = {
    "Load Balanced Web Service, Backend Service, Worker Service": "a Fargate service and its task definition",
    "Scheduled Job": "a task definition, and `tasks` in shipway.yml for `shipway run --task`",
    "`image.build`, `platform`": "`images` in shipway.yml, pushed to Copilot's own repository",
    "`image` location, port, labels, depends_on, healthcheck, credentials": "the container's members",
    "`cpu`, `memory`, `entrypoint`, `command`": "`cpu`, `memory`, `entryPoint`, `command`",
    "`variables`, and those that Copilot adds": "`environment`",
    "`secrets`": "`secrets`, by name or by ARN",
    "`sidecars`": "containers",
    "`storage`": "`ephemeralStorage`, `volumes`, `mountPoints`, `readonlyRootFilesystem`",
    "`count`, `count.spot`": "`desiredCount`, `capacityProviderStrategy`",
    "`exec`, `deployment`": "`enableExecuteCommand`, `deploymentConfiguration`",
    "`http.healthcheck.grace_period`": "`healthCheckGracePeriodSeconds`",
    "`environments`": "`environments` in shipway.yml: what differs",
}
NOT_CARRIED = {
    **{f"`{key}`": why for key, why in TASK_LEFT.items()},
    "roles": "`ownership` has them as `theirs`: they stay as the stack made them.",
    "subnets, security groups, target groups, service discovery": "left out: they stay.",
    "`${COPILOT_CLUSTER}`, `${COPILOT_SERVICE}`": "the stack made up these names; set both or write them in.",
    "addons": "name what their stack puts into the environment under `ownership`, as `theirs`.",
    "Request-Driven Web Service, Static Site": "refused: they do not run on ECS.",
}


def import_copilot(source: Source) -> Imported:
    manifest = source.value
    kind, name = str(manifest["type"]), str(manifest.get("name") or source.folder_name)
    if kind in REFUSED:
        raise DeployError(f"{source.name} is a {kind}: {REFUSED[kind]}, so there is nothing to import.")
    if kind not in (*SERVICES, SCHEDULED):
        raise DeployError(f"{source.name}: {kind!r} is no type of Copilot's that runs on ECS.")
    account = Account()
    application = _application_name(source, account)
    environments = mapping(manifest.get("environments"), f"{source.name}: environments")
    plain = {key: item for key, item in manifest.items() if key != "environments"}
    ownership: Members = {}
    base = _files(source, plain, Place(application, None, name, kind, source.region), account, ownership)
    overlays = {}
    for environment, over in environments.items():
        place = Place(application, str(environment), name, kind, source.region)
        whole = overlaid(plain, mapping(over, f"{source.name}: environments.{environment}"))
        files = _files(source, whole, place, account, ownership)
        overlays[str(environment)] = overlay_between(base, files)
    _say(account, kind, name)
    keys = {key: item for key, item in base.items() if key not in ("task_definition", "service") and item}
    if ownership:
        keys["ownership"] = ownership
    if overlays:
        keys["environments"] = overlays
    return Imported(
        source=source.name,
        keys=keys,
        task_definition=base["task_definition"],
        service=base["service"] or None,
        not_carried=tuple(account.left),
        notes=tuple(account.notes),
    )


def _files(source: Source, manifest: Members, place: Place, account: Account, ownership: Members) -> Members:
    """shipway.yml's keys for one environment, definitions and all."""
    manifest = bound(manifest, place)
    images: Members = {}
    definition = copilot_task(source, manifest, place, images, account, ownership)
    files: Members = {
        "name": place.name,
        "cluster": "${COPILOT_CLUSTER:?the name of the environment's cluster}",
        "region": source.region,
        "images": images,
        "task_definition": definition,
        "service": {} if place.kind == SCHEDULED else copilot_service(manifest, place, account),
    }
    if place.kind == SCHEDULED:
        files["tasks"] = {place.name: {"container": place.name, "launch_type": "FARGATE"}}
    return files


def _application_name(source: Source, account: Account) -> str | None:
    """The workspace's summary lies two folders above a manifest, in copilot/.workspace."""
    text = source.beside("../.workspace")
    value = parse(".workspace", text).value if text is not None else None
    if isinstance(value, dict) and value.get("application"):
        return str(value["application"])
    account.note("There is no ../.workspace that names the application: set COPILOT_APPLICATION_NAME.")
    return None


def _say(account: Account, kind: str, name: str) -> None:
    if kind != SCHEDULED:
        account.note(
            "COPILOT_CLUSTER and COPILOT_SERVICE: see `copilot svc show --resources`, or write the names in. "
            "A new service needs networkConfiguration, loadBalancers and roles; a living one keeps them."
        )
    account.note(
        f"Keep the CloudFormation stack: it owns roles, rules and logs of {name}. Deploy with one tool "
        "from now on: `copilot svc deploy` sets the task definition back, `svc delete` ends the service."
    )
