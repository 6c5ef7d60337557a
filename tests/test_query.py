"""SQL over results: what it answers, and what it refuses."""

import csv
import io
import json
import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ablate.errors import UsageError
from ablate.query import QueryConfig, connect, main, select
from ablate.results import queries
from ablate.stats import scores
from ablate.stats.collector import collect
from tests import command
from tests.results_factory import SCATTERED, photos, write, write_failed, write_plan


@pytest.fixture
def out(tmp_path):
    write(tmp_path, 0.25, of=photos({"a": 2}))
    write(tmp_path, 0.75, of=photos({"a": 2}), arm="full")
    write_failed(tmp_path, arm="i2i")
    return tmp_path


@pytest.fixture
def ask(out):
    """Runs a statement and returns its rows."""

    def rows(sql):
        with connect(out) as connection:
            return select(connection, sql).to_pylist()

    return rows


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT arm, avg(iou) AS iou FROM images GROUP BY ALL ORDER BY ALL", [("crop", 0.25), ("full", 0.75)]),
        ("WITH few AS (FROM images LIMIT 3) SELECT count(*) FROM few", [(3,)]),
        ("FROM trials SELECT status, count(*) GROUP BY ALL ORDER BY ALL", [("done", 2), ("failed", 1)]),
        ("SELECT count(DISTINCT trial) FROM epochs", [(2,)]),
        ("SELECT count(*) FROM locations", [(0,)]),
        ("SELECT column_name FROM (DESCRIBE images) LIMIT 1;", [("trial",)]),
        ("SELECT 1 AS a, 2 AS a", [(1, 2)]),
    ],
)
def test_statements_that_read_are_answered(ask, sql, expected):
    assert [tuple(row.values()) for row in ask(sql)] == expected


@pytest.mark.parametrize("sql", ["DESCRIBE images", "SHOW TABLES", "SUMMARIZE trials", "EXPLAIN SELECT 1"])
def test_looking_around_is_allowed(ask, sql):
    assert ask(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "COPY images TO '{there}'",
        "COPY (SELECT 1) TO '{there}' (FORMAT parquet)",
        "EXPLAIN ANALYZE COPY images TO '{there}'",
        "EXPORT DATABASE '{there}'",
        "ATTACH '{there}'",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW images",
        "INSERT INTO trials VALUES (1)",
        "SELECT 1; COPY images TO '{there}'",
        "SELECT 1; SELECT 2",
        "",
        "-- nothing",
        "PRAGMA version",
        "PRAGMA enable_external_access",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "CALL pragma_version()",
        "PREPARE p AS SELECT 1",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM 'https://example.org/x.parquet'",
        "SELECT * FROM glob('*')",
        "SELECT * FROM query('COPY images TO ''{there}''')",
        "SELECT * FROM connection",  # a Python variable
        "SELECT getenv('HOME')",
    ],
)
def test_everything_else_is_refused_in_one_line_and_leaves_nothing(out, ask, tmp_path, sql):
    there = tmp_path / "there"
    with pytest.raises(UsageError) as refusal:
        ask(sql.format(there=there))
    assert str(refusal.value)
    assert not there.exists()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT\n  'é', bad FROM images", 'line 2, column 8: Referenced column "bad" not found'),
        ("SELECT iou FROM imags", "line 1, column 17: Table with name imags does not exist"),
        ("SELEC iou", "line 1, column 1: syntax error"),
        ("SELECT 'x'::INT", "line 1, column 11: Could not convert"),
    ],
)
def test_a_mistake_is_explained_with_its_place(ask, sql, expected):
    with pytest.raises(UsageError, match=r"^line") as mistake:
        ask(sql)
    assert str(mistake.value).startswith(expected)


SQL = "SELECT arm, iou, pred_box, score / 0 AS none FROM images WHERE iou > 0.5"


def test_csv_and_json_and_parquet_parse_back(out, capsys):
    assert main(QueryConfig(out=str(out), sql=SQL, format="csv")) == 0
    rows = [*csv.DictReader(io.StringIO(capsys.readouterr().out))]
    assert [(row["arm"], float(row["iou"]), len(json.loads(row["pred_box"]))) for row in rows] == [
        ("full", 0.75, 4)
    ] * 2
    main(QueryConfig(out=str(out), sql=SQL, format="json"))
    assert [row["iou"] for row in json.loads(capsys.readouterr().out)] == [0.75, 0.75]
    main(QueryConfig(out=str(out), sql=SQL, format="parquet", to=str(out / "answer.parquet")))
    assert pq.read_table(out / "answer.parquet")["iou"].to_pylist() == [0.75, 0.75]


def test_what_json_does_not_have_is_null(out, capsys):
    main(QueryConfig(out=str(out), sql="SELECT 'nan'::DOUBLE AS x, sum(1) AS y, DATE '2020-01-02' AS z", format="json"))
    assert json.loads(capsys.readouterr().out) == [{"x": None, "y": 1, "z": "2020-01-02"}]


def test_a_table_is_aligned_and_counted(out, capsys):
    main(QueryConfig(out=str(out), sql="SELECT arm, count(*) AS n, repeat('x', 99) AS long FROM images GROUP BY ALL"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["arm", "n", "long"]
    assert lines[-2:] == ["(2 rows)", "Long values are cut; format=csv gives them whole."]
    assert max(map(len, lines[:-1])) < 80


def test_parquet_is_not_printed(out):
    with pytest.raises(UsageError, match=r"to=FILE\.parquet"):
        main(QueryConfig(out=str(out), sql=SQL, format="parquet"))


def test_without_a_statement_the_views_are_listed(out, capsys):
    main(QueryConfig(out=str(out)))
    printed = capsys.readouterr().out
    assert {"images: 4 rows", "epochs: 4 rows", "trials: 3 rows", "locations: 0 rows"} <= set(printed.splitlines())
    assert printed.count(f"python -m ablate.query out={out}") == 2


SCENE_ROWS = {
    "name": ["a-0", "a-1", "elsewhere"],
    "biome": ["forest", "arid", "arid"],
    "visible_share": [0.8, 0.3, 0.1],
    "width": [512, 512, 512],
    "herd": [[{"species": "deer"}], [], None],
}


def scenes(tmp_path, **changes):
    path = tmp_path / "scenes.parquet"
    pq.write_table(pa.table(SCENE_ROWS | changes), path)
    return str(path)


def documented():
    """The statement of the documentation's example."""
    page = Path(__file__).parent.parent / "docs/results.md"
    [line] = [line for line in page.read_text().splitlines() if "scenes=" in line and "SELECT" in line]
    return shlex.split(line)[-1]


def test_scenes_are_joined_with_the_photographs_that_they_made(out, tmp_path, capsys):
    given = scenes(tmp_path)
    assert main(QueryConfig(out=str(out), sql=documented(), scenes=given, format="json")) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows == [
        {"biome": "arid", "visible": 0.25, "iou": 0.5},
        {"biome": "forest", "visible": 0.75, "iou": 0.5},
    ]


def test_scenes_are_listed_where_they_are_given_and_open_no_way_to_files(out, tmp_path, capsys):
    given = scenes(tmp_path)
    main(QueryConfig(out=str(out), scenes=given))
    printed = capsys.readouterr().out.splitlines()
    assert "scenes: 3 rows" in printed
    assert any(line.split() == ["visible_share", "double"] for line in printed)
    main(QueryConfig(out=str(out)))
    assert "scenes: " not in capsys.readouterr().out
    with pytest.raises(UsageError, match="scenes"):
        main(QueryConfig(out=str(out), sql="FROM scenes"))
    with pytest.raises(UsageError):
        main(QueryConfig(out=str(out), scenes=given, sql=f"FROM '{given}'"))


def test_scenes_that_cannot_be_used_are_refused_in_one_line(out, tmp_path):
    (tmp_path / "text.parquet").write_text("name\na-0\n")
    (tmp_path / "folder.parquet").mkdir()
    whole = Path(scenes(tmp_path)).read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:4] + bytes(len(whole) - 12) + whole[-8:])  # its ends are right
    for given, said in (
        (str(tmp_path / "no.parquet"), "no such file; give the scenes.parquet"),
        (str(tmp_path / "folder.parquet"), "no such file"),
        (str(tmp_path / "text.parquet"), "not a Parquet file"),
        (str(tmp_path / "cut.parquet"), "not a Parquet file, or a broken one"),
        (scenes(tmp_path, name=["a-0", "a-1", "a-0"]), "1 names are there more than once, such as 'a-0'"),
        ("s3://bucket/scenes.parquet", "scenes=s3://bucket/scenes.parquet: a URL cannot be used"),
    ):
        with pytest.raises(UsageError, match=said):
            main(QueryConfig(out=str(out), sql="FROM scenes", scenes=given))
    pq.write_table(pa.table({"picture": ["a-0"]}), tmp_path / "other.parquet")
    with pytest.raises(UsageError, match="a column 'name', the picture's name, is needed; it has: picture"):
        main(QueryConfig(out=str(out), scenes=str(tmp_path / "other.parquet")))


def test_an_old_file_without_a_column_gives_null(out, ask):
    for path in (out / "images").iterdir():
        pq.write_table(pq.read_table(path).drop_columns(["score"]), path)
    assert ask("SELECT count(*) AS n, count(score) AS scores FROM images") == [{"n": 4, "scores": 0}]


def test_the_command_answers_and_refuses(out):
    done = command.run("ablate.query", f"out={out}", SQL.replace("iou > 0.5", "iou = 0.75"), PYTHONWARNINGS="error")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "(2 rows)"), done.stderr
    refused = command.run("ablate.query", f"out={out}", "SELECT\nbad FROM images")
    assert (refused.returncode, refused.stdout, len(refused.stderr.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("name", queries.known())
def test_every_named_query_answers_on_any_results(name, tmp_path):
    shots = photos({"2": 3, "34": 5}, {"34": 2})
    for seed, iou in ((0, 0.2), (1, 0.7)):
        write(tmp_path, iou, of=shots, seed=seed)
    collect(tmp_path)
    with connect(tmp_path) as connection:
        rows = select(connection, queries.statement(name))
    assert len(rows) > 0
    assert queries.known()[name].endswith(".")


@pytest.mark.parametrize("name", queries.known())
def test_no_named_query_fails_without_results(name, tmp_path):
    with connect(tmp_path) as connection:
        assert len(select(connection, queries.statement(name))) == 0


def test_the_known_named_queries_are_found():
    assert {"per_location", "winners", "outcomes", "hardest", "component", "trials"} <= set(queries.known())


def test_winners_are_those_of_each_location(tmp_path):
    shots = photos({"2": 3, "34": 5})
    write(tmp_path, {"2": 0.9, "34": 0.1}, of=shots)
    write(tmp_path, {"2": 0.2, "34": 0.4}, of=shots, arm="i2i")
    with connect(tmp_path) as connection:
        rows = select(connection, queries.statement("winners")).to_pylist()
    assert [(row["location"], row["arm"], round(row["ahead"], 6)) for row in rows] == [
        ("2", "crop", 0.7),
        ("34", "i2i", 0.3),
    ]


def test_winners_are_of_one_protocol_not_of_smoke_and_beside_the_best_constant_box(tmp_path):
    shots = photos({"2": 9}, boxes=SCATTERED)
    grid = [write(tmp_path, iou, of=shots, arm=arm) for arm, iou in (("crop", 0.05), ("full", 0.04))]
    write_plan(tmp_path, grid, "paper_grid", at="r1")
    sizes = [write(tmp_path, share, of=shots, train_fraction=share) for share in (0.25, 0.5)]
    write_plan(tmp_path, sizes, "data_size", at="r2")
    write_plan(tmp_path, [write(tmp_path, 0.9, of=shots, epochs=2)], "smoke", judges=False, at="r3")
    with connect(tmp_path) as connection:
        rows = select(connection, queries.statement("winners")).to_pylist()
    told = [(row["protocol"], row["setting"], row["iou"], row["beats_it"]) for row in rows]
    assert told == [(1, "crop, train_fraction=0.5", 0.5, True), (2, "crop", pytest.approx(0.05), False)]
    assert rows[0]["constant_box"] == pytest.approx(1 / 9, abs=0.01)


def test_runs_are_listed_with_what_is_here_of_them_and_last_what_no_run_asked_for(out):
    trials = [path.stem for path in (out / "trials").iterdir()]
    write_plan(out, [*trials[:2], "s1"], "paper_grid", at="r1")
    with connect(out) as connection:
        rows = select(connection, queries.statement("runs")).to_pylist()
    assert [(row["run"], row["space"], row["asked"], row["done"] + row["failed"]) for row in rows] == [
        ("r1", "paper_grid", 3, 2),
        (None, None, 1, 1),
    ]


@pytest.fixture
def searched(tmp_path):
    """Of one setting two seeds of a grid, three trials of a search, one of them asked for by a grid; of another one."""
    shots = photos({"2": 3})
    for seed, iou in ((0, 0.3), (1, 0.5)):
        write(tmp_path, iou, of=shots, seed=seed)
    write(tmp_path, 0.2, of=shots, arm="i2i")
    tried = [write(tmp_path, 0.9, of=shots, seed=seed, search="h1") for seed in (2, 3, 4)]
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "r1.json").write_text(json.dumps({"trials": tried[:1]}))
    collect(tmp_path)
    return tmp_path


def test_winners_are_of_the_grid_and_say_how_many_trials_each_mean_is_over(searched):
    with connect(searched) as connection:
        [row] = select(connection, queries.statement("winners")).to_pylist()
    assert (row["arm"], round(row["iou"], 6), row["seeds"], row["trials"]) == (
        "crop",
        round((0.3 + 0.5 + 0.9) / 3, 6),
        3,
        3,
    )
    assert (row["seeds_of_second"], row["trials_of_second"]) == (1, 1)


@pytest.mark.parametrize("name", ["outcomes", "component", "per_location"])
def test_what_only_a_search_asked_for_is_in_no_named_query_of_scores(name, searched):
    with connect(searched) as connection:
        shown = select(connection, queries.statement(name))["trial"].to_pylist()
    [group] = scores.build(searched)
    assert sorted(shown) == sorted(group.trials["trial"])
    assert len(shown) == 4


def test_the_hardest_photographs_are_judged_by_the_grid(searched):
    with connect(searched) as connection:
        assert {row["trials"] for row in select(connection, queries.statement("hardest")).to_pylist()} == {4}


def test_a_query_of_no_such_name_lists_the_names(tmp_path):
    done = command.run("ablate.query", f"out={tmp_path}", "query=winer")
    assert done.returncode == 2
    assert "did you mean 'winners'" in done.stderr
