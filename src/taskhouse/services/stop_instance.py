"""Stopping an instance: decided by the store, then carried to the attempt that runs.

A stop before a commit wins: the attempt may record nothing any more. While a commit is under way the commit decides; the stop then ends
whatever would follow it, and the caller waits a moment for the outcome.
"""

from __future__ import annotations

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import InstanceStatus
from taskhouse.services import inspect_instances
from taskhouse.services.world import Caller, World

_COMMIT_WAIT_S = 2.0


def stop(world: World, caller: Caller, project: str, instance_id: str) -> None:
    """Raises `Fault` NO_SUCH_OBJECT for an unknown instance, INVALID_STATE for one that has ended."""
    inspect_instances.check_write(world, caller, project, instance_id)
    children = world.instances.children(instance_id)
    for running in (instance_id, *(child.id for child in children)):
        control = world.runs.find(running)
        if control is not None and control.stages:
            world.instances.record_progress(control.attempt, control.stages)
    status = world.instances.stop(instance_id, world.clock.now())
    if status is None:
        raise Fault(FaultCode.INVALID_STATE, f"Instance '{instance_id}' is Terminated already and cannot be stopped")
    for stopped in (*(child.id for child in children), instance_id):
        if status is InstanceStatus.TERMINATED:
            world.runs.cancel(stopped)
        world.events.publish(f"instance:{stopped}")
    if status is not InstanceStatus.TERMINATED:
        inspect_instances.wait_for_end(world, project, instance_id, _COMMIT_WAIT_S)
