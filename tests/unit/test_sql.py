"""Query files: named statements, and an error at loading for a malformed file."""

from pathlib import Path

import pytest

from services.common.sql import load_queries, parse_queries

GOOD = """-- What this file holds.

-- create_thing --
-- 100 % of things are made here.
insert into thing (id)
  values (%(id)s);

-- list_things --
-- All of them.
select id -- the only column
from thing
"""


def test_statements_are_found_by_name_without_comments_indentation_and_semicolon() -> None:
    assert dict(parse_queries(GOOD)) == {
        "create_thing": "insert into thing (id)\nvalues (%(id)s)",
        "list_things": "select id -- the only column\nfrom thing",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("select 1", "text before its first line"),
        ("--  --\n-- Why.\nselect 1", "query name '' is wrong"),
        ("-- Bad Name --\n-- Why.\nselect 1", "query name 'Bad Name' is wrong"),
        ("-- a --\nselect 1", "a lacks the comment line"),
        ("-- a --\n-- Why.\n", "a is empty"),
    ],
)
def test_a_malformed_query_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        list(parse_queries(text))


@pytest.mark.parametrize("folder", [False, True])
def test_a_package_brings_one_file_or_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: bool) -> None:
    package = tmp_path / f"sample_queries_{folder}"
    target = package / "queries" if folder else package
    target.mkdir(parents=True)
    (package / "__init__.py").touch()
    (target / "queries.sql").write_text(GOOD)
    monkeypatch.syspath_prepend(tmp_path)
    queries = load_queries(package.name)
    assert list(queries) == ["create_thing", "list_things"]
    assert len(queries) == 2
    assert queries["create_thing"].startswith("insert")


def test_a_name_used_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "sample_twice" / "queries"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    for name in ("a.sql", "b.sql"):
        (folder / name).write_text("-- one --\n-- Why.\nselect 1")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=r"one is defined twice, the second time in b\.sql"):
        load_queries("sample_twice")
