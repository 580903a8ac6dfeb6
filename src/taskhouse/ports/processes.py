"""What the use cases need in order to run a script: a process of its own that cannot outlive its server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

from taskhouse.ports.engine import RunControl


class Language(Enum):
    PYTHON = "python"
    """The interpreter that runs the server, isolated: no user site, no PYTHON* variables, not the working folder on the path."""
    SHELL = "shell"
    """bash without start-up files, sh where there is no bash."""


@dataclass(frozen=True, slots=True)
class ProcessOrder:
    """`folder` exists and is the working folder. `environment` is all that the script sees of the environment. `hidden` are texts
    that are blotted out of the output (tokens). `output_bytes` of the output are kept. `grace_s`: between the request to
    end and the end by force."""

    language: Language
    code: str
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    output_bytes: int = 256 * 1024
    grace_s: float = 5.0


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """`exit_code` is 0 to 255; 128 + n for a script that signal n ended. `output`: what it wrote to both streams, its middle left out
    when it is long. `output_bytes` is how much it wrote."""

    exit_code: int
    output: str
    output_bytes: int


class Processes(Protocol):
    def run(self, order: ProcessOrder, control: RunControl, live: Callable[[Callable[[], str]], None]) -> ProcessEnd:
        """Run a script to its end, blocking. `live` is called once with a function that tells the output so far, from any thread.
        A cancelled run is asked to end, then ended by force, with everything that it started; the caller asks `control` about it.
        Raises `Fault` (Runtime) when the process cannot be started."""
        ...
