"""Keys for the roles of tasks: the same after a restart, unguessable, gone with the task."""

from __future__ import annotations

import msgspec
import pytest

from shipway.instances.credentials import TaskRole
from shipway.local.role_credentials import RoleCredentials
from shipway.local.settings import Credentials
from shipway.model.arn import Place
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.store import Store
from tests.local.conftest import StandingClock

PLACE = Place(account_id="000000000000", region="us-east-1")
OWN = Credentials("AKIAOWN", "own secret")
ROLE_ARN = "arn:aws:iam::000000000000:role/reader"
ROLE = TaskRole("TaskApplication", ROLE_ARN, "roleCredentials")
TASK = Task(
    task_arn=PLACE.task("default", "t1"),
    cluster_arn=PLACE.cluster("default"),
    task_definition_arn=PLACE.task_definition("web", 1),
    created_at=0,
)


@pytest.fixture
def store() -> Store:
    store = Store.open(None)
    definition = TaskDefinition(
        task_definition_arn=TASK.task_definition_arn,
        family="web",
        revision=1,
        registered_at=0,
        body={"taskRoleArn": ROLE_ARN, "containerDefinitions": []},
    )
    with store.transaction() as tx:
        tx.put(definition)
        tx.put(TASK)
    return store


def test_the_front_door_knows_what_was_given(store: Store, clock: StandingClock) -> None:
    """A task's key is found with its role's session as the caller; so is the installation's own."""
    roles = RoleCredentials(OWN, PLACE, store, clock)
    given = roles.credentials_for(TASK, ROLE)
    found = roles.find(given["accessKeyId"])
    assert found is not None
    assert (found.secret_access_key, found.session_token) == (given["secretAccessKey"], given["sessionToken"])
    assert found.arn == "arn:aws:sts::000000000000:assumed-role/reader/t1"
    assert given["expiration"] == "2023-11-15T04:13:20Z"
    own = roles.find("AKIAOWN")
    assert own is not None
    assert (own.secret_access_key, own.arn) == ("own secret", "arn:aws:iam::000000000000:root")


def test_a_restart_forgets_nothing(store: Store, clock: StandingClock) -> None:
    """The keys in running containers still work, though nothing was stored."""
    given = RoleCredentials(OWN, PLACE, store, clock).credentials_for(TASK, ROLE)
    restarted = RoleCredentials(OWN, PLACE, store, clock)
    found = restarted.find(given["accessKeyId"])
    assert found is not None
    assert found.secret_access_key == given["secretAccessKey"]
    assert restarted.credentials_for(TASK, ROLE) == given


def test_keys_end_with_their_task(store: Store, clock: StandingClock) -> None:
    """A stopped task's key is nobody's after a restart, like one that was never given."""
    given = RoleCredentials(OWN, PLACE, store, clock).credentials_for(TASK, ROLE)
    with store.transaction() as tx:
        tx.put(msgspec.structs.replace(TASK, last_status="STOPPED"))
    restarted = RoleCredentials(OWN, PLACE, store, clock)
    assert restarted.find(given["accessKeyId"]) is None
    assert restarted.find("ASIANEVERGIVEN") is None
    assert restarted.find("AKIAOTHER") is None


def test_keys_differ_by_task_role_and_installation(store: Store, clock: StandingClock) -> None:
    """Nothing of one tells anything of another."""
    other_task = msgspec.structs.replace(TASK, task_arn=PLACE.task("default", "t2"))
    other_role = TaskRole("TaskExecution", ROLE_ARN, "executionRoleCredentials")
    roles = RoleCredentials(OWN, PLACE, store, clock)
    elsewhere = RoleCredentials(Credentials("AKIAOWN", "another secret"), PLACE, store, clock)
    given = [
        roles.credentials_for(TASK, ROLE),
        roles.credentials_for(other_task, ROLE),
        roles.credentials_for(TASK, other_role),
        elsewhere.credentials_for(TASK, ROLE),
    ]
    for member in ("accessKeyId", "secretAccessKey", "sessionToken", "credentialsId"):
        assert len({document[member] for document in given}) == 4, member
