"""Why tasks and deployments fail: named causes, each with a code, a sentence and what to do."""

from __future__ import annotations

from shipway.deploy.planning.causes.cause import Cause, Rank
from shipway.deploy.planning.causes.codes import CAUSES
from shipway.deploy.planning.causes.matching import cause_of, end_of, is_wanted, told_by_log, unplaced
from shipway.deploy.planning.causes.stopped_task import Around, task_id

__all__ = [
    "CAUSES",
    "Around",
    "Cause",
    "Rank",
    "cause_of",
    "end_of",
    "is_wanted",
    "task_id",
    "told_by_log",
    "unplaced",
]
