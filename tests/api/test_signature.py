"""Signature Version 4 against botocore's own signers."""

from __future__ import annotations

import string
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from shipway.api.signature import Credential, Identity, SignatureError, Verifier
from shipway.seams import SystemClock

KEY = Credential(
    access_key_id="AKIAME", secret_access_key="secret/+", arn="arn:aws:iam::000000000000:user/me"
)
ROLE = replace(
    KEY, access_key_id="ASIAROLE", arn="arn:aws:iam::000000000000:role/r", session_token="t0k/en+="
)


@dataclass(frozen=True)
class LateClock:
    """The present, shifted."""

    late_ms: int = 0

    def now_ms(self) -> int:
        return SystemClock().now_ms() + self.late_ms


@dataclass(frozen=True)
class Signed:
    """A request as it arrives."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def verified(self, late_ms: int = 0) -> Identity:
        verifier = Verifier({KEY.access_key_id: KEY, ROLE.access_key_id: ROLE}.get, LateClock(late_ms))
        return verifier.verify(
            self.method, self.path, self.query, self.headers, sha256(self.body).hexdigest()
        )

    def refused(self, late_ms: int = 0) -> SignatureError:
        with pytest.raises(SignatureError) as error:
            self.verified(late_ms)
        return error.value

    def with_header(self, name: bytes, value: bytes | None) -> Signed:
        kept = tuple(header for header in self.headers if header[0] != name)
        return replace(self, headers=kept if value is None else (*kept, (name, value)))


def sign(
    url: str = "http://127.0.0.1:4700/",
    body: bytes = b"{}",
    headers: dict[str, str] | None = None,
    signer: Any = SigV4Auth,
    credential: Credential = KEY,
    service: str = "ecs",
) -> Signed:
    """A request signed by botocore, as the server would see it."""
    request = AWSRequest("POST", url, data=body or None, headers=headers or {})
    secret = Credentials(credential.access_key_id, credential.secret_access_key, credential.session_token)
    signer(secret, service, "eu-central-1").add_auth(request)
    parts = urlsplit(str(request.url))
    sent = {"Host": parts.netloc, **request.headers}
    raw = tuple((name.lower().encode(), str(value).encode()) for name, value in sent.items())
    return Signed("POST", parts.path, parts.query, raw, body)


def test_a_signed_request_tells_who_signed_it() -> None:
    """The identity has the key's ARN, and region and service of the credential scope."""
    expected = Identity(KEY.arn, "AKIAME", "eu-central-1", "ecs")
    assert sign(headers={"X-Amz-Target": "A.B"}).verified() == expected


def test_a_presigned_request_needs_no_header() -> None:
    """The signature may stand in the query string."""
    signed = sign(signer=SigV4QueryAuth, body=b"")
    assert b"authorization" not in dict(signed.headers)
    assert signed.verified().access_key_id == "AKIAME"


PRINTABLE = st.text(
    st.sampled_from(string.ascii_letters + string.digits + "-_.~/ %+=&?:@!$'()*,;é猫"), max_size=20
)
NAMES = st.text(st.sampled_from(string.ascii_lowercase + string.digits), min_size=1, max_size=8)
VALUES = st.text(st.sampled_from(string.ascii_letters + string.digits + ' -_.~/%+=&?:@!$(),;"'), max_size=20)


@given(
    path=PRINTABLE,
    query=st.lists(st.tuples(PRINTABLE, PRINTABLE), max_size=5),
    headers=st.dictionaries(NAMES.map("x-amz-meta-".__add__), VALUES, max_size=4),
    body=st.binary(max_size=50),
    signer=st.sampled_from([SigV4Auth, SigV4QueryAuth, S3SigV4Auth, S3SigV4QueryAuth]),
    credential=st.sampled_from([KEY, ROLE]),
)
def test_whatever_botocore_signs_is_accepted_and_nothing_else(
    path: str,
    query: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
    signer: Any,
    credential: Credential,
) -> None:
    """Any path, query, header and body that botocore signs passes; with another path or query it does not."""
    pairs = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query)
    url = f"http://127.0.0.1:4700/{quote(path)}" + (f"?{pairs}" if pairs else "")
    service = "s3" if signer in (S3SigV4Auth, S3SigV4QueryAuth) else "ecs"
    signed_body = b"" if signer in (SigV4QueryAuth, S3SigV4QueryAuth) else body
    signed = sign(url, signed_body, headers, signer, credential, service)
    assert signed.verified().arn == credential.arn
    assert replace(signed, path=signed.path + "x").refused().kind == "mismatch"
    assert replace(signed, query=(signed.query + "&x=1").lstrip("&")).refused().kind == "mismatch"
    assert replace(signed, method="PUT").refused().kind == "mismatch"


def test_every_part_of_a_request_is_under_the_signature() -> None:
    """A changed body, signed header or signature is a mismatch."""
    signed = sign(headers={"X-Amz-Target": "A.B"})
    authorization = dict(signed.headers)[b"authorization"]
    flipped = authorization[:-1] + (b"0" if authorization[-1:] != b"0" else b"1")
    changed = [
        replace(signed, body=b"{} "),
        signed.with_header(b"x-amz-target", b"A.C"),
        signed.with_header(b"host", b"127.0.0.1:4701"),
        signed.with_header(b"authorization", flipped),
        signed.with_header(b"authorization", authorization.replace(b"eu-central-1", b"us-east-1")),
        signed.with_header(b"authorization", authorization.replace(b"/ecs/", b"/iam/")),
    ]
    assert [request.refused().kind for request in changed] == ["mismatch"] * len(changed)


def test_an_unsigned_target_can_not_be_slipped_in() -> None:
    """What decides the meaning of a request must be a signed header, if it is there at all."""
    error = sign().with_header(b"x-amz-target", b"A.DeleteEverything").refused()
    assert (error.kind, error.message) == (
        "mismatch",
        "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
    )


def test_an_unsigned_body_is_for_s3_only() -> None:
    """`UNSIGNED-PAYLOAD` passes where Amazon S3 allows it and nowhere else."""
    header = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    assert sign(headers=header).refused().kind == "mismatch"
    unsigned = sign("http://127.0.0.1:4700/b/k?x=1", b"", signer=S3SigV4QueryAuth, service="s3")
    assert replace(unsigned, body=b"other data").verified().service == "s3"


@pytest.mark.parametrize(
    ("late_ms", "kind"),
    [(-14 * 60_000, None), (14 * 60_000, None), (16 * 60_000, "expired"), (-16 * 60_000, "skewed")],
)
def test_clocks_may_differ_by_a_quarter_of_an_hour(late_ms: int, kind: str | None) -> None:
    """More than 15 minutes early or late is refused, and the text says by what it was measured."""
    signed = sign()
    if kind is None:
        assert signed.verified(late_ms).arn == KEY.arn
    else:
        error = signed.refused(late_ms)
        assert error.kind == kind
        assert ("15 min.)" in error.message) and error.message.startswith("Signature ")


def test_a_presigned_request_expires_when_it_says() -> None:
    """X-Amz-Expires rules, not the clock skew."""

    signed = sign(signer=partial(SigV4QueryAuth, expires=1800), body=b"")
    assert signed.verified(late_ms=29 * 60_000).arn == KEY.arn
    assert signed.refused(late_ms=31 * 60_000).kind == "expired"


def test_a_session_token_must_be_the_right_one() -> None:
    """A role's key is worth nothing without its token, and a user's key has none."""
    assert sign(credential=ROLE).verified().arn == ROLE.arn
    wrong = replace(ROLE, session_token="another")
    assert sign(credential=wrong).refused().kind == "unknown_key"
    assert sign(credential=replace(ROLE, session_token=None)).refused().kind == "unknown_key"
    assert sign(credential=replace(KEY, session_token="t")).refused().kind == "unknown_key"


def test_wrong_keys_are_told_apart() -> None:
    """An unknown key id and a wrong secret are two different errors, as at Amazon's."""
    assert sign(credential=replace(KEY, access_key_id="AKIAOTHER")).refused().kind == "unknown_key"
    assert sign(credential=replace(KEY, secret_access_key="guess")).refused().kind == "mismatch"


@pytest.mark.parametrize(
    "authorization",
    [
        b"Bearer abc",
        b"AWS4-HMAC-SHA256",
        b"AWS4-HMAC-SHA256 Credential=AKIAME/20260101/us-east-1/ecs/aws4_request, Signature=00",
        b"AWS4-HMAC-SHA256 Credential=AKIAME/ecs, SignedHeaders=host, Signature=00",
        b"AWS4-HMAC-SHA256 Credential=////aws4_request, SignedHeaders=host, Signature=00",
        b"AWS4-HMAC-SHA256 \xff\x00,,==",
    ],
)
def test_a_broken_header_is_incomplete(authorization: bytes) -> None:
    """A header that is not of Signature Version 4's form is refused as incomplete."""
    assert sign().with_header(b"authorization", authorization).refused().kind == "incomplete"


def test_a_request_without_any_signature_is_said_to_lack_it() -> None:
    """No header and no query parameters: the token is missing."""
    error = sign().with_header(b"authorization", None).refused()
    assert (error.kind, error.message) == ("missing_token", "Missing Authentication Token")


def test_a_client_that_sends_a_plus_for_a_signed_space_is_understood() -> None:
    """Go's clients sign `%20` and send `+`: the query is then made canonical afresh."""
    signed = sign("http://127.0.0.1:4700/ws?dockerVersion=DockerVersion%3A%2020.10", b"")
    assert replace(signed, query=signed.query.replace("%20", "+")).verified().arn == KEY.arn


def test_no_secret_shows_in_a_credentials_repr() -> None:
    """Credentials may end up in a log; their secrets must not."""
    assert "secret" not in repr(ROLE).replace("secret_access_key", "") and "t0k" not in repr(ROLE)
