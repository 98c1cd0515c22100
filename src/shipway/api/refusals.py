"""Errors from before a handler is known (signature, size, routing), in the dialect of the service."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

import msgspec

JSON_11 = "application/x-amz-json-1.1"
XML = "text/xml"


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    content_type: str
    body: bytes


CODES: dict[str, tuple[str, str, str]] = {
    "missing_token": ("MissingAuthenticationTokenException", "MissingAuthenticationToken", "AccessDenied"),
    "unknown_key": ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"),
    "mismatch": ("InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"),
    "expired": ("InvalidSignatureException", "RequestExpired", "RequestTimeTooSkewed"),
    "skewed": ("InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed"),
    "incomplete": ("IncompleteSignatureException", "IncompleteSignature", "AuthorizationHeaderMalformed"),
    "too_large": ("RequestEntityTooLargeException", "RequestEntityTooLarge", "EntityTooLarge"),
    "unknown_operation": ("UnknownOperationException", "InvalidAction", "MethodNotAllowed"),
    "failed": ("InternalFailure", "InternalFailure", "InternalError"),
}
"""Each kind of refusal: its code in JSON services, in query services, and in Amazon S3."""

STATUS = {"too_large": 413, "failed": 500}
QUERY_STATUS = {"unknown_operation": 400, "incomplete": 400, "expired": 400} | STATUS


def refusal(kind: str, message: str, service: str, *, query: bool, request_id: str) -> Refusal:
    """`query` says that the request was a form with an Action, not JSON."""
    json_code, query_code, s3_code = CODES[kind]
    if service.startswith("s3"):
        body = f"<Error>{code_and_text(s3_code, message)}<RequestId>{request_id}</RequestId></Error>"
        return Refusal(QUERY_STATUS.get(kind, 403), XML, body.encode())
    if service == "ec2":
        code = "AuthFailure" if kind in ("mismatch", "unknown_key") else query_code
        error = f"<Errors><Error>{code_and_text(code, message)}</Error></Errors>"
        body = f"<Response>{error}<RequestID>{request_id}</RequestID></Response>"
        return Refusal(QUERY_STATUS.get(kind, 403), XML, body.encode())
    if query:
        error = f"<Error><Type>Sender</Type>{code_and_text(query_code, message)}</Error>"
        body = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
        return Refusal(QUERY_STATUS.get(kind, 403), XML, body.encode())
    body_json = msgspec.json.encode({"__type": json_code, "message": message})
    return Refusal(STATUS.get(kind, 400), JSON_11, body_json)


def code_and_text(code: str, message: str) -> str:
    return f"<Code>{code}</Code><Message>{escape(message)}</Message>"
