"""Where settings come from, and which place wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskhouse.config import Config, ConfigError, load


def test_defaults_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert load(None, {}, {}) == Config(home=tmp_path / "taskhouse")


def test_flags_win_over_environment_over_file(tmp_path: Path) -> None:
    file = tmp_path / "taskhouse.toml"
    file.write_text('host = "10.0.0.1"\nport = 1\nlog_format = "json"\n[limits]\nrunning_tasks = 2\nresult_rows = 5\n')
    environment = {"TASKHOUSE_PORT": "2", "TASKHOUSE_HOST": "10.0.0.2", "TASKHOUSE_LIMITS_RUNNING_TASKS": "3"}
    config = load(file, environment, {"port": 3, "host": None})
    assert (config.host, config.port, config.log_format) == ("10.0.0.2", 3, "json")
    assert (config.limits.running_tasks, config.limits.result_rows) == (3, 5)


def test_features_and_operations_have_tables_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[features]\naiops = false\n[operations]\nmax_members = 7\n")
    config = load(file, {"TASKHOUSE_FEATURES_DOWNLOAD_NAME": "x", "TASKHOUSE_OPERATIONS_IN_FLIGHT_FIRST": "yes"}, {})
    assert (config.features.aiops, config.features.download_name) == (False, "x")
    assert (config.operations.max_members, config.operations.in_flight_first) == (7, True)


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("port = 77")
    assert load(None, {"TASKHOUSE_CONFIG": str(file)}, {}).port == 77


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prt = 1", "there is no setting 'prt'"),
        ("port = 70000", "port 70000 is not between 0 and 65535"),
        ("port = 'x'", "port = 'x' is not a number"),
        ("log_format = 'xml'", "log_format = 'xml' is not one of console, json"),
        ("[limits]\nrunning = 1", "there is no limit 'running'"),
        ("[limits]\nrunning_tasks = -1", "running_tasks = -1 is less than 0"),
        ("[limits]\nrunning_tasks = 0", "running_tasks = 0 must be more than 0"),
        ("grace_s = inf", "grace_s = inf is not a number"),
        ("limits = 3", "limits must be a table"),
        ("features = 3", "features must be a table"),
        ("[features]\naiops = 3", "aiops = 3 is neither true nor false"),
        ("[features]\ndownload_name = 'a/b'", "download_name = 'a/b' cannot begin the name of a file"),
        ("[operations]\nmembers = 3", "there is no setting of operations 'members'"),
        ("[operations]\nmax_members = 0", "max_members = 0 must be more than 0"),
        ("port = ", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load(file, {}, {})


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load(tmp_path / "none.toml", {}, {})


def test_a_misspelt_variable_is_an_error() -> None:
    with pytest.raises(ConfigError, match="there is no setting TASKHOUSE_PROT"):
        load(None, {"TASKHOUSE_PROT": "1"}, {})
    with pytest.raises(ConfigError, match="there is no limit 'rows'"):
        load(None, {"TASKHOUSE_LIMITS_ROWS": "1"}, {})


def test_the_time_zone_is_checked_and_defaults_to_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    assert load(None, {}, {}).time_zone == "Asia/Shanghai"
    assert load(None, {"TASKHOUSE_TIME_ZONE": "Europe/Berlin"}, {}).time_zone == "Europe/Berlin"
    with pytest.raises(ConfigError, match="time_zone = 'Mars/Olympus' is not an IANA time zone"):
        load(None, {}, {"time_zone": "Mars/Olympus"})
