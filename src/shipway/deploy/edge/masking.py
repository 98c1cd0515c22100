"""Everything that this process prints goes through here: no secret that it met is read in a log."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, cast

from shipway.deploy.planning import masking


class Secrets:
    """The secret values that a verb has met so far."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def learn(self, value: Any) -> None:
        """Of what is sent to or comes from AWS, or stands in the user's file."""
        self.add(masking.secrets_in(value))

    def learn_environment(self, variables: Mapping[str, str]) -> None:
        self.add(masking.secrets_in_environment(variables))

    def masked(self, text: str) -> str:
        return masking.masked(text, self._values)

    def masked_document(self, value: Any) -> Any:
        """Its texts masked, its members' names as they are: a secret may be a word that we use ourselves."""
        if isinstance(value, dict):
            return {key: self.masked_document(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.masked_document(item) for item in value]
        return self.masked(value) if isinstance(value, str) else value

    def forget(self) -> None:
        self._values.clear()

    def add(self, values: Iterable[str]) -> None:
        self._values.update(spelled for value in values for spelled in masking.spellings(value))


SECRETS = Secrets()


class MaskedStream:
    """A text stream before another one, which is `unmasked`."""

    def __init__(self, stream: TextIO, secrets: Secrets) -> None:
        self.unmasked = stream
        self._secrets = secrets

    def write(self, text: str) -> int:
        self.unmasked.write(self._secrets.masked(text))
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unmasked, name)


def print_masked(document_text: str) -> None:
    """For what is masked already, part by part."""
    print(document_text, file=getattr(sys.stdout, "unmasked", sys.stdout))


@contextmanager
def masked_output(variables: Mapping[str, str]) -> Iterator[None]:
    """Within, stdout and stderr mask what these variables and later findings call secret."""
    SECRETS.forget()
    SECRETS.learn_environment(variables)
    streams = sys.stdout, sys.stderr
    sys.stdout = cast(TextIO, MaskedStream(streams[0], SECRETS))
    sys.stderr = cast(TextIO, MaskedStream(streams[1], SECRETS))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
