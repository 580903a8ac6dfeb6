"""Stands between the server and one script; run as a program by `sys.executable -I -S`, so it imports almost nothing.

    supervisor.py <lifeline> <grace seconds> <program> [<argument> ...]

The *lifeline* is the reading end of a pipe whose other end only the server has. A byte on it asks for the script's end: TERM, and KILL
after the grace. Its end of file means that the server is gone: KILL at once, because the next server may run the same work again.
The supervisor adopts whatever the script leaves behind, even what made a session of its own, and kills it before it
ends itself. Its exit code is the script's, or 128 + n when signal n ended it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import time

_SET_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36
_CANNOT_START = 127
_FOR_THE_SCRIPT = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""The supervisor itself ends with the script or with the lifeline, not by these."""


def main(lifeline: int, grace_s: float, command: list[str]) -> int:
    os.set_inheritable(lifeline, False)
    # Held back until the script has its own way with them: a stop that comes while it starts must not be ignored.
    signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_THE_SCRIPT)
    _prctl(_SET_CHILD_SUBREAPER, 1)
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(waker)
    script = _start(command)
    for number in _FOR_THE_SCRIPT:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FOR_THE_SCRIPT)
    try:
        return _watch(script, lifeline, woken, grace_s)
    finally:
        _kill_the_rest(script)


def _start(command: list[str]) -> int:
    parent = os.getpid()
    script = os.fork()
    if script:
        with contextlib.suppress(OSError):
            os.setpgid(script, script)
        return script
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        for number in (*_FOR_THE_SCRIPT, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _FOR_THE_SCRIPT)
        _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() == parent:
            os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"cannot run {command[0]}: {error.strerror}\n".encode())
    os._exit(_CANNOT_START)


def _watch(script: int, lifeline: int, woken: int, grace_s: float) -> int:
    deadline: float | None = None
    while True:
        status = _reap(script)
        if status is not None:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([lifeline, woken], [], [], left)
        if woken in ready:
            os.read(woken, 4096)
        if lifeline in ready:
            if not os.read(lifeline, 1):
                return 128 + signal.SIGKILL
            _signal(script, signal.SIGTERM)
            deadline = time.monotonic() + grace_s
        elif not ready:
            _signal(script, signal.SIGKILL)
            deadline = None


def _reap(script: int) -> int | None:
    """The script's wait status once it has ended; adopted processes that have ended are put to rest on the way."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == script:
                return status
            if pid == 0:
                return None
    return None


def _kill_the_rest(script: int) -> None:
    """Kill the script's group and all that was adopted, until nothing is left."""
    _signal(script, signal.SIGKILL)
    while True:
        for pid in _children():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(group, number)


def _prctl(option: int, value: int) -> None:
    """Linux only; elsewhere the lifeline alone guards the script."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
