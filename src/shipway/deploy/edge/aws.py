"""AWS as the deploy half sees it: opened from local ECS's endpoint file, or by boto3's own chain."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from shipway.deploy.application.ecs_shape import shared_loader
from shipway.deploy.edge.calls import ATTEMPTS, BotoCalls, Calls, CallsWhenAsked, Throttled
from shipway.deploy.edge.ecr import Ecr
from shipway.deploy.edge.ecs import Ecs
from shipway.deploy.edge.elbv2 import Elbv2
from shipway.deploy.edge.logs import Logs
from shipway.deploy.errors import DeployError

LOCAL = "local"
# Of botocore's session: a profile or a configuration file made for AWS has no say in what local ECS is.
WITHOUT_CONFIGURATION: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def no_other_service(name: str) -> Calls:
    raise AssertionError(f"{name} was not opened")


@dataclass(frozen=True)
class Aws:
    """The services a deployment uses. `service(name)` opens any other by boto3's name for it, once."""

    ecs: Ecs
    ecr: Ecr
    elbv2: Elbv2
    logs: Logs
    region: str
    local: bool = False
    service: Callable[[str], Calls] = no_other_service
    throttled: Throttled = field(default_factory=Throttled)
    profile: str | None = None


@dataclass(frozen=True)
class Where:
    """Which AWS: the environment's name, and the user's choices that win over the chain's."""

    environment: str | None = None
    region: str | None = None
    profile: str | None = None


def data_folder(variables: Mapping[str, str]) -> Path:
    if variables.get("SHIPWAY_DATA"):
        return Path(variables["SHIPWAY_DATA"])
    base = variables.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "shipway"


def read_endpoint(folder: Path) -> dict[str, Any]:
    """What `shipway local up` wrote: where local ECS answers, and with which credentials."""
    not_running = DeployError(
        f"Local ECS is not running (looked in {folder}). Start it with `shipway local up`.",
    )
    try:
        endpoint = json.loads((folder / "endpoint.json").read_text())
        wanted = ("endpoint_url", "region", "access_key_id", "secret_access_key")
        if not isinstance(endpoint, dict) or any(not isinstance(endpoint.get(key), str) for key in wanted):
            raise not_running
    except (OSError, ValueError):
        raise not_running from None
    return endpoint


def open_aws(where: Where, cluster: str, variables: Mapping[str, str] | None = None) -> Aws:
    """Open the AWS that these choices name; for `-e local`, the one on this machine, which must answer."""
    variables = os.environ if variables is None else variables
    if where.environment == LOCAL:
        return _open_local(cluster, variables)
    from botocore.exceptions import BotoCoreError

    try:
        session = new_session(where.profile)
        # The SDK itself reads AWS_DEFAULT_REGION only; AWS's other tools read AWS_REGION first.
        region = where.region or variables.get("AWS_REGION") or session.get_config_variable("region")
    except BotoCoreError as error:
        raise DeployError(f"The AWS profile cannot be used: {error}.") from None
    if region is None:
        raise DeployError(
            "No AWS region is set. Write region: in shipway.yml, pass --region, or set AWS_REGION."
        )
    opened = _aws(session, cluster, f"AWS ({region})", {"region_name": region})
    return replace(opened, profile=where.profile)


def _open_local(cluster: str, variables: Mapping[str, str]) -> Aws:
    folder = data_folder(variables)
    endpoint = read_endpoint(folder)
    if not _answers(endpoint["endpoint_url"]):
        raise DeployError(f"Local ECS is not running (looked in {folder}). Start it with `shipway local up`.")
    where = f"local ECS ({endpoint['endpoint_url']})"
    session = new_session(None, WITHOUT_CONFIGURATION)
    session.set_credentials(endpoint["access_key_id"], endpoint["secret_access_key"])
    client = {"region_name": endpoint["region"], "endpoint_url": endpoint["endpoint_url"]}
    return _aws(session, cluster, where, client, local=True)


def new_session(profile: str | None, session_vars: dict[str, Any] | None = None) -> Any:
    """botocore's own, which is what boto3 puts its layer on; of that layer nothing is used here."""
    from botocore.session import Session

    session = Session(session_vars, profile=profile)
    if session.get_config_variable("data_path") is None:
        # The service models that the application file was held against are not read a second time.
        session.register_component("data_loader", shared_loader())
    return session


def _answers(endpoint_url: str) -> bool:
    import http.client
    import urllib.parse

    parts = urllib.parse.urlsplit(endpoint_url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=5)
    try:
        connection.request("GET", "/_shipway/health")
        connection.getresponse().read(1024)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _aws(session: Any, cluster: str, where: str, client: dict[str, Any], *, local: bool = False) -> Aws:
    from botocore.config import Config

    # Steady, short: the watcher itself asks again, so the SDK need not persist for long.
    config = Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS}, connect_timeout=5, read_timeout=20
    )

    throttled = Throttled()

    def opened(service: str) -> BotoCalls:
        try:
            found = session.create_client(service, config=config, **client)
        except ValueError as error:  # for an endpoint that is no URL, or a region that is no word
            raise DeployError(
                f"AWS cannot be reached: {error}. Correct AWS_ENDPOINT_URL, the profile's endpoint_url, "
                "or the region."
            ) from None
        return BotoCalls(found, where, throttled)

    @cache
    def calls(service: str) -> CallsWhenAsked:
        return CallsWhenAsked(partial(opened, service), where)

    return Aws(
        ecs=Ecs(calls("ecs"), cluster),
        ecr=Ecr(calls("ecr")),
        elbv2=Elbv2(calls("elbv2")),
        logs=Logs(calls("logs")),
        region=client["region_name"],
        local=local,
        service=calls,
        throttled=throttled,
    )
