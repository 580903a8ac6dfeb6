"""The files of the workspace folder that the server has: read, checked, previewed, saved and published."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from taskhouse.ports.workspace_folder import FilesChangedError
from taskhouse.protocols.rest.errors import ApiError, ErrorItem, bad_request
from taskhouse.protocols.rest.routing import Call, Nothing, Routes
from taskhouse.protocols.rest.workspace import (
    LARGE,
    PublicationView,
    ValidationView,
    WorkspacePlanView,
    date_word,
    environment_word,
    findings_view,
    invalid_view,
    plan_view,
    publication_view,
    refusals,
)
from taskhouse.services.definitions import edit_workspace
from taskhouse.services.definitions.edit_workspace import Edit, FileList, FileText, check_form
from taskhouse.services.definitions.plan_workspace import InvalidWorkspaceError

routes = Routes("workspace")


class FileQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A path in the folder, with `/`."""

    path: str


class EditBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`text` as it shall be, null to remove the file. `etag` of the file as it was read, empty for a new file."""

    path: str
    text: str | None
    etag: str = ""


class CheckBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`edits`: files whose text differs from the folder's. All others are taken as they are."""

    edits: list[EditBody] = []


class PlanBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`environment`: DEV or PROD."""

    edits: list[EditBody] = []
    environment: str = "PROD"


class SaveBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`digest`: of the plan that was shown. `since` as in `/workspace/apply`."""

    digest: str
    edits: list[EditBody] = []
    environment: str = "PROD"
    since: str = ""


class SavedView(msgspec.Struct, frozen=True):
    """`etags` of the files that were saved, by path; empty for a removed one."""

    publication: PublicationView
    etags: dict[str, str]


@routes.get("/workspace/files", reply=FileList)
def list_workspace_files(call: Call[Nothing, None]) -> FileList:
    """The files of the workspace folder with the tasks that each defines, as far as the caller may look into them.

    A server that has no folder says so in `why_not`.
    """
    return edit_workspace.list_files(call.world, call.actor)


@routes.get("/workspace/file", query=FileQuery, reply=FileText, errors=(403, 404, 409))
def read_workspace_file(call: Call[FileQuery, None]) -> FileText:
    """One file, with line feeds."""
    return edit_workspace.read_file(call.world, call.actor, call.query.path)


@routes.post(
    "/workspace/files/check",
    body=CheckBody,
    reply=ValidationView,
    errors=(403, 404, 409),
    max_body=LARGE,
    gives_up=True,
)
def check_workspace_files(call: Call[Nothing, CheckBody]) -> ValidationView:
    """All that is wrong with the workspace as unsaved texts make it; writes nothing. As `/workspace/validate`."""
    found = edit_workspace.check_edits(call.world, call.actor, _edits(call.body.edits), call.still_wanted)
    return ValidationView(not any(not each.is_warning for each in found), findings_view(found))


@routes.post(
    "/workspace/files/plan",
    body=PlanBody,
    reply=WorkspacePlanView,
    errors=(403, 404, 409),
    max_body=LARGE,
    gives_up=True,
)
def plan_workspace_files(call: Call[Nothing, PlanBody]) -> WorkspacePlanView:
    """What saving and publishing unsaved texts would change; writes nothing. As `/workspace/plan`.

    A file that is not as it was read is 409 `FILE_CHANGED`; the items name each.
    """
    environment = environment_word(call.body.environment)
    edits = _edits(call.body.edits)
    try:
        return plan_view(edit_workspace.plan_edits(call.world, call.actor, environment, edits, call.still_wanted))
    except InvalidWorkspaceError as error:
        return invalid_view(call.world, environment, error)
    except FilesChangedError as error:
        raise _changed(error) from None


@routes.post(
    "/workspace/files/apply",
    body=SaveBody,
    reply=SavedView,
    errors=(403, 404, 409),
    repeatable=True,
    max_body=LARGE,
    example=SaveBody("0a1b2c", [EditBody("shop.yaml", "tenant: {name: demo}\n", "5f3a")]),
)
def apply_workspace_files(call: Call[Nothing, SaveBody]) -> SavedView:
    """Save files and publish the workspace, both or neither. `digest` is that of the plan that was shown.

    Another plan by now is 409 `PLAN_CHANGED`, a file that is not as it was read 409 `FILE_CHANGED`; errors in definitions are 400 `INVALID_WORKSPACE`.
    """
    environment = environment_word(call.body.environment)
    if not call.body.digest:
        raise bad_request("saving needs the digest of its plan: POST /workspace/files/plan first", "digest")
    since = date_word(call.body.since)
    edits = _edits(call.body.edits)
    try:
        with refusals():
            made, etags = edit_workspace.apply_edits(
                call.world, call.actor, environment, edits, call.body.digest, since
            )
    except FilesChangedError as error:
        raise _changed(error) from None
    return SavedView(publication_view(made), dict(etags))


def _edits(given: Sequence[EditBody]) -> list[Edit]:
    edits = [Edit(each.path, each.text, each.etag) for each in given]
    problem = check_form(edits)
    if problem:
        raise bad_request(problem, "edits")
    return edits


def _changed(error: FilesChangedError) -> ApiError:
    return ApiError(409, "FILE_CHANGED", str(error), [ErrorItem(0, path) for path in error.paths])
