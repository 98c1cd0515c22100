"""`shipway cluster ...`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(title="verbs", dest="cluster_verb", metavar="VERB", required=True)
    for name, text in (
        ("create", "create the cluster, if there is none of this name"),
        ("list", "the clusters, with their counts"),
        ("describe", "one cluster"),
        ("delete", "delete the cluster, when it is empty"),
    ):
        verb = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name != "list":
            verb.add_argument("name", nargs="?", help="instead of the one in shipway.yml")
        if name == "delete":
            verb.add_argument("-y", "--yes", action="store_true", help="do not ask")
        add_target(verb)


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.infrastructure import clusters
    from shipway.deploy.opening import open_session
    from shipway.deploy.services import confirm

    arguments.cluster = getattr(arguments, "name", None) or arguments.cluster
    aws = open_session(choices(arguments), service_needed=False).aws
    match arguments.cluster_verb:
        case "create":
            report, made = clusters.create_cluster(aws)
            show(arguments, report, f"created {report.name}" if made else f"{report.name} is there already")
        case "list":
            reports = clusters.clusters(aws)
            show(arguments, reports, "\n".join(report.text() for report in reports) or "there is no cluster")
        case "describe":
            report = clusters.described(aws)
            show(arguments, report, report.text())
        case _:
            if not arguments.yes:
                confirm(f"Delete the cluster {aws.ecs.cluster}?")
            report = clusters.delete_cluster(aws)
            show(arguments, report, f"deleted the cluster {report.name}")
    return 0
