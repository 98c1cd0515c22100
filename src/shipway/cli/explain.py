"""`shipway explain`."""

from __future__ import annotations

import argparse

from shipway.cli.options import show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", metavar="CODE", help="for example SW301; all are listed without")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.verification.explaining import every_code, explained, listed

    if arguments.code:
        page = explained(arguments.code)
        show(arguments, {"code": arguments.code.upper(), "page": page}, page)
        return 0
    document = [
        {"code": code, "severity": severity, "title": title} for code, severity, title in every_code()
    ]
    show(arguments, document, listed())
    return 0
