"""Which fields of a table must be rewritten because their logic changed since their data was made (D-21).

Besides its own logic a metric has parts that others share: a business filter, an atomic metric. When a part changed, every metric
with that part belongs together: rerunning one and leaving the other would show two readings of the same word. When a key or the
source main table changed, nothing less than the whole table is right (D-02).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldLogic:
    """Hashes of now and of the field's last successful run; `ran` is empty when it never ran, which is not a change.

    `parts` and `ran_parts` map shared parts (`filter:paid`, `atomic:pay_amt`) to their hashes.
    """

    name: str
    current: str
    ran: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    ran_parts: Mapping[str, str] = field(default_factory=dict)


def changed_fields(fields: Iterable[FieldLogic], *, key_changed: bool = False) -> dict[str, str]:
    """Field -> why it is required, for the fields of one table."""
    every = list(fields)
    if key_changed:
        return {logic.name: "the key or the source main table changed" for logic in every}
    parts = {
        part
        for logic in every
        if logic.ran
        for part, value in logic.parts.items()
        if logic.ran_parts.get(part, value) != value
    }
    found: dict[str, str] = {}
    for logic in every:
        shared = sorted(parts & set(logic.parts))
        if shared:
            found[logic.name] = f"'{shared[0]}' changed"
        elif logic.ran and logic.ran != logic.current:
            found[logic.name] = "its logic changed since it last ran"
    return found
