"""What of YAML is taken, and what a hostile file can do."""

from __future__ import annotations

import pytest

from taskhouse.services.definitions import read_workspace as reading
from taskhouse.services.definitions.read_workspace import read_workspace
from taskhouse.services.definitions.yaml_nodes import NodeBudget, YamlError, documents
from tests.definitions.workspaces import BASE, said, workspace

SCRIPT = "{{name: {0}, project: shop, type: SQL, code: SELECT 1}}"


def test_words_are_what_they_look_like():
    """YAML 1.1 would read true, 1800 seconds, null and an octal number here."""
    made = workspace(
        """
        scripts:
          - name: on
            project: shop
            type: sql
            label: no
            description: 0o17
            schedule: {at: 00:30}
            code: 1_000
        """
    )
    script = made.scripts["shop.on"]
    assert (script.label, script.description, script.code) == ("no", "0o17", "1_000")
    assert script.settings.schedule.at.isoformat() == "00:30:00"


def test_anchors_and_merge_keys():
    made = workspace(
        """
        scripts:
          - &first
            name: a
            project: shop
            type: SHELL
            code: &code echo 1
            retries: 3
            tags: &tags [daily, core]
          - <<: *first
            name: b
            retries: 4
          - {name: c, project: shop, type: SHELL, code: *code, tags: *tags}
        """
    )
    a, b, c = (made.scripts[f"shop.{name}"] for name in "abc")
    assert (a.settings.retry.retries, b.settings.retry.retries) == (3, 4)
    assert b.settings.tags == c.settings.tags == ("daily", "core")
    assert b.code == c.code == "echo 1"


def test_several_documents_have_defaults_of_their_own():
    made = workspace(
        f"""
        defaults: {{project: shop, owner: eve}}
        scripts: [{{name: a, type: SQL, code: SELECT 1}}]
        ---
        # nothing
        ---
        scripts: [{SCRIPT.format("b")}]
        """
    )
    assert made.scripts["shop.a"].settings.owners == ("eve",)
    assert made.scripts["shop.b"].settings.owners == ("ola",)  # the project's


def test_no_yaml_at_all():
    [line] = said("scripts: [\n")
    assert line.startswith("x.yaml:2:1: this is not YAML: ")
    [line] = said("scripts:\n\t- a\n")
    assert line.startswith("x.yaml:2:1: this is not YAML: ")
    [line] = said("a: \x07\n")
    assert line.startswith("x.yaml:1:1: this is not YAML: ")


def test_an_alias_bomb_is_refused_before_it_is_expanded():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    with pytest.raises(YamlError, match="more than 100000 values"):
        list(documents("x.yaml", bomb, NodeBudget(100_000)))


def test_an_anchor_cannot_contain_itself():
    with pytest.raises(YamlError, match=r"x\.yaml:1:8: there is no complete anchor '&a'"):
        list(documents("x.yaml", "a: &a [*a]\n", NodeBudget(100)))


def test_an_unknown_alias():
    with pytest.raises(YamlError, match=r"x\.yaml:1:4: .*anchor '&b'"):
        list(documents("x.yaml", "a: *b\n", NodeBudget(100)))


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_deep_nesting_is_refused(opening):
    text = "a: " + opening * 5_000
    with pytest.raises(YamlError, match="nested more than 24 deep"):
        list(documents("x.yaml", text, NodeBudget(100_000)))


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!binary", "!custom", "!!str"])
def test_tags_are_refused(tag):
    [line] = said(f"scripts: {tag} [x]\n")
    assert line.startswith("x.yaml:1:10: tags such as ")


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reading, "MAX_FILE_CHARS", 500)
    monkeypatch.setattr(reading, "MAX_FILES", 3)
    found = read_workspace({f"{n}.yaml": "#" * 501 for n in range(4)}).findings.found
    assert [str(each) for each in found] == [
        *(f"{n}.yaml:1:1: the file has 501 characters; 500 are allowed" for n in range(4)),
        "workspace:1:1: the folder has 4 files; 3 are allowed",
    ]


def test_a_folder_without_definitions():
    found = read_workspace({"notes.txt": "x"}).findings.found
    assert [str(each) for each in found] == [
        "workspace:1:1: the folder has no definitions (definitions are files that end in .yaml or .yml)"
    ]


def test_errors_of_all_files_are_told_and_each_once():
    files = {"base.yaml": BASE, "a.yaml": "scripts: 1\n", "b.yaml": "- x\n", "c/d.yml": "tennant: {}\n"}
    assert [str(each) for each in read_workspace(files).findings.found] == [
        "a.yaml:1:10: scripts: a list is expected: each object begins with '- name:'",
        "b.yaml:1:1: a file of a workspace is a mapping of sections, such as `projects:`",
        "c/d.yml:1:1: unknown section 'tennant' (did you mean 'tenant'?)",
    ]


def test_a_flood_of_errors_is_cut():
    found = read_workspace({"a.yaml": "scripts:\n" + "  - {nme: a}\n" * 5_000}).findings.found
    assert len(found) == 201
    assert "there are more errors; these are the first 200" in [each.message for each in found]


def test_errors_in_code_point_into_it():
    block = """
    scripts:
      - name: a
        project: shop
        type: SQL
        code: |

          SELECT 1;
          SELEC 2
    """
    assert said(block)[0].startswith("x.yaml:9:7: scripts.shop.a.code: ")
    quoted = "scripts: [{name: a, project: shop, type: SQL, code: 'SELECT 1; SELEC 2'}]\n"
    assert said(quoted)[0].startswith("x.yaml:1:64: scripts.shop.a.code: ")
    own = "scripts: [{name: a, project: shop, type: SQL, file: sub/a.sql}]\n"
    [line] = said(own, **{"sub/a__sql": "SELECT 1;\n\n  SELEC 2\n"})
    assert line.startswith("sub/a.sql:3:3: scripts.shop.a.code: ")


def test_names_of_another_case_are_found():
    made = workspace(
        """
        defaults: {project: shop}
        dimension_tables:
          - name: Base
            source: raw.t
            key: {name: id, type: BIGINT}
            attributes: [{name: a, type: STRING}]
          - name: Next
            source: {table: SHOP.BASE, alias: b}
            key: {name: id, type: BIGINT}
            attributes: [{name: a, type: STRING, expression: UPPER(b.a)}]
        """
    )
    source = made.dimensions["shop.Next"].source
    assert source is not None and source.table == "shop.Base"
    assert made.dimensions["shop.Base"].source.alias == "t"
    assert made.dimensions["shop.Base"].attributes[0].expression == "t.a"


def test_the_case_of_an_ending_does_not_matter():
    """A file that is silently left out would retire its tasks."""
    script = "scripts: [{name: s, project: shop, owner: ola, type: SHELL, file: DO.SH}]\n"
    read = read_workspace({"base.YAML": BASE, "more.Yml": script, "DO.SH": "echo 1"})
    assert not read.findings.found and set(read.workspace.scripts) == {"shop.s"}
