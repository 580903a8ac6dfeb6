"""XFlow through the released client: sub-instances, results, models, and what goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

ALGORITHMS = "algo_public"


@pytest.fixture
def out(live_client: Any, request: pytest.FixtureRequest) -> Any:
    """A name for an output table, free before and after."""
    name = f"out_{request.node.name.split('[')[0][5:45]}"
    live_client.delete_table(name, if_exists=True)
    yield name
    live_client.delete_table(name, if_exists=True)


def _rows(client: Any, query: str) -> list[list[Any]]:
    with client.execute_sql(query).open_reader(tunnel=True) as reader:
        return [list(record.values) for record in reader]


def test_sub_instances_are_there_as_soon_as_the_xflow_is_submitted(live_client: Any, iris: str, out: str) -> None:
    instance = live_client.run_xflow("AppendID", ALGORITHMS, {"inputTableName": iris, "outputTableName": out})
    subs = live_client.get_xflow_sub_instances(instance)
    assert list(subs) == ["AppendID"]
    instance.wait_for_success()
    assert instance.get_task_names() == ["AppendID"]
    assert instance.is_successful()
    sub = subs["AppendID"]
    assert sub.is_successful() and sub.get_task_names() == ["AnonymousSQLTask"]
    assert "row_number" in sub.get_sql_query()
    assert live_client.get_xflow_results(instance)["AppendID"].instance_id == sub.id


def test_an_xflow_sent_again_with_its_guid_is_the_first_one(live_client: Any, iris: str, out: str) -> None:
    given = {"inputTableName": f"{live_client.project}.{iris}", "outputTableName": f"{live_client.project}.{out}"}
    parameters = "".join(f"<Parameter><Key>{k}</Key><Value>{v}</Value></Parameter>" for k, v in given.items())
    body = (
        f"<Instance><XflowInstance><Project>{ALGORITHMS}</Project><Xflow>AppendID</Xflow><Guid>once-{out}</Guid>"
        f"<Parameters>{parameters}</Parameters></XflowInstance></Instance>"
    )
    url = f"{live_client.endpoint}/projects/{live_client.project}/instances"
    places = []
    for _ in range(2):
        places.append(live_client.rest.post(url, body, headers={"Content-Type": "application/xml"}).headers["Location"])
        live_client.get_instance(places[0].rsplit("/", 1)[1]).wait_for_success()
    assert places[0] == places[1]


def test_append_id_numbers_all_rows_and_adds_its_column_last(live_client: Any, iris: str, out: str) -> None:
    live_client.execute_xflow("AppendID", ALGORITHMS, {"inputTableName": iris, "outputTableName": out})
    assert [c.name for c in live_client.get_table(out).table_schema.columns][-1] == "append_id"
    assert _rows(
        live_client, f"select count(*), min(append_id), max(append_id), count(distinct append_id) from {out}"
    ) == [[150, 0, 149, 150]]


@pytest.mark.parametrize(
    ("parameters", "rows"),
    [
        ({"sampleSize": "20"}, 20),
        ({"sampleSize": "1000"}, 150),
        ({"sampleRatio": "0.1"}, 15),
        ({"sampleSize": "400", "replace": "true"}, 400),
        ({"sampleRatio": "0"}, 0),
    ],
)
def test_sample_takes_as_many_rows_as_asked_for(
    live_client: Any, iris: str, out: str, parameters: dict[str, str], rows: int
) -> None:
    live_client.execute_xflow("Sample", ALGORITHMS, {"inputTableName": iris, "outputTableName": out, **parameters})
    assert _rows(live_client, f"select count(*) from {out}") == [[rows]]
    assert [c.name for c in live_client.get_table(out).table_schema.columns] == [
        c.name for c in live_client.get_table(iris).table_schema.columns
    ]


@pytest.mark.parametrize("replace", ["false", "true"])
def test_sample_with_a_seed_is_repeatable(live_client: Any, iris: str, out: str, replace: str) -> None:
    found = []
    for seed in ("5", "5", "6"):
        live_client.delete_table(out, if_exists=True)
        parameters = {
            "inputTableName": iris,
            "outputTableName": out,
            "sampleSize": "30",
            "randomSeed": seed,
            "replace": replace,
        }
        live_client.execute_xflow("Sample", ALGORITHMS, parameters)
        found.append(sorted(map(str, _rows(live_client, f"select * from {out}"))))
    assert found[0] == found[1] != found[2]


def test_normalize_scales_to_one_and_tells_its_parameters(live_client: Any, iris: str, out: str) -> None:
    parameters = {"inputTableName": iris, "outputTableName": out, "outputParaTableName": f"{out}_p"}
    live_client.delete_table(f"{out}_p", if_exists=True)
    instance = live_client.execute_xflow("Normalize", ALGORITHMS, parameters)
    assert list(live_client.get_xflow_sub_instances(instance)) == ["Parameters", "Normalize"]
    assert _rows(live_client, f"select min(petallength), max(petallength), count(distinct name) from {out}") == [
        [0.0, 1.0, 3]
    ]
    assert _rows(live_client, f"select min_value, max_value from {out}_p where column_name = 'sepalwidth'") == [
        [2.0, 4.4]
    ]
    live_client.delete_table(f"{out}_p")


def test_normalize_keeps_original_columns_and_nulls(live_client: Any, out: str) -> None:
    live_client.delete_table("xflow_gaps", if_exists=True)
    live_client.execute_sql("create table xflow_gaps as select * from values (1, 5), (3, 5), (null, 5) t(a, b)")
    parameters = {"inputTableName": "xflow_gaps", "outputTableName": out, "keepOriginal": "true"}
    live_client.execute_xflow("Normalize", ALGORITHMS, parameters)
    assert _rows(live_client, f"select a, normalized_a, normalized_b from {out} order by a limit 5") == [
        [None, None, 0.0],
        [1, 0.0, 0.0],
        [3, 1.0, 0.0],
    ]


def test_partitions_of_the_input_are_chosen(live_client: Any, out: str) -> None:
    live_client.delete_table("xflow_parts", if_exists=True)
    live_client.execute_sql("create table xflow_parts (a bigint) partitioned by (ds string)")
    for ds in ("1", "2", "3"):
        live_client.execute_sql(f"insert into xflow_parts partition (ds='{ds}') values ({ds})")
    parameters = {"inputTableName": "xflow_parts", "inputTablePartitions": "ds=1;ds=3", "outputTableName": out}
    live_client.execute_xflow("AppendID", ALGORITHMS, parameters)
    assert _rows(live_client, f"select a, ds from {out} order by a limit 9") == [[1, "1"], [3, "3"]]


def test_logistic_regression_leaves_a_model_that_can_be_read(live_client: Any, iris: str) -> None:
    parameters = {"inputTableName": iris, "labelColName": "name", "modelName": "xflow_model"}
    instance = live_client.execute_xflow("LogisticRegression", ALGORITHMS, parameters)
    subs = live_client.get_xflow_sub_instances(instance)
    assert list(subs) == ["Classes", "Train"]
    report = subs["Train"].get_task_result("Train")
    assert "class Iris-virginica" in report and "petallength" in report
    assert [m.name for m in live_client.list_offline_models(prefix="xflow_")] == ["xflow_model"]
    assert live_client.get_offline_model("xflow_model").get_model().count("<RegressionTable") == 3
    live_client.delete_offline_model("xflow_model")
    assert not live_client.exist_offline_model("xflow_model")


def test_failed_sub_instance_fails_the_xflow(live_client: Any) -> None:
    from odps.errors import ODPSError

    live_client.delete_table("xflow_one_class", if_exists=True)
    live_client.execute_sql("create table xflow_one_class as select 1.0D as x, 'only' as label")
    parameters = {"inputTableName": "xflow_one_class", "labelColName": "label", "modelName": "never"}
    instance = live_client.run_xflow("LogisticRegression", ALGORITHMS, parameters)
    with pytest.raises(ODPSError, match="at least 2 are needed"):
        instance.wait_for_success()
    assert instance.is_terminated() and not instance.is_successful()
    assert not live_client.exist_offline_model("never")
    assert [s.is_successful() for s in live_client.get_xflow_sub_instances(instance).values()] == [True, False]
    (name,) = instance.get_task_names()
    assert [s.finished_percentage for s in instance.get_task_progress(name).stages] == [100, 0]


def test_output_table_that_appears_meanwhile_fails_and_cancels_the_rest(live_client: Any, iris: str, out: str) -> None:
    parameters = {"inputTableName": iris, "outputTableName": out, "outputParaTableName": f"{out}_q"}
    live_client.delete_table(f"{out}_q", if_exists=True)
    busy = live_client.execute_sql(f"create table {out} (a bigint)")
    assert busy.is_successful()
    from odps.errors import ODPSError

    with pytest.raises(ODPSError, match="already exists"):
        live_client.run_xflow("Normalize", ALGORITHMS, parameters)


@pytest.mark.parametrize(
    ("xflow", "project", "parameters", "said"),
    [
        ("NoSuch", ALGORITHMS, {}, "has no xflow 'NoSuch'; it has AppendID"),
        ("AppendID", None, {}, "'AppendID' is in project 'algo_public'"),
        ("AppendID", ALGORITHMS, {}, "parameter 'inputTableName' is missing"),
        ("AppendID", ALGORITHMS, {"inputTableName": "no_such_table", "outputTableName": "x"}, "Table not found"),
        ("AppendID", ALGORITHMS, {"inputTableName": "pyodps_iris", "outputTableName": "x", "more": "1"}, "no parameter 'more'"),
        ("AppendID", ALGORITHMS, {"inputTableName": "pyodps_iris", "outputTableName": "pyodps_iris"}, "named by another parameter"),
        ("AppendID", ALGORITHMS, {"inputTableName": "pyodps_iris", "outputTableName": "x", "lifecycle": "0"}, "lie between 1"),
        ("Sample", ALGORITHMS, {"inputTableName": "pyodps_iris", "outputTableName": "x", "sampleSize": "ten"}, "not an integer"),
        ("Sample", ALGORITHMS, {"inputTableName": "pyodps_iris", "outputTableName": "x", "sampleRatio": "nan"}, "must lie between"),
        ("Sample", ALGORITHMS, {"inputTableName": "pyodps_iris", "outputTableName": "x", "replace": "1"}, "not true or false"),
        ("LogisticRegression", ALGORITHMS, {"inputTableName": "pyodps_iris", "labelColName": "name", "modelName": "../m"}, "model"),
        ("LogisticRegression", ALGORITHMS, {"inputTableName": "pyodps_iris", "labelColName": "name", "modelName": "m", "regularizedType": "l3"}, "not one of l1, l2, None"),
    ],
)  # fmt: skip
def test_bad_requests_are_refused_at_submission(
    live_client: Any, iris: str, xflow: str, project: str | None, parameters: dict[str, str], said: str
) -> None:
    from odps.errors import ODPSError

    before = len(list(live_client.list_instances()))
    with pytest.raises(ODPSError) as caught:
        live_client.run_xflow(xflow, project, parameters)
    assert said in str(caught.value)
    assert len(list(live_client.list_instances())) == before


def test_xflows_are_listed_and_told(live_client: Any) -> None:
    assert [x.name for x in live_client.list_xflows(project=ALGORITHMS)] == [
        "AppendID",
        "LogisticRegression",
        "Normalize",
        "Sample",
    ]
    assert list(live_client.list_xflows()) == []
    assert live_client.exist_xflow("AppendID", project=ALGORITHMS)
    assert not live_client.exist_xflow("AppendID")
    told = live_client.get_xflow("Sample", project=ALGORITHMS)
    told.reload()
    assert b"sampleRatio" in told.xml_source and told.creation_time is not None


def test_source_is_kept_as_it_was_sent(live_client: Any, iris: str, out: str) -> None:
    instance = live_client.run_xflow(
        "AppendID",
        ALGORITHMS,
        {"inputTableName": iris, "outputTableName": out},
        hints={"settings": '{"SKYNET_ID": "12345"}'},
    )
    assert b'{"SKYNET_ID": "12345"}' in live_client.get_project().xflows.get_xflow_source(instance)
    instance.wait_for_success()
