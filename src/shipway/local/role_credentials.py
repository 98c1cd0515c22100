"""Keys for the roles of tasks: derived, not stored, so that a restarted control plane knows those it gave."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

from shipway.api.signature import Credential
from shipway.instances.credentials import TaskRole, credentials_id, task_roles
from shipway.local.settings import Credentials
from shipway.model.arn import Place
from shipway.model.task import Task
from shipway.seams import Clock
from shipway.store import Store
from shipway.store.definitions import definition_of

LIFETIME_MS = 6 * 60 * 60 * 1000  # as Amazon gives; refreshed long before


class RoleCredentials:
    """One key pair for each role of each task. There are no policies: a role may do what its owner may."""

    def __init__(self, credentials: Credentials, place: Place, store: Store, clock: Clock) -> None:
        self._own = Credential(
            credentials.access_key_id, credentials.secret_access_key, iam_arn(place, "root")
        )
        self._secret = credentials.secret_access_key.encode()
        self._place = place
        self._store = store
        self._clock = clock
        self._given: dict[str, Credential] = {}

    def credentials_for(self, task: Task, role: TaskRole) -> dict[str, Any]:
        """In the shape of the agent protocol."""
        credential = self._derive(task, role)
        expires_ms = self._clock.now_ms() + LIFETIME_MS
        return {
            "credentialsId": credentials_id(self._secret, task.task_arn, role.role_type),
            "roleArn": role.role_arn,
            "accessKeyId": credential.access_key_id,
            "secretAccessKey": credential.secret_access_key,
            "sessionToken": credential.session_token,
            "expiration": datetime.fromtimestamp(expires_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def find(self, access_key_id: str) -> Credential | None:
        """For the front door: the installation's own key, or one of a task that is still there."""
        own = self.find_own(access_key_id)
        if own is not None:
            return own
        if not access_key_id.startswith("ASIA"):
            return None
        if access_key_id not in self._given:
            self._derive_all()
        return self._given.get(access_key_id)

    def find_own(self, access_key_id: str) -> Credential | None:
        """For agents' links: only the installation's own key, never one that a container was given."""
        return self._own if access_key_id == self._own.access_key_id else None

    def _derive_all(self) -> None:
        self._given.clear()  # with it go the keys of tasks that are no more
        for task in self._store.state.all(Task):
            definition = definition_of(self._store.state, task.task_definition_arn)
            if definition is None or task.stopped:
                continue
            for role in task_roles(task, definition, self._place.account_id):
                self._derive(task, role)

    def _derive(self, task: Task, role: TaskRole) -> Credential:
        name = f"{task.task_arn}/{role.role_type}"
        key_id = "ASIA" + base64.b32encode(self._digest("key", name)).decode()[:16]
        if key_id not in self._given:
            role_name = role.role_arn.rpartition("/")[2]
            self._given[key_id] = Credential(
                access_key_id=key_id,
                secret_access_key=base64.b64encode(self._digest("secret", name)).decode()[:40],
                arn=iam_arn(self._place, f"assumed-role/{role_name}/{task.task_id}", "sts"),
                session_token=base64.b64encode(self._digest("token", name)).decode(),
            )
        return self._given[key_id]

    def _digest(self, purpose: str, name: str) -> bytes:
        return hmac.digest(self._secret, f"shipway {purpose} {name}".encode(), hashlib.sha256)


def iam_arn(place: Place, resource: str, service: str = "iam") -> str:
    """Identities have no region in their ARNs."""
    return Place(place.account_id, "").arn(resource, service=service)
