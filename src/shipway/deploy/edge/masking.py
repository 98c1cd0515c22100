"""Everything that this process prints goes through here: no secret that it met is read in a log."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, cast

from shipway.deploy.planning import masking


class Secrets:
    """The secret values that were met so far; as long as the process lives, since its output does."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def learn(self, value: Any) -> None:
        """Of what is sent to or comes from AWS, or stands in the user's file."""
        self._add(masking.secrets_in(value))

    def learn_environment(self, variables: Mapping[str, str]) -> None:
        self._add(masking.secrets_in_environment(variables))

    def masked(self, text: str) -> str:
        return masking.masked(text, self._values)

    def _add(self, values: Iterator[str]) -> None:
        self._values.update(spelled for value in values for spelled in masking.spellings(value))


SECRETS = Secrets()


class MaskedStream:
    """A text stream before another one."""

    def __init__(self, stream: TextIO, secrets: Secrets) -> None:
        self._stream = stream
        self._secrets = secrets

    def write(self, text: str) -> int:
        self._stream.write(self._secrets.masked(text))
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def masked_output(variables: Mapping[str, str]) -> Iterator[None]:
    """Within, stdout and stderr mask what these variables and later findings call secret."""
    SECRETS.learn_environment(variables)
    streams = sys.stdout, sys.stderr
    sys.stdout = cast(TextIO, MaskedStream(streams[0], SECRETS))
    sys.stderr = cast(TextIO, MaskedStream(streams[1], SECRETS))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
