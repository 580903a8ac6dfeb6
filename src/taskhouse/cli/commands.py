"""The command's groups, and what they share: where the home is, and errors as one line instead of a stack."""

from __future__ import annotations

import sys
from typing import Any

import click

from taskhouse.cli.account import whoami
from taskhouse.cli.demo import demo
from taskhouse.cli.inspecting import COMMANDS as INSPECTING
from taskhouse.cli.inspecting import operation as log_entry
from taskhouse.cli.instances import instances
from taskhouse.cli.keys import key
from taskhouse.cli.operations import COMMANDS as OPERATIONS
from taskhouse.cli.projects import project
from taskhouse.cli.rehearsal import rehearsal
from taskhouse.cli.serve import serve
from taskhouse.cli.simulate import simulate
from taskhouse.cli.tasks import tasks
from taskhouse.cli.tokens import token
from taskhouse.cli.users import user
from taskhouse.cli.watch import watch
from taskhouse.cli.workspace import apply, plan, schema, validate
from taskhouse.config import ConfigError
from taskhouse.domain.faults import Fault
from taskhouse.home import HomeInUseError
from taskhouse.ports.instance_store import StoreUnusableError


class _Group(click.Group):
    """Prints what a person can act on and leaves with status 1."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except Fault as fault:
            click.echo(f"taskhouse: {fault.message}", err=True)
        except (ConfigError, HomeInUseError, StoreUnusableError) as error:
            click.echo(f"taskhouse: {error}", err=True)
        except OSError as error:
            click.echo(f"taskhouse: {_described(error)}", err=True)
        sys.exit(1)


def _described(error: OSError) -> str:
    """Without the number, and with the file if there is one."""
    if error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="taskhouse", prog_name="taskhouse")
def main() -> None:
    """Taskhouse runs data tasks as instances over the MaxCompute (ODPS) protocol.

    `taskhouse serve` starts a server; PyODPS connects to the endpoint that it prints. The other commands manage a home and
    work while its server runs.
    """


main.add_command(serve)
main.add_command(demo)
main.add_command(user)
main.add_command(key)
main.add_command(project)
main.add_command(token)
main.add_command(simulate)
for command in (validate, plan, apply, schema):
    main.add_command(command)
for inspecting in INSPECTING:
    instances.add_command(inspecting)
main.add_command(instances)
main.add_command(tasks)
main.add_command(log_entry)
main.add_command(watch)
main.add_command(whoami)
main.add_command(rehearsal)
for operation in OPERATIONS:
    main.add_command(operation)
