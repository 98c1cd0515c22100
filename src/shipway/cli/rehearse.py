"""`shipway rehearse`."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from shipway.cli.options import add_images, show
from shipway.cli.pictures import add_pictures, pictures_to
from shipway.deploy.errors import UsageError

if TYPE_CHECKING:
    from shipway.deploy.application.application import Application
    from shipway.deploy.edge.aws import Aws


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-c", "--config", metavar="FILE", default=os.environ.get("SHIPWAY_CONFIG"))
    parser.add_argument(
        "-e", "--env", metavar="NAME", default=os.environ.get("SHIPWAY_ENV"), help="as for deploy"
    )
    parser.add_argument("-s", "--service", metavar="SERVICE", help="of several in shipway.yml")
    add_images(parser)
    parser.add_argument(
        "--first",
        action="append",
        default=[],
        metavar="TAG | CONTAINER=IMAGE",
        help="images of the first version (default: those of the new one)",
    )
    parser.add_argument("--from-live", action="store_true", help="the first version is what runs in AWS now")
    parser.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="what a secret is in the rehearsal (default: a dummy value)",
    )
    parser.add_argument(
        "--fail",
        action="append",
        default=[],
        metavar="FAULT",
        help="crash, crash@N (the N-th new task), pull, unhealthy, instance, zone; may be repeated",
    )
    parser.add_argument(
        "--engine", choices=("docker", "simulated"), default="docker", help="simulated needs no Docker"
    )
    parser.add_argument("--speed", type=float, metavar="N", help="make ECS's waits N times shorter")
    parser.add_argument("--instances", type=int, metavar="N", help="container instances (default 3)")
    parser.add_argument("--cpu", type=int, metavar="UNITS", help="of each instance")
    parser.add_argument("--memory", type=int, metavar="MIB", help="of each instance")
    parser.add_argument("--profile", metavar="NAME", help="an AWS profile, for --from-live")
    parser.add_argument("--region", metavar="REGION", help="instead of the one in shipway.yml")
    parser.add_argument(
        "--timeout", metavar="DURATION", default="20m", help="of each deployment (default 20m)"
    )
    add_pictures(parser, "the service's tasks")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.deploy_options import DeployOptions
    from shipway.deploy.edge.progress import open_progress
    from shipway.deploy.opening import Choices, pairs, read_chosen, seconds
    from shipway.rehearsal.faults import parse_faults
    from shipway.rehearsal.live import look_at_live
    from shipway.rehearsal.lodging import Wanted
    from shipway.rehearsal.rehearsal import Script, rehearse

    application = read_chosen(
        Choices(config=arguments.config, environment=arguments.env, service=arguments.service)
    )
    if arguments.service not in (None, application.name, application.service_name):
        raise UsageError(f"There is no service {arguments.service!r} in shipway.yml.")
    aws = opened(arguments, application) if arguments.from_live else None
    tags = [text for text in arguments.first if "=" not in text]
    script = Script(
        application=application,
        options=DeployOptions(
            tag=arguments.tag,
            images=pairs(arguments.image, "an image"),
            timeout_s=seconds(arguments.timeout),
        ),
        wanted=Wanted(
            engine=arguments.engine,
            region=arguments.region or application.region or os.environ.get("AWS_REGION"),
            instances=arguments.instances,
            cpu=arguments.cpu,
            memory_mib=arguments.memory,
            speed=arguments.speed,
        ),
        faults=parse_faults(arguments.fail),
        secrets=given_secrets(application, pairs(arguments.secret, "a secret")),
        live=look_at_live(application, aws) if aws else None,
        login=aws.ecr.login if aws else None,
        first_tag=tags[-1] if tags else None,
        first_images=pairs([text for text in arguments.first if "=" in text], "an image"),
    )
    draw, progress = pictures_to(arguments), open_progress()
    try:
        report = rehearse(script, progress, os.environ)
    finally:
        progress.close()
    if report.timeline is not None:
        draw((report.timeline,))
    show(arguments, report.as_document(), report.text())
    return report.exit_code


def given_secrets(application: Application, secrets: dict[str, str]) -> dict[str, str]:
    """They are printed as little as others."""
    from shipway.deploy.edge.masking import SECRETS
    from shipway.rehearsal.stand_ins import unknown_secrets

    SECRETS.learn([{"args": {"password": value}} for value in secrets.values()])
    unknown = unknown_secrets(application, secrets)
    if unknown:
        raise UsageError(f"--secret {unknown[0]}: no container asks for such a secret.")
    return secrets


def opened(arguments: argparse.Namespace, application: Application) -> Aws:
    from shipway.deploy.edge.aws import Where, open_aws

    where = Where(
        environment=arguments.env,
        region=arguments.region or application.region,
        profile=arguments.profile or application.profile,
    )
    return open_aws(where, application.cluster)
