"""What a user's own controller does with the task sets of a service: EXTERNAL, or CODE_DEPLOY by hand."""

from __future__ import annotations

import random
from typing import Any

from shipway.simulator import requests
from shipway.simulator.requests import Style
from shipway.simulator.world import World

ALL = 100.0
SETS_MAX = 5


class TaskSetActs:
    def __init__(self, world: World, chance: random.Random) -> None:
        self._world = world
        self._chance = chance

    async def create(self, style: Style, task_definition: str, percent: float | None = None) -> str:
        """The task set's ARN."""
        if percent is None:
            percent = self._chance.choice((0.0, 33.3, 50.0, ALL))
        answer = await self._call(
            "CreateTaskSet", style, **requests.revision(style, task_definition), scale=scale_of(percent)
        )
        arn: str = answer["taskSet"]["taskSetArn"]
        return arn

    async def scale(self, style: Style) -> None:
        arn = await self._one(style)
        if arn:
            await self._call(
                "UpdateTaskSet",
                style,
                taskSet=arn,
                scale=scale_of(self._chance.choice((0.0, 12.5, 50.0, ALL))),
            )

    async def promote(self, style: Style) -> None:
        arn = await self._one(style)
        if arn:
            await self._call("UpdateServicePrimaryTaskSet", style, primaryTaskSet=arn)

    async def delete(self, style: Style) -> None:
        arn = await self._one(style)
        if arn:
            await self._call("DeleteTaskSet", style, taskSet=arn, force=self._chance.random() < 0.7)

    async def replace_all(self, style: Style, task_definition: str) -> None:
        """A whole deployment: a new task set with everything, PRIMARY at once, and the others go."""
        others = await self._living(style)
        if len(others) >= SETS_MAX:  # one goes first
            await self._call("DeleteTaskSet", style, taskSet=others.pop(), force=True)
            return
        arn = await self.create(style, task_definition, ALL)
        await self._call("UpdateServicePrimaryTaskSet", style, primaryTaskSet=arn)
        for other in others:
            await self._call("DeleteTaskSet", style, taskSet=other, force=True)

    async def _one(self, style: Style) -> str | None:
        arns = await self._living(style)
        return self._chance.choice(arns) if arns else None

    async def _living(self, style: Style) -> list[str]:
        answer = await self._call("DescribeTaskSets", style)
        return [each["taskSetArn"] for each in answer["taskSets"] if each["status"] != "DRAINING"]

    async def _call(self, operation: str, style: Style, **members: Any) -> dict[str, Any]:
        return await self._world.call(operation, cluster="default", service=style.name, **members)


def scale_of(percent: float) -> dict[str, Any]:
    return {"value": percent, "unit": "PERCENT"}
