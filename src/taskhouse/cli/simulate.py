"""`taskhouse simulate`: run the simulator, or see again what a seed found."""

from __future__ import annotations

import os
import re
import sys

import click


class _Seeds(click.ParamType[range]):
    """`A..B`, both included."""

    name = "A..B"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> range:
        if isinstance(value, range):
            return value
        match = re.fullmatch(r"(\d+)\.\.(\d+)", str(value))
        if match is None or int(match[1]) > int(match[2]):
            self.fail(f"'{value}' is no range of seeds; write it like 0..199", param, ctx)
        return range(int(match[1]), int(match[2]) + 1)


@click.command()
@click.option("--seed", type=click.IntRange(0), help="One seed, with the trace of what happened last.")
@click.option("--seeds", type=_Seeds(), help="Several seeds, both ends included.  [default: 0..199]")
@click.option("--steps", type=click.IntRange(1, 100_000), default=200, show_default=True)
@click.option("--store", type=click.Choice(["memory", "sqlite"]), default="memory", show_default=True)
@click.option("--jobs", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes.")
@click.option("--lines", type=click.IntRange(0), default=40, show_default=True, help="Length of the trace.")
def simulate(seed: int | None, seeds: range | None, steps: int, store: str, jobs: int, lines: int) -> None:
    """Drive domain, scheduler and store through seeded worlds full of faults.

    Ends with status 1 when a world went wrong; it then tells the seed, the fewest steps that show it, what happened last and which rule
    was broken. The same seed always gives the same world.
    """
    from taskhouse.sim.runner import shortest, try_seed, try_seeds

    if seed is not None and seeds is not None:
        raise click.UsageError("give --seed or --seeds, not both")
    if seed is not None:
        finding, trace = try_seed(seed, steps, store, told=lines)
        if finding is None:
            click.echo("\n".join(trace))
            click.echo(f"seed {seed}: {steps} steps on the {store} store, nothing is wrong")
            return
        _tell(shortest(finding, store, told=lines), store)
        sys.exit(1)
    wrong = done = 0
    chosen = range(200) if seeds is None else seeds
    for number, finding in try_seeds(chosen, steps, store, jobs=min(jobs, os.cpu_count() or 1, len(chosen))):
        done += 1
        if finding is not None:
            wrong += 1
            click.echo(f"seed {number}: {finding.wrong[0]} (after {finding.steps} steps)")
    click.echo(f"{done} seeds of {steps} steps on the {store} store, {wrong} wrong")
    if wrong:
        click.echo("see one again with: taskhouse simulate --seed N" + (" --store sqlite" if store == "sqlite" else ""))
        sys.exit(1)


def _tell(finding: object, store: str) -> None:
    from taskhouse.sim.runner import Finding

    assert isinstance(finding, Finding)
    click.echo("\n".join(finding.trace))
    click.echo(f"seed {finding.seed}: wrong after {finding.steps} steps on the {store} store")
    for line in finding.wrong:
        click.echo(f"  {line}")
