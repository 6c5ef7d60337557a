"""The run command on a data root that lies on a web server."""

import shutil

import pytest

from ablate import storage
from ablate.results import mirror
from ablate.results.reader import read_rows
from tests.command import run
from tests.web import Site, serving

# A network like any other, which also looks for what the driver was told: in its environment, and in no `ps`.
NETWORK = """
import os
from pathlib import Path
from ablate.models import unet

def build(*, width):
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            assert b"ge" b"heim" not in Path("/proc", number, "cmdline").read_bytes()
        except OSError:
            pass  # it has ended meanwhile
    assert os.environ["ABLATE_DATA_URL"].endswith("/root"), "a trial could not fetch data of its own"
    return unet.build(width=width)
"""
SPACE = """
from ablate.spaces.space import product

def space():
    return product(model=["{network}"], arm=["crop"])
"""
SHARD = "/root/crop/train-000000.tar"


@pytest.fixture
def site(tiny_root):
    site = Site()
    site.share(tiny_root, "/root")
    with serving(site) as served:
        yield served


@pytest.mark.slow
def test_a_run_from_a_url_with_a_password_equals_one_from_the_folder(site, tiny_root, tmp_path):
    (tmp_path / "network.py").write_text(NETWORK)
    (tmp_path / "space.py").write_text(SPACE.format(network=tmp_path / "network.py"))
    site.password = "user:geheim"
    url, cache = f"{site.url.replace('//', '//user:geheim@')}/root", str(tmp_path / "cache")
    arguments = [f"space={tmp_path / 'space.py'}", f"data={url}", f"out={tmp_path / 'out'}"]
    done = run("ablate.run", *arguments, ABLATE_CACHE=cache)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path for _, path, _ in site.asked if "i2i" in path} == set()
    assert site.gets(SHARD) == [None]
    (row,) = read_rows(tmp_path / "out", "trials").to_pylist()
    assert row["status"] == "done"

    shutil.rmtree(tmp_path / "cache")
    again = run("ablate.run", *arguments, ABLATE_CACHE=cache)
    assert again.returncode == 0
    assert "1 trial, 1 done, 0 to run" in again.stdout
    assert site.gets(SHARD) == [None]  # nothing was to be done: nothing was copied
    here = run("ablate.run", arguments[0], f"data={tiny_root}", arguments[2])
    assert "1 trial, 1 done, 0 to run" in here.stdout  # who a trial is does not depend on where its data lies

    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".pyc"]  # our network's own
    written = [path for path in files if b"geheim" in path.read_bytes()]
    assert (written, "geheim" in done.stdout + done.stderr + again.stdout) == ([], False)


@pytest.mark.parametrize("damage", ["unreachable", "no manifest", "altered", "too large"])
def test_data_that_cannot_be_had_is_one_line_and_status_2_before_training(damage, site, tmp_path):
    url, environment = f"{site.url}/root", {"ABLATE_CACHE": str(tmp_path / "cache")}
    if damage == "unreachable":
        url, said = "http://user:geheim@127.0.0.1:1/root", "data=http://127.0.0.1:1/root: no manifest: "
    elif damage == "no manifest":
        del site.files["/root/manifest.json"]
        said = f"cannot fetch {url}/manifest.json: 404 Not Found"
    elif damage == "altered":
        site.faults[SHARD] = ["wrong"]
        said = "not the expected file"
    else:
        environment["ABLATE_CACHE_GB"] = "0.0001"
        said = "set ABLATE_CACHE_GB="
    done = run("ablate.run", "space=smoke", f"data={url}", f"out={tmp_path / 'out'}", **environment)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert "geheim" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) == 1
    assert "dashboard" not in done.stdout


def test_results_cannot_go_to_a_web_server_and_its_password_is_not_repeated():
    done = run("ablate.run", "space=smoke", "out=https://key:geheim@host/results")
    assert done.returncode == 2
    assert (
        "out=https://host/results: a web server lists no files; copy the folder, or give s3:// or gs://" in done.stderr
    )
    assert "geheim" not in done.stderr


def test_results_in_a_store_equal_those_in_a_folder_and_a_repeated_run_finds_them(s3, s3_port, tiny_root, tmp_path):
    options = f"endpoint_override=127.0.0.1:{s3_port}&scheme=http&region=us-east-1"
    there, here = f"s3://key:geheim@bucket/results?{options}", tmp_path / "out"
    space = ["space=smoke", f"data={tiny_root}", "where=augment=none"]
    elsewhere = {"ABLATE_CACHE": str(tmp_path / "cache"), "AWS_ACCESS_KEY_ID": "", "AWS_ENDPOINT_URL": ""}
    done = run("ablate.run", *space, f"out={there}", **elsewhere)
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.rmtree(tmp_path / "cache")
    again = run("ablate.run", *space, f"out={there}", **elsewhere)
    assert "1 trial, 1 done, 0 to run" in again.stdout, again.stdout + again.stderr
    run("ablate.run", *space, f"out={here}")
    with mirror.folder(there) as copy:
        assert read_rows(copy, "images").equals(read_rows(here, "images"))
    names = {file.name.partition("/")[0] for file in storage.listing(there, below=True)}
    assert names == {"epochs", "images", "locations.parquet", "logs", "runs", "trials", "weights"}
    written = [path for path in tmp_path.rglob("*") if path.is_file() and b"geheim" in path.read_bytes()]
    assert (written, "geheim" in done.stdout + done.stderr + again.stdout) == ([], False)
