"""ECR through boto3: repositories, and the registry's images."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.front_door import FrontDoor


@pytest.fixture
def ecr(front_door: FrontDoor) -> Any:
    """A client, with one repository."""
    client = front_door.client("ecr")
    client.create_repository(repositoryName="team/hello", tags=[{"Key": "a", "Value": "1"}])
    return client


def error_of(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return f"{refused.value.response['Error']['Code']}: {refused.value.response['Error']['Message']}"


def test_a_repositorys_uri_is_the_registrys_address(ecr: Any) -> None:
    """What is described can be given to `docker push`."""
    (repository,) = ecr.describe_repositories(repositoryNames=["team/hello"])["repositories"]
    assert repository["repositoryUri"] == "127.0.0.1:4701/team/hello"
    assert repository["repositoryArn"] == "arn:aws:ecr:us-east-1:000000000000:repository/team/hello"


def test_the_authorization_token_is_a_docker_login(ecr: Any) -> None:
    """User AWS and the registry's password, for the registry's address."""
    (data,) = ecr.get_authorization_token()["authorizationData"]
    assert base64.b64decode(data["authorizationToken"]) == b"AWS:s3cret"
    assert data["proxyEndpoint"] == "http://127.0.0.1:4701"


def test_names_are_unique_and_checked(ecr: Any) -> None:
    """A second one of the name, a missing one, and a name that Docker would not take."""
    registry = "registry with id '000000000000'"
    assert error_of(ecr.create_repository, repositoryName="team/hello") == (
        "RepositoryAlreadyExistsException: "
        f"The repository with name 'team/hello' already exists in the {registry}"
    )
    assert error_of(ecr.describe_repositories, repositoryNames=["none"]) == (
        f"RepositoryNotFoundException: The repository with name 'none' does not exist in the {registry}"
    )
    assert error_of(ecr.create_repository, repositoryName="Team").startswith("InvalidParameterException")


def test_repositories_come_in_pages(ecr: Any) -> None:
    """boto3's paginator finds each once."""
    for number in range(4):
        ecr.create_repository(repositoryName=f"r{number}")
    pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 2})
    names = [repository["repositoryName"] for page in pages for repository in page["repositories"]]
    assert names == ["r0", "r1", "r2", "r3", "team/hello"]
    assert "nextToken" in error_of(ecr.describe_repositories, nextToken="bm8=")


def test_images_are_what_the_registry_holds(front_door: FrontDoor, ecr: Any) -> None:
    """Tags of one digest are one image; images are found by tag and by digest."""
    first = front_door.registry.push("team/hello", "v1", b'{"a": 1}')
    front_door.registry.push("team/hello", "latest", b'{"a": 1}')
    second = front_door.registry.push("team/hello", "v2", b'{"a": 2}')
    details = ecr.describe_images(repositoryName="team/hello")["imageDetails"]
    assert {(image["imageDigest"], tuple(image["imageTags"])) for image in details} == {
        (first, ("latest", "v1")),
        (second, ("v2",)),
    }
    assert {image["imageSizeInBytes"] for image in details} == {1234}
    listed = ecr.list_images(repositoryName="team/hello")["imageIds"]
    assert len(listed) == 3 and {"imageDigest": second, "imageTag": "v2"} in listed
    by_tag = ecr.describe_images(repositoryName="team/hello", imageIds=[{"imageTag": "v2"}])
    assert [image["imageDigest"] for image in by_tag["imageDetails"]] == [second]

    got = ecr.batch_get_image(
        repositoryName="team/hello", imageIds=[{"imageDigest": first}, {"imageTag": "no"}]
    )
    assert [image["imageManifest"] for image in got["images"]] == ['{"a": 1}']
    assert [failure["failureCode"] for failure in got["failures"]] == ["ImageNotFound"]
    missing = error_of(ecr.describe_images, repositoryName="team/hello", imageIds=[{"imageTag": "no"}])
    assert missing.startswith(
        "ImageNotFoundException: The image with imageId {imageDigest:'null', imageTag:'no'}"
    )


def test_images_are_deleted_with_their_tags(front_door: FrontDoor, ecr: Any) -> None:
    """What is deleted is gone from the registry."""
    digest = front_door.registry.push("team/hello", "v1", b"{}")
    wanted = [{"imageTag": "v1"}, {"imageTag": "v1"}]
    answer = ecr.batch_delete_image(repositoryName="team/hello", imageIds=wanted)
    assert answer["imageIds"] == [{"imageDigest": digest, "imageTag": "v1"}]
    assert len(answer["failures"]) == 1
    assert ecr.describe_images(repositoryName="team/hello")["imageDetails"] == []


def test_a_repository_with_images_goes_only_by_force(front_door: FrontDoor, ecr: Any) -> None:
    """Without force the images are safe."""
    front_door.registry.push("team/hello", "v1", b"{}")
    refused = error_of(ecr.delete_repository, repositoryName="team/hello")
    assert refused.startswith("RepositoryNotEmptyException") and "still contains images" in refused
    ecr.delete_repository(repositoryName="team/hello", force=True)
    assert ecr.describe_repositories()["repositories"] == []
    assert front_door.registry.pushed == {"team/hello": {}}


def test_policies_and_tags_are_kept(ecr: Any) -> None:
    """They are given back as they were given."""
    arn = "arn:aws:ecr:us-east-1:000000000000:repository/team/hello"
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["b"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "a", "Value": "3"}]
    policy = '{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any"}}]}'.ljust(100)
    name = {"repositoryName": "team/hello"}
    ecr.put_lifecycle_policy(lifecyclePolicyText=policy, **name)
    assert ecr.get_lifecycle_policy(**name)["lifecyclePolicyText"] == policy
    assert ecr.delete_lifecycle_policy(**name)["lifecyclePolicyText"] == policy
    assert error_of(ecr.get_lifecycle_policy, **name).startswith("LifecyclePolicyNotFoundException")
    ecr.set_repository_policy(policyText="{}", **name)
    assert ecr.delete_repository_policy(**name)["policyText"] == "{}"
    assert error_of(ecr.get_repository_policy, **name).startswith("RepositoryPolicyNotFoundException")
