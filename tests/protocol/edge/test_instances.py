"""Task instances through the official client: submit, follow, list, stop, inspect."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from odps import errors
from odps.models import Instance, SQLTask

from taskhouse.domain.instance import InstanceStatus
from taskhouse.services.inspect_instances import wait_for_end

from .conftest import ADMIN, Edge


def submit(edge: Edge, query: str, **arguments: object) -> Instance:
    return edge.client()._project.instances.create(task=SQLTask(query=query), **arguments)


def test_a_submitted_instance_runs_and_ends(edge: Edge) -> None:
    instance = edge.client().execute_sql("select 1", hints={"a.b": "c"})
    assert instance.is_successful()
    assert instance.get_task_names() == ["AnonymousSQLTask"]
    assert instance.get_task_result() == "ran: select 1;"
    assert instance.start_time <= datetime.now()
    assert instance.end_time - instance.start_time < timedelta(minutes=1)
    task = instance.get_task_statuses()["AnonymousSQLTask"]
    assert (task.type, task.status) == ("SQL", Instance.Task.TaskStatus.SUCCESS)
    assert json.loads(instance.tasks[0].properties["settings"])["a.b"] == "c"
    assert instance.get_sql_query() == "select 1;"
    assert instance.priority == 9
    assert edge.client().exist_instance(instance.id)
    assert not edge.client().exist_instance("a_non_exists_instance")


def test_both_roots_serve_the_same(edge: Edge) -> None:
    instance = edge.client(base="").execute_sql("select 1")
    assert edge.client(base="/api").get_instance(instance.id).is_successful()


def test_letter_case_of_a_projects_name_does_not_matter(edge: Edge) -> None:
    shouting = replace(edge, project=edge.project.upper()).client()
    instance = shouting.execute_sql("select 1")
    assert instance.is_successful() and instance.get_task_result() == "ran: select 1;"
    assert edge.client().exist_instance(instance.id)
    assert instance.id in [each.id for each in shouting.list_instances()]
    assert shouting.run_security_query("whoami")["DisplayName"] == ADMIN
    assert shouting.get_project().policy == edge.client().get_project().policy
    assert shouting.rest.get(f"{edge.url}/api/projects/EDGE/tunnel?service").text


def test_a_running_instance_shows_its_progress_and_can_be_stopped(edge: Edge) -> None:
    instance = submit(edge, edge.holds.make("stopped"))
    assert edge.holds.began["stopped"].wait(10)
    assert instance.status == Instance.Status.RUNNING
    progress = instance.get_task_progress("AnonymousSQLTask")
    assert "M1_job_0:1/0/1[40%]" in progress.get_stage_progress_formatted_string()
    assert instance.get_task_summary("AnonymousSQLTask") is None
    running = [each.id for each in edge.client().list_instances(status="Running", only_owner=True)]
    assert instance.id in running
    instance.stop()
    instance.wait_for_completion()
    assert instance.get_task_statuses()["AnonymousSQLTask"].status == Instance.Task.TaskStatus.CANCELLED
    with pytest.raises(errors.ODPSError, match="status=CANCELLED"):
        instance.wait_for_success()
    with pytest.raises(errors.InvalidStateSetting):
        instance.stop()


def test_waiting_for_a_slot_is_suspended(edge: Edge) -> None:
    running = [submit(edge, edge.holds.make(name)) for name in ("slot one", "slot two")]
    assert all(edge.holds.began[name].wait(10) for name in ("slot one", "slot two"))
    waiting = submit(edge, "select 1")
    assert waiting.status == Instance.Status.SUSPENDED
    assert waiting.get_task_statuses()["AnonymousSQLTask"].status == Instance.Task.TaskStatus.WAITING
    info = waiting.get_queueing_info() if hasattr(waiting, "get_queueing_info") else waiting._get_queueing_info()[0]
    assert info.status == Instance.InstanceQueueingInfo.Status.SUSPENDED
    assert info.instance_id == waiting.id
    assert info.sub_status_history
    listed = list(edge.client().list_instance_queueing_infos(status="Suspended"))
    assert [each.instance_id for each in listed] == [waiting.id]
    for name in ("slot one", "slot two"):
        edge.holds.released[name].set()
    waiting.wait_for_success()
    for instance in running:
        instance.wait_for_success()


def test_a_failed_task_says_why(edge: Edge) -> None:
    instance = submit(edge, "select 'fail'")
    instance.wait_for_completion()
    assert not instance.is_successful()
    with pytest.raises(errors.NoSuchTable) as caught:
        instance.wait_for_success()
    assert caught.value.code == "ODPS-0130131"
    assert caught.value.instance_id == instance.id


def test_what_does_not_parse_is_refused_at_submit(edge: Edge) -> None:
    with pytest.raises(errors.ParseError, match=r"ODPS-0130161:\[1,8\]") as caught:
        edge.client().run_sql("select from where")
    assert caught.value.statement == "select from where"


def test_results_that_xml_cannot_carry(edge: Edge) -> None:
    instance = edge.client().execute_sql("select 'rows'")
    assert instance.get_task_result() == '"c","n"\n"a\x00\r\n",1\n\\N,\\N\n'
    with instance.open_reader(tunnel=False) as reader:
        assert [record.values for record in reader] == [["a\x00\r\n", "1"], [None, None]]
    summary = instance.get_task_summary()
    assert summary["Cost"] == {"CPU": 150, "Memory": 0, "Input": 123}
    assert instance.get_task_cost().cpu_cost == 150
    assert instance.tasks[0].warnings == ["careful"]


def test_workers_and_their_logs(edge: Edge) -> None:
    instance = edge.client().execute_sql("select 1")
    workers = instance.get_task_workers()
    assert [worker.type for worker in workers] == ["M1_job_0"]
    assert "input records: 7" in workers[0].get_log("stdout")
    assert instance.get_task_detail()
    assert instance.get_task_detail2()
    assert instance.get_task_quota()["quota"] == "default"


def test_notes_on_tasks(edge: Edge) -> None:
    instance = edge.client().execute_sql("select 1")
    task = instance.tasks[0]
    task.put_info("color", "red <&> blue")
    assert task.get_info("color") == "red <&> blue"
    assert task.get_info("none") == ""
    with pytest.raises(errors.EmptyTaskInfoError):
        task.put_info("color", "red", raise_empty=True)


def test_a_guid_is_submitted_once(edge: Edge) -> None:
    guid = str(uuid.uuid4())
    first = submit(edge, "select 1", unique_identifier_id=guid)
    second = submit(edge, "select 1", unique_identifier_id=guid)
    assert first.id == second.id
    assert first.get_unique_identifier_id() == guid


def test_lists_are_filtered_and_paged(edge: Edge) -> None:
    key = edge.user("ALIYUN$lister")
    edge.client().run_security_query("grant CreateInstance, List on project edge to user ALIYUN$lister")
    mine = [edge.client(key).run_sql(f"select {n}").id for n in range(5)]
    for each in mine:
        wait_for_end(edge.world, edge.project, each, 10)
    own = edge.client(key).list_instances(only_owner=True, max_items=2)
    assert {each.id for each in own} == set(mine)
    ended = list(edge.client(key).list_instances(only_owner=True, status="Terminated"))
    assert {each.id for each in ended} == set(mine)
    for each in ended:
        assert each._getattr("owner") == "ALIYUN$lister"
        assert each._getattr("start_time") is not None
        assert each._getattr("end_time") is not None
        assert each._getattr("_status") == Instance.Status.TERMINATED
    now = datetime.now()
    recent = edge.client(key).list_instances(
        only_owner=True, start_time=now - timedelta(hours=1), end_time=now + timedelta(hours=1)
    )
    assert {each.id for each in recent} == set(mine)
    assert not list(edge.client(key).list_instances(only_owner=True, end_time=now - timedelta(hours=1)))


def test_interactive_sessions_fall_back(edge: Edge) -> None:
    instance = edge.client().execute_sql_interactive("select 1", fallback="default")
    assert instance.is_successful()


def test_accelerated_queries_are_the_same_instances(edge: Edge) -> None:
    client = edge.client()
    instance = client.execute_sql_interactive("select 1", use_mcqa_v2=True, quota_name="default")
    assert instance.is_successful()
    assert client.get_instance(instance.id).is_successful()


def test_statuses_in_the_store_agree(edge: Edge) -> None:
    instance = edge.client().execute_sql("select 1")
    stored = edge.world.instances.head(edge.project, instance.id)
    assert stored is not None and stored.status is InstanceStatus.TERMINATED


JOB = "<Instance><Job><Tasks><SQL><Name>t</Name><Query>{}</Query></SQL></Tasks></Job></Instance>"


def test_answers_at_once_when_asked_to_wait(edge: Edge) -> None:
    client = edge.client()
    url = client.get_project().instances.resource()
    reply = client.rest.post(url, JOB.format("select 1"), action="tryWait", headers={"Content-Type": "application/xml"})
    assert reply.status_code == 200
    assert "<Status>Success</Status>" in reply.text
    assert client.exist_instance(reply.headers["Location"].rsplit("/", 1)[1])
    query = edge.holds.make("not in time")
    reply = client.rest.post(url, JOB.format(query), params={"tryWait": "true"})
    assert (reply.status_code, reply.text) == (201, "")
    edge.holds.released["not in time"].set()


def test_many_wait_without_occupying_threads(edge: Edge) -> None:
    """More long polls than there are worker threads, and the server still answers others."""
    from concurrent.futures import ThreadPoolExecutor

    from taskhouse.protocols.odps.asgi import WORKERS

    instance = submit(edge, edge.holds.make("watched"))
    assert edge.holds.began["watched"].wait(10)
    with ThreadPoolExecutor(WORKERS * 2) as pool:
        client = edge.client()
        waiting = [pool.submit(client.get_instance(instance.id).reload, blocking=True) for _ in range(WORKERS * 2)]
        assert submit(edge, "select 1").status is not None
        edge.holds.released["watched"].set()
        for each in waiting:
            each.result()
    instance.wait_for_success()


def test_jobs_of_several_tasks_keep_their_order(edge: Edge) -> None:
    from odps.models.job import Job

    job = Job()
    for number in range(3):
        task = SQLTask(name=f"step_{number}", query=f"select {number}")
        job.add_task(task)
    instance = edge.client()._project.instances.create(job=job)
    instance.wait_for_success()
    assert instance.get_task_names() == ["step_0", "step_1", "step_2"]
    assert list(instance.get_task_results().values()) == [f"ran: select {number};" for number in range(3)]


def test_documents_survive_source(edge: Edge) -> None:
    """What was submitted comes back, whatever characters it holds."""
    client = edge.client()
    query = "select '<&>\"]]&gt;', '中文 \t\n\r'"
    body = JOB.format(query.replace("&", "&amp;").replace("<", "&lt;").replace("\r", "&#13;")).encode()
    url = client.get_project().instances.resource()
    reply = client.rest.post(url, body, headers={"Content-Type": "application/xml"})
    instance = client.get_instance(reply.headers["Location"].rsplit("/", 1)[1])
    assert instance.get_sql_query() == query
    instance.wait_for_success()
    assert instance.get_task_result() == f"ran: {query}"
