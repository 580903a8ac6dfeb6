"""The route of the overview."""

from __future__ import annotations

import msgspec

from taskhouse.protocols.rest.routing import Call, Routes
from taskhouse.protocols.rest.views import answered, bizdate_in, environment_of
from taskhouse.services.recurring.views import overview as view
from taskhouse.services.recurring.views.overview import Overview

routes = Routes("instances")


class OverviewQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`bizdate`: a data timestamp, `20260301`, or `yesterday` (what is scheduled today) or `today`. `project`: only these."""

    environment: str = "PROD"
    bizdate: str = "yesterday"
    project: list[str] = []


@routes.get("/overview", query=OverviewQuery, reply=Overview, errors=(403,))
@answered
def show_overview(call: Call[OverviewQuery, None]) -> Overview:
    """A data timestamp at a glance: finished, running, failed and late, by project and hour, against the seven before."""
    given = call.query
    bizdate = bizdate_in(call, given.bizdate, "bizdate")
    return view.overview(call.world, call.actor, environment_of(given.environment), bizdate, frozenset(given.project))
