"""Every other AWS service, through the same front door and with real signatures."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.api.front_door import FrontDoor


def test_moto_answers_what_is_not_written_here(front_door: FrontDoor) -> None:
    """STS, IAM, SSM, S3 and EC2 work with the installation's account and the client's region."""
    assert front_door.client("sts").get_caller_identity()["Account"] == "000000000000"
    role = front_door.client("iam").create_role(RoleName="task", AssumeRolePolicyDocument="{}")["Role"]
    assert role["Arn"] == "arn:aws:iam::000000000000:role/task"

    ssm = front_door.client("ssm", region_name="eu-west-1")
    ssm.put_parameter(Name="/hello/colour", Value="green", Type="String")
    parameter = ssm.get_parameter(Name="/hello/colour")["Parameter"]
    assert (parameter["Value"], parameter["ARN"].split(":")[3]) == ("green", "eu-west-1")

    s3 = front_door.client("s3")
    s3.create_bucket(Bucket="things")
    s3.put_object(Bucket="things", Key="a folder/ä+b.txt", Body=b"x" * 3_000_000, Metadata={"kind": "blue"})
    found = s3.get_object(Bucket="things", Key="a folder/ä+b.txt")
    assert (len(found["Body"].read()), found["Metadata"]) == (3_000_000, {"kind": "blue"})
    assert s3.head_object(Bucket="things", Key="a folder/ä+b.txt")["ContentLength"] == 3_000_000

    subnets = front_door.client("ec2").describe_subnets()["Subnets"]
    assert {subnet["AvailabilityZone"] for subnet in subnets} >= {"us-east-1a", "us-east-1b", "us-east-1c"}


def test_errors_of_moto_come_through_as_they_are(front_door: FrontDoor) -> None:
    """Code and status are the service's own."""
    with pytest.raises(ClientError) as refused:
        front_door.client("secretsmanager").get_secret_value(SecretId="none")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_classic_load_balancers_are_told_from_ours(front_door: FrontDoor) -> None:
    """The old service shares its signing name; its version tells."""
    classic = front_door.client("elb").describe_load_balancers()
    assert classic["LoadBalancerDescriptions"] == []


def test_keys_that_moto_has_issued_are_good_for_signing(front_door: FrontDoor) -> None:
    """AssumeRole and CreateAccessKey give credentials with which one may go on, and only with their token."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = front_door.client("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument=trust)["Role"]
    session = front_door.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="me")["Credentials"]
    keys: dict[str, Any] = {
        "aws_access_key_id": session["AccessKeyId"],
        "aws_secret_access_key": session["SecretAccessKey"],
    }
    with_token = front_door.client("ecr", aws_session_token=session["SessionToken"], **keys)
    assert with_token.describe_repositories()["repositories"] == []
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        front_door.client("ecr", **keys).describe_repositories()


def test_a_presigned_s3_address_works(front_door: FrontDoor) -> None:
    """A presigned URL uploads without any header of its own."""
    s3 = front_door.client("s3", config=Config(signature_version="s3v4"))
    s3.create_bucket(Bucket="drops")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "drops", "Key": "k"})
    upload = Request(url, data=b"body", headers={"Content-Type": "text/plain"}, method="PUT")
    with urlopen(upload, timeout=20) as answer:
        assert answer.status == 200
    assert s3.get_object(Bucket="drops", Key="k")["Body"].read() == b"body"
