"""Bodies that are no job: each with the status, code and a part of the message that it is refused with."""

from __future__ import annotations


def job(query: str = "select 1", *, kind: str = "SQL", extra: str = "", settings: str = "{}") -> bytes:
    return (
        f"<Instance><Job><Priority>9</Priority>{extra}<Tasks><{kind}><Name>t</Name><Config><Property><Name>settings</Name>"
        f"<Value>{settings}</Value></Property></Config><Query><![CDATA[{query}]]></Query></{kind}></Tasks></Job></Instance>"
    ).encode()


BOMB = (
    b'<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><Instance><Job><Name>&c;</Name></Job></Instance>'
)
EXTERNAL = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><Instance><Job><Name>&x;</Name></Job></Instance>'

BODIES: dict[str, tuple[bytes, int, str, str]] = {
    "empty": (b"", 400, "InvalidArgument", "empty"),
    "not xml": (b"hello", 400, "InvalidArgument", "not well-formed"),
    "cut short": (b"<Instance><Job>", 400, "InvalidArgument", "not well-formed"),
    "two roots": (b"<a/><b/>", 400, "InvalidArgument", "not well-formed"),
    "entity bomb": (BOMB, 400, "InvalidArgument", "document type"),
    "external entity": (EXTERNAL, 400, "InvalidArgument", "document type"),
    "unknown entity": (b"<Instance>&what;</Instance>", 400, "InvalidArgument", "undefined entity"),
    "too deep": (b"<a>" * 5000 + b"</a>" * 5000, 400, "InvalidArgument", "nested deeper than 32"),
    "too many elements": (b"<a>" + b"<b/>" * 60_000 + b"</a>", 400, "InvalidArgument", "more than 50000"),
    "broken utf-8": (b"<Instance>\xff\xfe\xfa</Instance>", 400, "InvalidArgument", "not well-formed"),
    "odd encoding": (b'<?xml version="1.0" encoding="klingon"?><a/>', 400, "InvalidArgument", "not well-formed"),
    "null byte": (b"<Instance>\x00</Instance>", 400, "InvalidArgument", "not well-formed"),
    "no job": (b"<Instance/>", 400, "InvalidArgument", "neither a <Job> nor"),
    "no tasks": (b"<Instance><Job><Tasks/></Job></Instance>", 400, "InvalidArgument", "no task"),
    "no name": (b"<Instance><Job><Tasks><SQL><Query>select 1</Query></SQL></Tasks></Job></Instance>", 400, "InvalidArgument", "<Name>"),
    "no query": (b"<Instance><Job><Tasks><SQL><Name>t</Name></SQL></Tasks></Job></Instance>", 400, "InvalidArgument", "no <Query>"),
    "bad settings": (job(settings="[1]"), 400, "InvalidArgument", "settings of task 't'"),
    "settings too deep": (job(settings="[" * 100_000), 400, "InvalidArgument", "nested too deeply"),
    "settings no text": (job(settings='{"a": "\\ud800"}'), 400, "InvalidArgument", "settings' of task 't'"),
    "bad priority": (b"<Instance><Job><Priority>11</Priority><Tasks><SQL><Name>t</Name><Query>select 1</Query></SQL></Tasks></Job></Instance>", 400, "InvalidArgument", "priority '11'"),
    "bad run mode": (job(extra="<DAG><RunMode>Parallel</RunMode></DAG>"), 400, "NotSupported", "'Parallel'"),
    "bad sql": (job("select from"), 400, "ParseError", "ODPS-0130161:[1,"),
    "unknown task type": (job(kind="Dance"), 400, "NotSupported", "'Dance'"),
    "mapreduce": (job(kind="MapReduce"), 400, "NotSupported", "'MapReduce'"),
    "cupid": (job(kind="CUPID"), 400, "NotSupported", "'CUPID'"),
    "interactive session": (job(kind="SQLRT"), 400, "SQAServiceUnavailable", "ODPS-184"),
    "unknown xflow": (b"<Instance><XflowInstance><Project>algo_public</Project><Xflow>Nothing</Xflow></XflowInstance></Instance>", 404, "NoSuchObject", "Nothing"),
}  # fmt: skip
