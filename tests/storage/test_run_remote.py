"""The run command on a data root that lies on a web server."""

import shutil

import pytest

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


def test_results_cannot_go_to_a_url_and_its_password_is_not_repeated(tmp_path):
    done = run("ablate.run", "space=smoke", "out=s3://key:geheim@bucket/results")
    assert done.returncode == 2
    assert "out=s3://bucket/results: a URL cannot be used here yet; give a local path" in done.stderr
    assert "geheim" not in done.stderr
