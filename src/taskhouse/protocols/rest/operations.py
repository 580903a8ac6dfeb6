"""Operations: previewed, applied, and looked up in the log."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from taskhouse.domain.calendar import read_bizdate
from taskhouse.domain.operations.request import Batch, Request, Target
from taskhouse.domain.recurring import Environment
from taskhouse.ports.recurring_store import Perspective
from taskhouse.protocols.rest.errors import bad_request, forbidden, not_found, refused
from taskhouse.protocols.rest.operation_bodies import OperationBody, OptionsBody, TargetBody
from taskhouse.protocols.rest.operation_previews import PreviewView, preview_view
from taskhouse.protocols.rest.operation_results import AppliedView, OperationView, applied_view, operation_view
from taskhouse.protocols.rest.routing import Call, Nothing, Routes
from taskhouse.services.recurring.apply_operation import apply
from taskhouse.services.recurring.asking import is_batch, needs_digest, to_request
from taskhouse.services.recurring.permissions import may_view_any
from taskhouse.services.recurring.preview_operation import preview
from taskhouse.services.recurring.select_instances import selected

E = TypeVar("E", bound=Enum)

routes = Routes("operations")

_EXAMPLE = OperationBody("RERUN", [TargetBody(12, ["t1"])], OptionsBody(code="CURRENT"))
_LARGE = 8 * 1024 * 1024


@routes.post(
    "/operations/preview", body=OperationBody, reply=PreviewView, errors=(404,), max_body=_LARGE, example=_EXAMPLE
)
def preview_operation(call: Call[Nothing, OperationBody]) -> PreviewView:
    """What an operation would do, and why; writes nothing.

    Refusals are part of the preview: the answer is 200 with `accepted` false, and `refusals` say why.
    """
    request = asked_for(call)
    found = preview(call.world, call.actor, request)
    return preview_view(found, call.body.operation, digest_needed=needs_digest(request), limit=call.body.limit)


@routes.post(
    "/operations/apply",
    body=OperationBody,
    reply=AppliedView,
    errors=(403, 404, 409),
    repeatable=True,
    max_body=_LARGE,
    example=OperationBody("STOP", [TargetBody(12)], digest="0a1b2c"),
)
def apply_operation(call: Call[Nothing, OperationBody]) -> AppliedView:
    """Carry out an operation: all of it, or nothing and an error with the code of the refusal.

    A batch processes the instances that qualify, each by itself; when none does, it is an error. With `Idempotency-Key` a request that is
    sent again is carried out once.
    """
    request = asked_for(call)
    perspective = None if call.body.perspective is None else word(Perspective, "perspective", call.body.perspective)
    applied = apply(
        call.world,
        call.actor,
        request,
        digest=call.body.digest,
        perspective=perspective,
        request_id=call.idempotency_key,
    )
    if applied.refusals:
        raise refused(applied.refusals)
    return applied_view(applied)


@routes.get("/operations/{id}", reply=OperationView, errors=(403, 404))
def get_operation(call: Call[Nothing, None]) -> OperationView:
    """An entry of the operation log."""
    entry = call.world.recurring.operation(call.number())
    if entry is None:
        raise not_found(f"there is no operation {call.number()}", call.number())
    if not may_view_any(call.world, call.actor, entry.instances or (entry.instance,)):
        raise forbidden("you may not see the instances of this operation")
    return operation_view(entry)


def asked_for(call: Call[Nothing, OperationBody]) -> Request | Batch:
    body = call.body
    targets = [target.target() for target in body.targets]
    if body.selection:
        if targets:
            raise bad_request("give either 'targets' or a 'selection', not both", "selection")
        environment = word(Environment, "environment", body.environment)
        bizdates = [read_bizdate(text) for text in body.bizdates]
        found = selected(call.world, call.actor, environment, body.selection, bizdates)
        if not found:
            raise not_found(f"no instance matches the selection '{body.selection}'", name=body.selection)
        targets = [Target(instance) for instance in found]
    elif body.bizdates:
        raise bad_request("'bizdates' belong to a 'selection'", "bizdates")
    batch = is_batch(body.operation, len(targets)) or bool(body.selection and body.perspective == "BATCH")
    return to_request(body.operation, targets, body.options.options(), batch=batch)


def word(kind: type[E], name: str, text: str) -> E:
    """Raises `ApiError` (400) naming the member."""
    for each in kind:
        if each.value == text.upper():
            return each
    raise bad_request(f"'{name}': '{text}' is not one of {', '.join(str(each.value) for each in kind)}", name)
