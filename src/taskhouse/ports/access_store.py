"""Users, access keys, roles, grants and policies.

Reads are answered from memory where possible: keys and a project's rules are kept until something changes them. A change
made by another process (the command line, on the same home) is seen within `STALE_S` seconds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from taskhouse.domain.access import AccessKey, ApiToken, Grant, ProjectAccess, Role, SecurityConfiguration, User

STALE_S = 1.0


class AccessStore(Protocol):
    """Verbs on the metadata store. Every method is synchronous, is one transaction, and takes the time as an argument."""

    # users and keys

    def add_user(self, name: str, now: datetime, *, is_admin: bool = False, comment: str = "") -> User:
        """Raises `Fault` OBJECT_EXISTS."""
        ...

    def ensure_user(self, name: str, now: datetime) -> User:
        """The user, made when unknown."""
        ...

    def drop_user(self, name: str) -> None:
        """With the user's keys, memberships and grants. Raises `Fault` NO_SUCH_OBJECT, and INVALID_ARGUMENT for the last administrator."""
        ...

    def user(self, name_or_id: str) -> User | None: ...

    def users(self) -> tuple[User, ...]:
        """All, by name."""
        ...

    def add_key(self, key: AccessKey) -> None:
        """Its secret is sealed before it is stored. Raises `Fault` OBJECT_EXISTS, and NO_SUCH_OBJECT for an unknown user."""
        ...

    def key(self, access_id: str) -> AccessKey | None:
        """With its secret in the clear."""
        ...

    def keys(self, user: str = "") -> tuple[AccessKey, ...]:
        """All keys, or a user's, with empty secrets."""
        ...

    def enable_key(self, access_id: str, enabled: bool) -> None:
        """Raises `Fault` NO_SUCH_OBJECT."""
        ...

    def drop_key(self, access_id: str) -> None:
        """Raises `Fault` NO_SUCH_OBJECT."""
        ...

    def token_key(self) -> bytes:
        """The server's secret for signing bearer tokens, 32 bytes, the same for the life of a home."""
        ...

    # tokens of the REST API

    def add_token(self, token: ApiToken) -> None:
        """Raises `Fault` NO_SUCH_OBJECT for an unknown user."""
        ...

    def token(self, digest: str) -> ApiToken | None: ...

    def tokens(self, user: str = "") -> tuple[ApiToken, ...]:
        """All tokens, or a user's, by user and age."""
        ...

    def drop_token(self, id: str) -> None:
        """Raises `Fault` NO_SUCH_OBJECT."""
        ...

    # a project's rules

    def rules(self, project: str) -> ProjectAccess:
        """All access rules of a project; of an unknown one, none."""
        ...

    def add_member(self, project: str, user: str) -> None:
        """Raises `Fault` OBJECT_EXISTS."""
        ...

    def remove_member(self, project: str, user: str) -> None:
        """With the user's grants. Raises `Fault` NO_SUCH_OBJECT, and INVALID_ARGUMENT while the user has roles."""
        ...

    def create_role(self, project: str, role: Role) -> None:
        """Raises `Fault` OBJECT_EXISTS."""
        ...

    def drop_role(self, project: str, role: str) -> None:
        """Raises `Fault` NO_SUCH_OBJECT, and INVALID_ARGUMENT while somebody has it."""
        ...

    def put_role_policy(self, project: str, role: str, text: str) -> None:
        """Raises `Fault` NO_SUCH_OBJECT."""
        ...

    def assign_role(self, project: str, role: str, user: str) -> None:
        """Raises `Fault` NO_SUCH_OBJECT for an unknown role or a user who is not a member. Twice is once."""
        ...

    def withdraw_role(self, project: str, role: str, user: str) -> None:
        """Raises `Fault` NO_SUCH_OBJECT when the user does not have it."""
        ...

    def add_grants(self, project: str, grants: tuple[Grant, ...]) -> None:
        """Twice is once. Raises `Fault` NO_SUCH_OBJECT for unknown grantees."""
        ...

    def remove_grants(self, project: str, grants: tuple[Grant, ...]) -> None:
        """Those that exist; a grant of All is not split."""
        ...

    def forget_object(self, project: str, kind: str, object_name: str) -> None:
        """The object is gone: its grants go too, so that a later namesake does not inherit them."""
        ...

    def forget_project(self, project: str) -> None:
        """The project is gone, and with it all its rules."""
        ...

    def put_policy(self, project: str, text: str) -> None:
        """Kept verbatim; empty removes it."""
        ...

    def put_configuration(self, project: str, configuration: SecurityConfiguration) -> None: ...
