"""`ports.processes.Processes` with a supervisor for each script (see `supervisor`)."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.engines.process import supervisor
from taskhouse.engines.process.output import Output
from taskhouse.ports.engine import RunControl
from taskhouse.ports.processes import Language, ProcessEnd, ProcessOrder

_READ_BYTES = 65_536
_LOOK_S = 1.0
_SHELLS = ("/bin/bash", "/usr/bin/bash", "/bin/sh")


class SupervisedProcesses:
    """See `ports.processes.Processes`."""

    def run(self, order: ProcessOrder, control: RunControl, live: Callable[[Callable[[], str]], None]) -> ProcessEnd:
        output = Output(order.output_bytes, order.hidden)
        lifeline, hold = os.pipe()
        held = _Lifeline(hold)
        try:
            process = _start(order, lifeline)
        except (OSError, ValueError) as error:
            held.close()
            raise Fault(FaultCode.RUNTIME, f"the script cannot be started: {error}") from None
        finally:
            os.close(lifeline)
        try:
            live(output.text)
            control.on_cancel(held.ask_for_end)
            _read_all(process, output)
            code = process.wait()
        finally:
            control.on_cancel(None)
            held.close()
            if process.stdout is not None:
                process.stdout.close()
            process.wait()
        return ProcessEnd(code if code >= 0 else 128 - code, output.text(), output.size)


def _read_all(process: subprocess.Popen[bytes], output: Output) -> None:
    """Until the end of the output; or until the supervisor has ended, when somebody killed it and what it guarded holds the output
    open still."""
    assert process.stdout is not None
    source = process.stdout.fileno()
    waiting = select.poll()  # takes descriptors of any number
    waiting.register(source, select.POLLIN)
    while True:
        ready = waiting.poll(_LOOK_S * 1000)
        if not ready and process.poll() is not None:
            return
        if ready:
            data = os.read(source, _READ_BYTES)
            if not data:
                return
            output.add(data)


class _Lifeline:
    """The server's end of the pipe. Asking and closing may meet on different threads."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def ask_for_end(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._descriptor >= 0:
                os.write(self._descriptor, b"t")

    def close(self) -> None:
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1


def _start(order: ProcessOrder, lifeline: int) -> subprocess.Popen[bytes]:
    supervise = [sys.executable, "-I", "-S", supervisor.__file__, str(lifeline), str(order.grace_s)]
    return subprocess.Popen(
        [*supervise, *_command(order)],
        cwd=order.folder,
        env=dict(order.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        pass_fds=(lifeline,),
        start_new_session=True,
    )


def _command(order: ProcessOrder) -> list[str]:
    """Write the script into its folder; the command that runs it there."""
    if order.language is Language.PYTHON:
        return [sys.executable, "-I", "-u", _script(order, "task.py")]
    shell = next((path for path in _SHELLS if os.access(path, os.X_OK)), "sh")
    options = ["--noprofile", "--norc"] if shell.endswith("bash") else []
    return [shell, *options, _script(order, "task.sh")]


def _script(order: ProcessOrder, name: str) -> str:
    Path(order.folder, name).write_text(order.code, encoding="utf-8")
    return name
