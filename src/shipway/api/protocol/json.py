"""AWS JSON 1.0 and 1.1: the operation is named by X-Amz-Target, request and answer are JSON objects."""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.api.errors import ApiError
from shipway.api.faults import fault_of
from shipway.api.shapes import Operation, ServiceShapes

CONTENT_TYPE = "application/x-amz-json-1.1"

ENCODER = msgspec.json.Encoder()


def decode(shapes: ServiceShapes, operation: Operation, body: bytes) -> Any:
    """The request as the operation's Struct. Raises ApiError for what the model does not allow."""
    try:
        return operation.decoder.decode(body or b"{}")
    except msgspec.ValidationError as error:
        fault = fault_of(error, msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError("SerializationException", f"The request is not valid JSON: {error}") from error
    if fault.wrong_type:
        raise ApiError("SerializationException", fault.text)
    raise ApiError("InvalidParameterException", f"1 validation error detected: {fault.text}")


def encode(shapes: ServiceShapes, operation: Operation, answer: dict[str, Any], request_id: str) -> bytes:
    return ENCODER.encode(answer)


def encode_error(shapes: ServiceShapes, error: ApiError, request_id: str) -> bytes:
    body = {"__type": error.code}
    if error.message:
        body["message"] = error.message
    return ENCODER.encode({**body, **error.extra})
