"""AWS query: a form in, XML out, as Elastic Load Balancing speaks it.

The form is flat: `Targets.member.1.Id=10.0.0.1`, `Tags.entry.1.key=a`. Decoding follows the input shape and
asks the form for the names that the shape can have; encoding follows the output shape.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import msgspec

from shipway.api.errors import ApiError
from shipway.api.faults import fault_of
from shipway.api.shapes import Operation, ServiceShapes

CONTENT_TYPE = "text/xml"
FIELDS_MAX = 10_000

Form = dict[str, str]


def read_form(body: bytes, query: str = "") -> Form:
    """The form of a request, from its body, or from its query string for GET."""
    try:
        text = body.decode() if body else query
        return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=False, max_num_fields=FIELDS_MAX))
    except (ValueError, UnicodeDecodeError) as error:
        raise ApiError("MalformedQueryString", f"The request's form can not be read: {error}") from error


def decode(shapes: ServiceShapes, operation: Operation, body: bytes) -> Any:
    """The request as the operation's Struct. Raises ApiError for what the model does not allow."""
    form = read_form(body)
    plain = structure_of(shapes, operation.input_shape, form, "") if operation.input_shape else {}
    try:
        return msgspec.convert(plain, operation.input_type)
    except msgspec.ValidationError as error:
        text = fault_of(error, plain).text
        raise ApiError("ValidationError", f"1 validation error detected: {text}") from error


def structure_of(shapes: ServiceShapes, shape_name: str, form: Form, prefix: str) -> dict[str, Any]:
    """The members of a structure that the form names. Keys of the form are consumed by prefix."""
    found = {}
    for member, reference in shapes.shapes[shape_name]["members"].items():
        value = value_of(shapes, reference["shape"], form, prefix + member)
        if value is not None:
            found[member] = value
    return found


def value_of(shapes: ServiceShapes, shape_name: str, form: Form, name: str) -> Any:
    shape = shapes.shapes[shape_name]
    kind = shape["type"]
    if kind not in ("structure", "list", "map"):
        text = form.get(name)
        return None if text is None else scalar_of(kind, text)
    if not any(key.startswith(name + ".") for key in form):
        return None if name not in form else {} if kind == "structure" else [] if kind == "list" else {}
    if kind == "structure":
        return structure_of(shapes, shape_name, form, name + ".")
    if kind == "list":
        return list_of(shapes, shape["member"]["shape"], form, name + ".member.")
    return map_of(shapes, shape["value"]["shape"], form, name + ".entry.")


def list_of(shapes: ServiceShapes, shape_name: str, form: Form, prefix: str) -> list[Any]:
    values = (value_of(shapes, shape_name, form, f"{prefix}{number}") for number in numbers_in(form, prefix))
    return [value for value in values if value is not None]


def map_of(shapes: ServiceShapes, shape_name: str, form: Form, prefix: str) -> dict[str, Any]:
    return {
        form[f"{prefix}{number}.key"]: value_of(shapes, shape_name, form, f"{prefix}{number}.value")
        for number in numbers_in(form, prefix)
        if f"{prefix}{number}.key" in form
    }


def numbers_in(form: Form, prefix: str) -> list[int]:
    """The list positions that the form names, in order; gaps are closed."""
    rests = {key[len(prefix) :].partition(".")[0] for key in form if key.startswith(prefix)}
    return sorted(int(rest) for rest in rests if rest.isascii() and rest.isdigit() and len(rest) < 10)


def scalar_of(kind: str, text: str) -> Any:
    """A scalar of the shape's type. Text that is none stays text: the decoder says so, with its path."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
        if kind == "timestamp":
            return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return text
    return text


def encode(shapes: ServiceShapes, operation: Operation, answer: dict[str, Any], request_id: str) -> bytes:
    members = ""
    if operation.output_shape:
        members = xml_of(shapes, operation.output_shape, answer)
    if operation.result_wrapper:
        members = f"<{operation.result_wrapper}>{members}</{operation.result_wrapper}>"
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    namespace = shapes.metadata["xmlNamespace"]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{operation.name}Response xmlns="{namespace}">'
        f"{members}{metadata}</{operation.name}Response>"
    ).encode()


def xml_of(shapes: ServiceShapes, shape_name: str, value: Any) -> str:
    """A value's XML, without the element around it."""
    shape = shapes.shapes[shape_name]
    kind = shape["type"]
    if kind == "structure":
        return "".join(
            f"<{member}>{xml_of(shapes, reference['shape'], value[member])}</{member}>"
            for member, reference in shape["members"].items()
            if value.get(member) is not None
        )
    if kind == "list":
        inside = shape["member"]["shape"]
        return "".join(f"<member>{xml_of(shapes, inside, item)}</member>" for item in value)
    if kind == "map":
        inside = shape["value"]["shape"]
        return "".join(
            f"<entry><key>{text_of('string', key)}</key><value>{xml_of(shapes, inside, item)}</value></entry>"
            for key, item in value.items()
        )
    return text_of(kind, value)


def text_of(kind: str, value: Any) -> str:
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return escape(str(value))


def encode_error(shapes: ServiceShapes, error: ApiError, request_id: str) -> bytes:
    """Handlers may name an error by its shape or by its code; on the wire goes the code."""
    code = shapes.error_codes.get(error.code, error.code)
    fault = "Sender" if error.status < 500 else "Receiver"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse xmlns="{shapes.metadata["xmlNamespace"]}">'
        f"<Error><Type>{fault}</Type><Code>{escape(code)}</Code><Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()
