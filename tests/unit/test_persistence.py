"""What has happened is recorded, however often that fails at first."""

from __future__ import annotations

import pytest

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.ports.instance_store import StoreClosedError
from taskhouse.services import persistence


def test_it_is_tried_until_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(persistence.time, "sleep", pauses.append)
    results = iter([OSError("disk full")] * 8 + ["done"])

    def record() -> str:
        result = next(results)
        if isinstance(result, OSError):
            raise result
        return result

    assert persistence.surely(record, "a fact") == "done"
    assert pauses == sorted(pauses) and pauses[0] == 0.1 and max(pauses) == 5.0


@pytest.mark.parametrize("error", [Fault(FaultCode.CONFLICT, "no"), StoreClosedError("closed")])
def test_answers_and_the_end_are_raised(error: Exception) -> None:
    def record() -> None:
        raise error

    with pytest.raises(type(error)):
        persistence.surely(record, "a fact")
