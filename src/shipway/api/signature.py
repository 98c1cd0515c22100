"""Signature Version 4, verified: who signed this request, and is it still the request that was signed?

The verifier rebuilds the canonical request from what arrived, signs it with the secret that belongs to the
access key id and compares in constant time. Three points where clients differ are met here. Amazon S3 signs
the path as it is; every other service normalises it and encodes it once more. A query string is canonical as
botocore sends it; when that does not match, it is decoded and encoded afresh, because some clients (Go's
among them) sign `%20` and send `+`. The hash of the body comes from `X-Amz-Content-Sha256` only when it is
true of the body, or, for S3, when it says that the body is unsigned. Signing keys are cached: they change
once a day.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote, unquote, unquote_plus

import msgspec

from shipway.seams import Clock

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_MS = 15 * 60 * 1000
EXPIRES_S_MAX = 7 * 24 * 3600
S3_SERVICES = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})
EMPTY_SHA256 = sha256(b"").hexdigest()
MUST_BE_SIGNED = frozenset({b"host", b"x-amz-date", b"x-amz-target"})

Headers = Sequence[tuple[bytes, bytes]]
"""As ASGI gives them: lower-case names, repeated names repeated."""


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key that may sign requests."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    arn: str
    session_token: str | None = field(default=None, repr=False)


class Identity(msgspec.Struct, frozen=True):
    """Who signed, and for which region and service."""

    arn: str
    access_key_id: str
    region: str
    service: str


class SignatureError(Exception):
    """A request that is not signed as it must be. `kind` is one of the keys of `refusals.CODES`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Claim(msgspec.Struct, frozen=True):
    """What a request says about its own signature."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[bytes, ...]
    signature: str
    timestamp: str
    session_token: str | None
    expires_s: int | None = None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


class Verifier:
    """Checks requests against the credentials that `credentials` knows."""

    def __init__(self, credentials: Callable[[str], Credential | None], clock: Clock) -> None:
        self._credentials = credentials
        self._clock = clock

    def verify(self, method: str, path: str, query: str, headers: Headers, body_sha256: str) -> Identity:
        """Raises SignatureError, or says who signed. `path` and `query` are as they came over the wire."""
        values = header_values(headers)
        claim = read_claim(query, values)
        check_moment(claim, self._clock.now_ms())
        credential = self._credentials(claim.access_key_id)
        if credential is None or not token_matches(credential, claim):
            raise SignatureError("unknown_key", "The security token included in the request is invalid.")
        check_signed_headers(claim, values)
        payload = payload_hash(claim, values, body_sha256)
        tail = canonical_tail(claim, values, payload)
        key = signing_key(credential.secret_access_key, claim.date, claim.region, claim.service)
        head = f"{method}\n{canonical_path(path, claim.service)}\n".encode()
        for canonical_query in canonical_queries(query):
            if hmac.compare_digest(sign(key, claim, head + canonical_query + tail), claim.signature.encode()):
                return Identity(credential.arn, claim.access_key_id, claim.region, claim.service)
        raise SignatureError(
            "mismatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS "
            "Secret Access Key and signing method. Consult the service documentation for details.",
        )


def header_values(headers: Headers) -> dict[bytes, bytes]:
    """Each header's canonical value; repeated headers are joined by commas."""
    values: dict[bytes, bytes] = {}
    for name, value in headers:
        tidy = b" ".join(value.split())
        values[name] = values[name] + b"," + tidy if name in values else tidy
    return values


def read_claim(query: str, values: dict[bytes, bytes]) -> Claim:
    authorization = values.get(b"authorization")
    if authorization is not None:
        return claim_of_header(authorization.decode("latin-1"), values)
    if "X-Amz-Algorithm=" in query or "X-Amz-Signature=" in query:
        return claim_of_query(query)
    raise SignatureError("missing_token", "Missing Authentication Token")


def claim_of_header(authorization: str, values: dict[bytes, bytes]) -> Claim:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise incomplete(f"Authorization header requires '{ALGORITHM}' as its algorithm.")
    parts = dict([part.strip().partition("=")[::2] for part in rest.split(",")])
    for name in ("Credential", "SignedHeaders", "Signature"):
        if not parts.get(name):
            raise incomplete(f"Authorization header requires '{name}' parameter.")
    access_key_id, date, region, service = credential_parts(parts["Credential"])
    token = values.get(b"x-amz-security-token")
    return Claim(
        access_key_id,
        date,
        region,
        service,
        tuple(parts["SignedHeaders"].encode().split(b";")),
        parts["Signature"],
        timestamp_of(values),
        token.decode("latin-1") if token is not None else None,
    )


def claim_of_query(query: str) -> Claim:
    pairs = (pair.partition("=") for pair in query.split("&"))
    values = {name: unquote(value) for name, _, value in pairs if name.startswith("X-Amz-")}
    for name in ("Algorithm", "Credential", "Date", "SignedHeaders", "Signature"):
        if not values.get(f"X-Amz-{name}"):
            raise incomplete(f"AWS query-string parameters must include 'X-Amz-{name}'.")
    if values["X-Amz-Algorithm"] != ALGORITHM:
        raise incomplete(f"X-Amz-Algorithm must be '{ALGORITHM}'.")
    expires = values.get("X-Amz-Expires", "3600")
    if not expires.isascii() or not expires.isdigit() or not 1 <= int(expires[:9]) <= EXPIRES_S_MAX:
        raise incomplete("X-Amz-Expires must be a number of seconds from 1 to 604800.")
    access_key_id, date, region, service = credential_parts(values["X-Amz-Credential"])
    return Claim(
        access_key_id,
        date,
        region,
        service,
        tuple(values["X-Amz-SignedHeaders"].encode().split(b";")),
        values["X-Amz-Signature"],
        values["X-Amz-Date"],
        values.get("X-Amz-Security-Token"),
        int(expires),
    )


def credential_parts(credential: str) -> tuple[str, str, str, str]:
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request" or not all(parts):
        raise incomplete("Credential must have the form KEY/DATE/REGION/SERVICE/aws4_request.")
    return parts[0], parts[1], parts[2], parts[3]


def incomplete(message: str) -> SignatureError:
    return SignatureError("incomplete", message)


def timestamp_of(values: dict[bytes, bytes]) -> str:
    stamp = values.get(b"x-amz-date") or values.get(b"date")
    if stamp is None:
        raise incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    text = stamp.decode("latin-1")
    if BASIC_TIME.fullmatch(text):
        return text
    try:
        return basic_time(int(parsedate_to_datetime(text).timestamp() * 1000))
    except (ValueError, TypeError) as error:
        raise incomplete("Date must be in ISO-8601 'basic format'.") from error


BASIC_TIME = re.compile(r"\d{8}T\d{6}Z", re.ASCII)


def basic_time(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")


@lru_cache(maxsize=64)
def moment_of(timestamp: str) -> int:
    try:
        parsed = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise incomplete(f"Date must be in ISO-8601 'basic format'. Got '{timestamp}'.") from error
    return int(parsed.timestamp()) * 1000


def check_moment(claim: Claim, now_ms: int) -> None:
    signed_ms = moment_of(claim.timestamp)
    if claim.date != claim.timestamp[:8]:
        message = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:"
        raise SignatureError("mismatch", f"{message} '{claim.date}' != '{claim.timestamp[:8]}'.")
    expires_ms = SKEW_MS if claim.expires_s is None else claim.expires_s * 1000
    if signed_ms + expires_ms < now_ms:
        earliest = f"{basic_time(now_ms - expires_ms)} ({basic_time(now_ms)} - {expires_ms // 60_000} min.)"
        raise SignatureError(
            "expired", f"Signature expired: {claim.timestamp} is now earlier than {earliest}"
        )
    if signed_ms > now_ms + SKEW_MS:
        latest = f"{basic_time(now_ms + SKEW_MS)} ({basic_time(now_ms)} + {SKEW_MS // 60_000} min.)"
        message = f"Signature not yet current: {claim.timestamp} is still later than {latest}"
        raise SignatureError("skewed", message)


def token_matches(credential: Credential, claim: Claim) -> bool:
    given, wanted = claim.session_token or "", credential.session_token or ""
    return hmac.compare_digest(given.encode(), wanted.encode())


def check_signed_headers(claim: Claim, values: dict[bytes, bytes]) -> None:
    """What decides the request's meaning must be under the signature."""
    for name in MUST_BE_SIGNED:
        if name in values and name not in claim.signed_headers:
            text = name.decode()
            raise SignatureError("mismatch", f"'{text}' must be a 'SignedHeader' in the AWS Authorization.")


def payload_hash(claim: Claim, values: dict[bytes, bytes], body_sha256: str) -> str:
    declared = values.get(b"x-amz-content-sha256", b"").decode("latin-1")
    if claim.service in S3_SERVICES:
        if not declared and claim.expires_s is not None:
            return "UNSIGNED-PAYLOAD"
        if declared == "UNSIGNED-PAYLOAD" or declared.startswith("STREAMING-"):
            return declared
    if declared and not hmac.compare_digest(declared.encode(), body_sha256.encode()):
        message = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise SignatureError("mismatch", message)
    return body_sha256


@lru_cache(maxsize=256)
def canonical_path(path: str, service: str) -> str:
    if service in S3_SERVICES:
        return path or "/"
    return quote(normalized(path), safe="/~")


def normalized(path: str) -> str:
    """RFC 3986 dot segments removed and slashes merged; a closing slash stays."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    closing = "/" if kept and path.endswith("/") else ""
    return "/" + "/".join(kept) + closing


def canonical_queries(query: str) -> Iterable[bytes]:
    """The query string as botocore signs it, then as a client that encodes otherwise would have."""
    if not query:
        yield b""
        return
    pairs = [
        tuple(pair.partition("=")[::2])
        for pair in query.split("&")
        if not pair.startswith("X-Amz-Signature=")
    ]
    yield "&".join(f"{name}={value}" for name, value in sorted(pairs)).encode()
    fresh = sorted(
        (quote(unquote_plus(name), safe="-_.~"), quote(unquote_plus(value), safe="-_.~"))
        for name, value in pairs
    )
    yield "&".join(f"{name}={value}" for name, value in fresh).encode()


def canonical_tail(claim: Claim, values: dict[bytes, bytes], payload: str) -> bytes:
    """Everything below the query string: headers, their names, and the body's hash."""
    names = claim.signed_headers
    lines = b"".join([b"%b:%b\n" % (name, values.get(name, b"")) for name in names])
    return b"\n%b\n%b\n%b" % (lines, b";".join(names), payload.encode())


@lru_cache(maxsize=256)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def sign(key: bytes, claim: Claim, canonical_request: bytes) -> bytes:
    text = f"{ALGORITHM}\n{claim.timestamp}\n{claim.scope}\n{sha256(canonical_request).hexdigest()}"
    return hmac.digest(key, text.encode(), "sha256").hex().encode()
