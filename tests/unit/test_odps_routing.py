"""Paths and query keys to routes, and XML in and out."""

from __future__ import annotations

from typing import Any

import pytest

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.protocols.odps import xml
from taskhouse.protocols.odps.routing import Router, parse_query, strip_base
from taskhouse.protocols.odps.web import Reply, Routes

routes = Routes()


def handler(name: str) -> Any:
    def handle(world: Any, request: Any) -> Reply:
        return Reply(200, name)

    return handle


for method, pattern, *keys in [
    ("GET", "/projects/{project}"),
    ("GET", "/projects/{project}", "policy"),
    ("PUT", "/projects/{project}", "policy"),
    ("GET", "/projects/{project}/tables/{table}"),
    ("GET", "/projects/{project}/tables/{table}", "data"),
    ("GET", "/projects/{project}/tables/{table}", "data", "linenum"),
    ("POST", "/projects/{project}/tables/{table}", "uploads"),
    ("GET", "/projects/{project}/registration/functions/{function}"),
    ("GET", "/projects/{project}/roles/admin"),
    ("GET", "/projects/{project}/roles/{role}"),
    ("GET", "/projects/{project}/roles/{role}/users"),
]:
    routes.add(method, pattern, *keys)(handler(" ".join((method, pattern, *keys))))

ROUTER = Router(routes.all)


@pytest.mark.parametrize(
    ("method", "target", "route", "values"),
    [
        ("GET", "/projects/p", "GET /projects/{project}", {"project": "p"}),
        ("GET", "/projects/p/", "GET /projects/{project}", {"project": "p"}),
        ("HEAD", "/projects/p", "GET /projects/{project}", {"project": "p"}),
        ("GET", "/projects/p?policy", "GET /projects/{project} policy", {"project": "p"}),
        ("GET", "/projects/p?policy=&curr_project=p", "GET /projects/{project} policy", {"project": "p"}),
        ("GET", "/projects/p?x=policy", "GET /projects/{project}", {"project": "p"}),
        ("GET", "/projects/a%2Fb", "GET /projects/{project}", {"project": "a/b"}),
        ("GET", "/projects/%E4%B8%AD%20x", "GET /projects/{project}", {"project": "中 x"}),
        ("GET", "/projects/p/tables/t?data&linenum=3", "GET /projects/{project}/tables/{table} data linenum", {"project": "p", "table": "t"}),
        ("GET", "/projects/p/tables/t?data", "GET /projects/{project}/tables/{table} data", {"project": "p", "table": "t"}),
        ("GET", "/projects/p/registration%2Ffunctions/f", "GET /projects/{project}/registration/functions/{function}", {"project": "p", "function": "f"}),
        ("GET", "/projects/p/registration/functions/a%2Fb", "GET /projects/{project}/registration/functions/{function}", {"project": "p", "function": "a/b"}),
        ("GET", "/projects/p/roles/admin", "GET /projects/{project}/roles/admin", {"project": "p"}),
        ("GET", "/projects/p/roles/admin/users", "GET /projects/{project}/roles/{role}/users", {"project": "p", "role": "admin"}),
        ("GET", "/projects/p/roles/x", "GET /projects/{project}/roles/{role}", {"project": "p", "role": "x"}),
    ],
)  # fmt: skip
def test_matches(method: str, target: str, route: str, values: dict[str, str]) -> None:
    path, _, query = target.partition("?")
    match = ROUTER.match(method, path, parse_query(query))
    found: Any = match.route.handler
    assert found(None, None).body == route
    assert match.path == values


@pytest.mark.parametrize(
    ("method", "target", "code"),
    [
        ("GET", "/", FaultCode.NO_SUCH_OBJECT),
        ("GET", "/projects", FaultCode.NO_SUCH_OBJECT),
        ("GET", "/projects/p/roles/x/y", FaultCode.NO_SUCH_OBJECT),
        ("DELETE", "/projects/p", FaultCode.METHOD_NOT_ALLOWED),
        ("PUT", "/projects/p", FaultCode.INVALID_PARAMETER),
        ("POST", "/projects/p/tables/t", FaultCode.INVALID_PARAMETER),
    ],
)
def test_what_matches_nothing(method: str, target: str, code: FaultCode) -> None:
    with pytest.raises(Fault) as caught:
        ROUTER.match(method, target, {})
    assert caught.value.code is code


def test_base_paths_and_queries() -> None:
    assert strip_base("/api/projects") == "/projects"
    assert strip_base("/api") == "/"
    assert strip_base("/apiary/x") == "/apiary/x"
    assert parse_query("a&b=&c=%20+&c=2") == {"a": "", "b": "", "c": "2"}


@pytest.mark.parametrize("text", ["", "plain", "<&>\"'", "a\r\nb\tc", "]]>", "中文 \U0001f600", " x "])
def test_texts_survive_xml(text: str) -> None:
    written = xml.document(xml.element("A", xml.element("B", text), name=text))
    root = xml.parse(written)
    assert xml.text_of(root, "B") == text
    assert root.get("name") == text
    again = xml.parse(xml.document(xml.dump(root)))
    assert xml.text_of(again, "B") == text


def test_texts_that_xml_cannot_carry() -> None:
    for text in ("\x00", "a\x08", "\ud800", "\uffff"):
        assert not xml.is_speakable(text)
        assert xml.text_of(xml.parse(xml.document(xml.element("A", xml.element("B", text)))), "B").count("\ufffd") == 1


def test_builders() -> None:
    written = xml.element("A", 1, None, True, xml.element("B"), [xml.element("C", 2)], Type="SQL")
    assert written == '<A Type="SQL">1true<B/><C>2</C></A>'


def test_mixed_content_keeps_its_order() -> None:
    source = b"<a>one<b>two</b>three<c/>four</a>"
    assert xml.dump(xml.parse(source)).encode() == source
