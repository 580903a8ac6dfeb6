"""Lists as the protocol has them: what a client may ask of any of them, and the document of one page.

The marker of the last page is empty: clients ask on for as long as they get one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, TypeVar

from taskhouse.domain.paging import Page
from taskhouse.protocols.odps import xml
from taskhouse.protocols.odps.locating import number
from taskhouse.protocols.odps.web import Reply, Request
from taskhouse.protocols.odps.xml import Xml, element
from taskhouse.services.world import World

Item = TypeVar("Item")


class Asked(TypedDict):
    """`prefix` of the names, `owner`, the `marker` of the page before, and how many items at most."""

    prefix: str
    owner: str
    marker: str
    limit: int


def asked(world: World, request: Request) -> Asked:
    """Raises `Fault` (InvalidParameter) when `maxitems` is not a number."""
    query = request.query
    return {
        "prefix": query.get("name", ""),
        "owner": query.get("owner", ""),
        "marker": query.get("marker", ""),
        "limit": number(request, "maxitems", world.limits.page_items),
    }


def page_reply(tag: str, page: Page[Item], item: Callable[[Item], Xml]) -> Reply:
    """The page as `<tag>`; `item` makes the element of one."""
    items = [item(each) for each in page.items]
    root = element(tag, element("Marker", page.marker), element("MaxItems", len(items)), items)
    return Reply(200, xml.document(root))
