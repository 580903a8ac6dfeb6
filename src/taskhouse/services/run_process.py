"""Python and Shell tasks: the task's text as a script in a process and a working folder of its own.

What a script gets:

- its text, with parameters resolved already, as `task.py` or `task.sh` in an empty working folder that is removed at the end;
- a small environment: `PATH`, `HOME` and `TMPDIR` (the working folder), `LANG`, `TZ`, each parameter under its own name where that
  can be a variable's name and is not taken, `TASKHOUSE_INSTANCE`, `TASKHOUSE_TASK` and `TASKHOUSE_ATTEMPT`; nothing else of the server's own;
- this server: `ODPS_ENDPOINT`, `ODPS_PROJECT_NAME` and `ODPS_BEARER_TOKEN`, so that `odps.ODPS.from_environments()` is the project with the
  rights of the task instance's owner, no more than those of the token that submitted it. The token is worth something only
  while the attempt is live, and is blotted out of the output.

Exit code 0 is success. The output of both streams is the result's text, its middle left out when it is long; while the script runs it can
be read from its control. A stop sends TERM, then KILL, to all that the script started, and so does its end: a script leaves nothing running.
A script that runs when the server dies is killed; the attempt ends as Failed and is tried anew as its task's retry policy says.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Outcome, ResultKind, Stage, TaskStatus
from taskhouse.ports.processes import Language, Processes, ProcessOrder
from taskhouse.services.access import tokens
from taskhouse.services.run_instance import failed
from taskhouse.services.task_run import TaskRun
from taskhouse.services.world import World

PARAMETERS = "parameters"
"""The property of a task that holds its resolved parameters: a JSON object of texts."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class ProcessRunner:
    """Runner of `Python` or `Shell`. `endpoint` tells where this server is reached, once it is."""

    language: Language
    processes: Processes
    endpoint: Callable[[], str]

    def __call__(self, world: World, task_run: TaskRun) -> Outcome:
        control, attempt = task_run.control, task_run.attempt
        began = time.monotonic()
        folder = work_folder(world) / f"{attempt.instance_id}_{attempt.index}_{attempt.number}"
        stage = Stage("P1_job_0", operator=task_run.task.spec.type, workers_running=1)
        control.report((stage,))
        token = tokens.issue_for_attempt(
            world, task_run.instance.owner, tokens.scope_of(task_run.task.spec.config), attempt
        )
        try:
            folder.mkdir(parents=True)
            order = ProcessOrder(
                self.language,
                task_run.task.spec.body,
                folder,
                _environment(world, task_run, folder, self.endpoint(), token),
                hidden=(token,),
                output_bytes=world.limits.log_bytes,
                grace_s=world.limits.stop_grace_s,
            )
            control.check()
            world.runs.step_aside()
            end = self.processes.run(order, control, control.show_output)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        seconds = round(time.monotonic() - began, 4)
        control.report((replace(stage, workers_running=0, workers_done=1, percent=100, seconds=seconds),))
        summary: dict[str, object] = {
            "exit_code": end.exit_code,
            "output_bytes": end.output_bytes,
            "seconds": seconds,
        }
        fault = control.fault
        if fault is None and end.exit_code == 0:
            return Outcome(TaskStatus.SUCCESS, ResultKind.TEXT, end.output, stages=control.stages, summary=summary)
        if fault is None:
            fault = Fault(
                FaultCode.RUNTIME, f"the script ended with exit code {end.exit_code}{_meaning(end.exit_code)}"
            )
        outcome = failed(control, fault, summary)
        return replace(outcome, result_text=f"{end.output}{_line_end(end.output)}{outcome.result_text}")


def work_folder(world: World) -> Path:
    """Where scripts have their working folders."""
    return world.blobs / "work"


def clear_work(world: World) -> None:
    """Remove what scripts of a dead server left. Called when a server starts, before anything runs."""
    shutil.rmtree(work_folder(world), ignore_errors=True)


def parameters_of(config: Mapping[str, str]) -> dict[str, str]:
    """The resolved parameters that a task carries; none when it carries none."""
    text = config.get(PARAMETERS)
    if not text:
        return {}
    return {str(name): str(value) for name, value in json.loads(text).items()}


def _environment(world: World, task_run: TaskRun, folder: Path, endpoint: str, token: str) -> dict[str, str]:
    search = os.pathsep.join((os.path.dirname(sys.executable), _PATH))
    own = {
        "PATH": search,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "TZ": world.time_zone,
        "TASKHOUSE_INSTANCE": task_run.instance.id,
        "TASKHOUSE_TASK": task_run.task.spec.name,
        "TASKHOUSE_ATTEMPT": str(task_run.attempt.number),
        "ODPS_ENDPOINT": endpoint,
        "ODPS_PROJECT_NAME": task_run.instance.project,
        "ODPS_BEARER_TOKEN": token,
    }
    given = parameters_of(task_run.task.spec.config)
    return {name: value for name, value in given.items() if _NAME.fullmatch(name) and "\0" not in value} | own


def _meaning(code: int) -> str:
    if code == 127:
        return " (a command was not found)"
    if code > 128:
        return f" (ended by signal {code - 128})"
    return ""


def _line_end(output: str) -> str:
    return "" if not output or output.endswith("\n") else "\n"
