"""The seam to AWS: an operation in, its answer out, refusals as sentences, members unknown to the SDK raw."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from shipway.deploy.edge.masking import SECRETS
from shipway.deploy.errors import AwsRefusal, DeployError, NoCredentials
from shipway.deploy.permissions.table import action_of, refused_action
from shipway.deploy.planning.references import DOMAINS

# What AWS cannot know for the same call when it comes again, and may not do twice.
SENT_ONCE = frozenset(("StartTask",))
# Of endpoints with IPv6.
DUAL_STACK = ("api.aws", "api.amazonwebservices.com.cn", "api.amazonwebservices.eu")
# The call has not arrived.
NEVER_SENT = frozenset(("ConnectTimeoutError", "EndpointConnectionError", "SSLError", "ProxyConnectionError"))
# How often the SDK sends a call that AWS throttles or that is lost, the first time included.
ATTEMPTS = 5
CREDENTIAL_CODES = frozenset(
    (
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "AuthFailure",
    )
)
# Not botocore's list, which has LimitExceededException too: waiting does not heal a limit of ECS's.
THROTTLING_CODES = frozenset(
    (
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
    )
)
UNSIGNED_KINDS = frozenset(
    (
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "TokenRetrievalError",
        "SSOTokenLoadError",
        "UnauthorizedSSOTokenError",
    )
)
DENIED_CODES = frozenset(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"))


class Calls(Protocol):
    """One AWS service."""

    def call(self, operation: str, members: dict[str, Any]) -> dict[str, Any]:
        """Send the operation's members, return its answer; a refusal is an AwsRefusal."""
        ...


class CallsWhenAsked:
    """A service that is opened with its first call: a client reads a large model, and few verbs use all."""

    def __init__(self, open_calls: Callable[[], BotoCalls], where: str) -> None:
        self._open = open_calls
        self._where = where
        self._calls: BotoCalls | None = None

    def call(self, operation: str, members: dict[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError

        if self._calls is None:
            try:
                self._calls = self._open()
            except BotoCoreError as error:
                raise unsent(operation, error, self._where) from None
        return self._calls.call(operation, members)

    def raw_answer(self) -> dict[str, Any] | None:
        return self._calls.raw_answer() if self._calls is not None else None


class UnreadableAnswer(Exception):
    """Success, by its status, with a body that is not JSON."""


class Throttled:
    """Who is told that AWS throttles a call, which the SDK then sends again after a random pause."""

    def __init__(self) -> None:
        self.tell: Callable[[str], None] | None = None

    def note(self, operation_model: Any, response: Any, attempts: int) -> None:
        code = response[1].get("Error", {}).get("Code") if response is not None else None
        if code in THROTTLING_CODES and self.tell is not None and attempts < ATTEMPTS:
            self.tell(f"AWS throttles {operation_model.name} ({code}); sent again, attempt {attempts + 1}.")


class BotoCalls:
    """A service by a boto3 client. What its model does not know goes into the JSON body as written."""

    def __init__(self, client: Any, where: str, throttled: Throttled | None = None) -> None:
        self._client = client
        self._throttled = throttled
        self._where = named_place(client.meta.endpoint_url, where)
        self._raw_members: dict[str, Any] | None = None
        self._raw_answer: dict[str, Any] | None = None
        self._unsure = False
        protocol = client.meta.service_model.metadata.get("protocol")
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"needs-retry.{service}", self._note_retry)
        if protocol == "json":
            client.meta.events.register(f"before-call.{service}", self._add_raw_members)
            client.meta.events.register(f"after-call.{service}", self._keep_raw_answer)

    def call(self, operation: str, members: dict[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        model = self._client.meta.service_model.operation_model(operation)
        known, unknown = known_and_unknown(model.input_shape, members)
        self._raw_members, self._raw_answer, self._unsure = unknown, None, False
        SECRETS.learn(members)
        try:
            answer: dict[str, Any] = self._client._make_api_call(operation, known)
        except ClientError as error:
            raise self._refusal(operation, dict(error.response), members.get("cluster")) from None
        except BotoCoreError as error:
            raise unsent(operation, error, self._where) from None
        except (ResponseParserError, UnreadableAnswer):
            raise DeployError(unreadable_sentence(operation, self._where)) from None
        answer.pop("ResponseMetadata", None)
        SECRETS.learn(answer)
        return answer

    def _note_retry(self, operation: Any, response: Any, attempts: int, **more: Any) -> None:
        lost = more.get("caught_exception")
        lost = None if type(lost).__name__ in NEVER_SENT else lost
        if lost is not None or (response is not None and response[0].status_code >= 500):
            self._unsure = True
        if lost is not None and operation.name in SENT_ONCE:
            raise lost
        if self._throttled is not None:
            self._throttled.note(operation, response, attempts)

    def raw_answer(self) -> dict[str, Any] | None:
        """The last answer as it came, with members that the installed SDK's model drops."""
        return self._raw_answer

    def _add_raw_members(self, params: dict[str, Any], **_: Any) -> None:
        if self._raw_members:
            params["body"] = json.dumps(overlaid(json.loads(params["body"]), self._raw_members)).encode()

    def _keep_raw_answer(self, http_response: Any, **_: Any) -> None:
        if http_response.status_code == 200:
            try:
                self._raw_answer = json.loads(http_response.content or b"{}")
            except ValueError:
                raise UnreadableAnswer from None

    def _refusal(self, operation: str, response: dict[str, Any], cluster: Any) -> AwsRefusal:
        error = response.get("Error", {})
        code, message = str(error.get("Code", "Unknown")), str(error.get("Message", "")).strip()
        if code == "ClusterNotFoundException" and cluster:
            sentence = (
                f"The cluster {cluster!r} does not exist at {self._where}. Correct the name, or create it."
            )
        elif message.startswith("<"):
            sentence = unreadable_sentence(operation, self._where)
        else:
            action = action_of(self._client.meta.service_model.service_name, operation)
            sentence = refusal_sentence(operation, code, message, self._where, action)
        return AwsRefusal(sentence, operation=operation, code=code, unsure=self._unsure)


def named_place(endpoint_url: str, where: str) -> str:
    """AWS_ENDPOINT_URL and its like lead elsewhere; then the address says more than the region."""
    host = urlsplit(endpoint_url).hostname or ""
    elsewhere = where.startswith("AWS") and not host.endswith(
        tuple(f".{domain}" for domain in (*DOMAINS, *DUAL_STACK))
    )
    return endpoint_url if elsewhere else where


def refusal_sentence(operation: str, code: str, message: str, where: str, action: str) -> str:
    if code in CREDENTIAL_CODES:
        return (
            f"{operation} at {where} refused the credentials ({code}: {message.rstrip('.')}). "
            "Check the profile or the AWS_* variables in use, or sign in again."
        )
    if code in DENIED_CODES:
        said = f"{operation} at {where} is not allowed ({message.rstrip('.')})."
        if "explicit deny" in message:
            return f"{said} A policy denies it, so allowing it elsewhere does not help: change that policy."
        return (
            f"{said} Allow these credentials {refused_action(message) or action} (`shipway iam` prints all "
            "that is needed), or use a profile that has it."
        )
    return f"{operation} at {where} was refused: {code}: {message}"


def unreadable_sentence(operation: str, where: str) -> str:
    return (
        f"{operation}: {where} answered with something that is not AWS's (a proxy's page, or a server that "
        "failed). Check the endpoint, and what stands between."
    )


def unsent(operation: str, error: Exception, where: str) -> DeployError:
    kind = type(error).__name__
    sentence = unsent_sentence(operation, kind, str(error), where)
    return NoCredentials(sentence) if kind in UNSIGNED_KINDS else DeployError(sentence)


def unsent_sentence(operation: str, kind: str, message: str, where: str) -> str:
    if kind in UNSIGNED_KINDS:
        return (
            f"{operation}: there are no AWS credentials ({message.rstrip('.')}). "
            "Sign in, name a --profile, or rehearse with -e local."
        )
    if kind in (
        "EndpointConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ConnectionClosedError",
    ):
        advice = "Check the network and the region."
        if where.startswith("local ECS"):
            advice = "`shipway local status` tells whether it runs, `shipway local up` starts it."
        return f"{operation}: {where} does not answer ({message.rstrip('.')}). {advice}"
    return f"{operation} could not be sent to {where}: {message.strip()}"


def known_and_unknown(shape: Any, value: Any) -> tuple[Any, Any]:
    """The value in two parts of the same form: what the shape knows, and the rest (None if there is none)."""
    kind = getattr(shape, "type_name", None)
    if kind == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        known: dict[Any, Any] = {}
        unknown: dict[Any, Any] = {}
        for key, item in value.items():
            if key not in shape.members:
                unknown[key] = item
                continue
            known[key], rest = known_and_unknown(shape.members[key], item)
            if rest is not None:
                unknown[key] = rest
        return known, unknown or None
    if kind == "list" and isinstance(value, list | tuple):
        pairs = [known_and_unknown(shape.member, item) for item in value]
        rests = {index: rest for index, (_, rest) in enumerate(pairs) if rest is not None}
        return [known for known, _ in pairs], rests or None
    return value, None


def overlaid(body: Any, unknown: Any) -> Any:
    """The body with the unknown members put back at their places."""
    if isinstance(body, list) and isinstance(unknown, dict):
        return [
            overlaid(item, unknown[index]) if index in unknown else item for index, item in enumerate(body)
        ]
    if isinstance(body, dict) and isinstance(unknown, dict):
        return body | {key: overlaid(body.get(key), item) for key, item in unknown.items()}
    return unknown
