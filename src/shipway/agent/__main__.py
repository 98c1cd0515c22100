"""`python -m shipway.agent`: the agent of one container instance, told by its environment what it is."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys

from shipway.agent.agent import EXIT_CODE_DO_NOT_RESTART, Agent, InstanceEngine, RegistrationRefused
from shipway.agent.configuration import Configuration, ConfigurationError, read_configuration
from shipway.agent.engine import EngineError
from shipway.seams import Ids, RandomIds, SystemClock


def main() -> int:
    logging.basicConfig(
        level=os.environ.get("SHIPWAY_LOG_LEVEL", "INFO"),
        format="%(asctime)s %(levelname)s %(message)s",
        stream=sys.stderr,
    )
    try:
        return asyncio.run(_serve(read_configuration(os.environ)))
    except ConfigurationError as error:
        print(f"shipway agent: {error}", file=sys.stderr)
        return 2


async def _serve(configuration: Configuration) -> int:
    ids = RandomIds()
    agent = Agent(configuration, _engine(configuration, ids), SystemClock(), ids)
    serving = asyncio.ensure_future(agent.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        return 0
    except RegistrationRefused as error:
        return _give_up(error, EXIT_CODE_DO_NOT_RESTART)
    except EngineError as error:
        return _give_up(error, 1)
    except ExceptionGroup as group:
        refusal, rest = group.split(RegistrationRefused)
        if refusal is None or rest is not None:
            raise
        return _give_up(refusal.exceptions[0], EXIT_CODE_DO_NOT_RESTART)
    return 0


def _give_up(error: Exception, exit_code: int) -> int:
    print(f"shipway agent: {error}", file=sys.stderr)
    return exit_code


def _engine(configuration: Configuration, ids: Ids) -> InstanceEngine:
    if configuration.simulated:
        from shipway.agent.simulated_engine import SimulatedEngine

        return SimulatedEngine(configuration.instance_id, SystemClock(), ids)
    from shipway.agent.docker_engine import DockerEngine

    return DockerEngine(configuration.instance_id)


if __name__ == "__main__":
    sys.exit(main())
