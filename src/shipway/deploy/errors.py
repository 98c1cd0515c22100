"""What the deploy half says when it cannot go on: one or two sentences for the user, and the exit code."""

from __future__ import annotations


class DeployError(Exception):
    """Something the user must know: what, where, why, and what to do. Carries the process's exit code."""

    def __init__(self, sentence: str, *, exit_code: int = 1, details: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.exit_code = exit_code
        self.details = details


class UsageError(DeployError):
    """The command was not well formed: exit code 2."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, exit_code=2)


class NoCredentials(DeployError):
    """A call was not even sent: there are no credentials, or they could not be renewed."""


class AwsRefusal(DeployError):
    """AWS answered a call with an error; `code` is AWS's own name for it.

    `unsure`: an earlier sending of the call was lost, or AWS failed in it; it may have been carried out.
    """

    def __init__(self, sentence: str, *, operation: str, code: str, unsure: bool = False) -> None:
        super().__init__(sentence)
        self.operation = operation
        self.code = code
        self.unsure = unsure
