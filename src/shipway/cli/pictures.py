"""`--svg FILE` and `--png FILE`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from shipway.deploy.errors import DeployError

if TYPE_CHECKING:
    from shipway.drawing.timeline import Timeline


def add_pictures(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--svg", metavar="FILE", help=f"draw {what} over time")
    parser.add_argument("--png", metavar="FILE", help="the same as PNG")


def pictures_to(arguments: argparse.Namespace) -> Callable[[tuple[Timeline, ...]], None]:
    """What draws them. A missing folder or matplotlib is told at once: nothing is done for nothing."""
    pictures = {form: file for form in ("svg", "png") if (file := getattr(arguments, form)) is not None}
    if not pictures:
        return lambda timelines: None
    for file in pictures.values():
        if not Path(file).absolute().parent.is_dir():
            raise DeployError(f"{file} cannot be written: No such file or directory. Name another file.")
    from shipway.drawing.picture import picture

    def draw(timelines: tuple[Timeline, ...]) -> None:
        for form, file in pictures.items():
            write(Path(file), picture(timelines, form))

    return draw


def write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise DeployError(f"{file} cannot be written: {error.strerror}. Name another file.") from None
