"""Reports and queries of results in object stores."""

import shutil

import pytest

from ablate import query
from ablate.errors import UsageError
from ablate.query import QueryConfig
from ablate.report.__main__ import ReportConfig
from ablate.report.__main__ import main as report
from ablate.results import mirror
from ablate.results.reader import read_rows
from ablate.results.schema import TABLES
from ablate.storage import UnreachableError
from tests import results_factory as factory
from tests.stores import upload


@pytest.fixture
def out(tmp_path, monkeypatch):
    """Local results of two trials, and a cache that is empty."""
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    for arm in ("full", "crop"):
        factory.write(tmp_path / "out", iou=0.5, arm=arm)
    return tmp_path / "out"


def test_results_in_a_bucket_are_read_like_a_folder(out, s3, capsys):
    upload(s3, out, "bucket/read")
    with mirror.folder("s3://bucket/read") as copy:
        for table in TABLES:
            assert read_rows(copy, table).equals(read_rows(out, table))
    query.main(QueryConfig(out="s3://bucket/read/", sql="SELECT count(*) AS n FROM trials", format="csv"))
    assert capsys.readouterr().out == "n\n2\n"


def test_results_in_googles_store_too(out, gcs, capsys):
    folder, options = gcs
    shutil.copytree(out, folder / "bucket" / "results")
    report(ReportConfig(out=f"gs://anonymous@bucket/results?{options}"))
    there = capsys.readouterr().out
    report(ReportConfig(out=str(out)))
    assert there == capsys.readouterr().out


@pytest.mark.parametrize("store", ["s3", "gs"])
def test_searches_come_too_and_go_when_they_are_gone(out, store, s3, gcs, tmp_path):
    paths = ["searches/h1/s1.json", "searches/h1/s2.json", "searches/h2/s3.json"]
    of_tune = ["searches/h1/ablate-tune-x/run/tuner.pkl", "searches/h1/ablate-tune-x/run/t/result.json"]
    for path in [*paths, *of_tune]:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(path)
    folder, options = gcs
    if store == "s3":
        upload(s3, out, "bucket/searches")
        place, gone = "s3://bucket/searches", lambda path: s3.delete_file(f"bucket/searches/{path}")
    else:
        shutil.copytree(out, folder / "bucket" / "hunts")
        place, gone = (
            f"gs://anonymous@bucket/hunts?{options}",
            lambda path: (folder / "bucket" / "hunts" / path).unlink(),
        )

    def found():
        with mirror.folder(place) as copy:
            return {path.relative_to(copy).as_posix(): path.read_text() for path in copy.glob("searches/**/*.*")}

    assert found() == {path: path for path in paths}
    gone(paths[1])
    assert set(found()) == {paths[0], paths[2]}


def test_only_what_is_new_is_copied_and_what_is_gone_goes(out, s3, capsys):
    upload(s3, out, "bucket/grows")
    with mirror.folder("s3://bucket/grows"):
        assert "copying 6 files" in capsys.readouterr().err
    with mirror.folder("s3://bucket/grows"):
        assert capsys.readouterr().err == ""
    gone = read_rows(out, "trials")["trial"][0].as_py()
    s3.delete_file(f"bucket/grows/trials/{gone}.parquet")
    new = factory.write(out / "more", iou=0.7, arm="i2i")
    upload(s3, out / "more", "bucket/grows")
    with mirror.folder("s3://bucket/grows") as copy:
        assert "copying 3 files" in capsys.readouterr().err
        found = set(read_rows(copy, "trials")["trial"].to_pylist())
    assert len(found) == 2
    assert new in found
    assert gone not in found


def test_who_reads_a_part_leaves_nothing_half_in_the_copy_of_all(out, s3):
    upload(s3, out, "bucket/part")
    with mirror.folder("s3://bucket/part", ("trials", "runs", "")) as part:
        assert len(read_rows(part, "trials")) == 2
        with mirror.folder("s3://bucket/part") as copy:
            assert len({*read_rows(copy, "images")["trial"].to_pylist()}) == 2
        new = factory.write(out, iou=0.7, arm="i2i")
        upload(s3, out, "bucket/part")
        with mirror.folder("s3://bucket/part", ("trials", "runs", "")):
            assert new in read_rows(part, "trials")["trial"].to_pylist()
            assert new not in read_rows(copy, "trials")["trial"].to_pylist()


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("s3://bucket/nothing-here", "no results there"),
        ("s3://no-such-bucket/x", "no results there"),
        ("https://user:geheim@example.org/results", "https://example.org/results: a web server lists no files"),
        ("ftp://host/x", "ftp://"),
        ("no-such-folder", "no such folder; python -m ablate.run"),
    ],
)
def test_where_there_are_no_results_it_is_said(place, says, s3):
    with pytest.raises(UsageError) as caught, mirror.folder(place):
        pass
    assert says in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_store_that_does_not_answer_is_told_without_its_credentials():
    url = "s3://key:geheim@bucket/x?endpoint_override=127.0.0.1:9&scheme=http&region=us-east-1"
    with pytest.raises(UnreachableError, match=r"cannot list s3://bucket/x/trials.*: network connection") as caught:
        mirror.folder(url).__enter__()
    assert "geheim" not in str(caught.value)
