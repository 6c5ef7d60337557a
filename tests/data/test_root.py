"""Data roots at URLs: copied once, verified, and never taken for another."""

import dataclasses
import json
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ablate.data import arrays, shards
from ablate.data import root as data
from ablate.data.manifest import read_manifest, write_manifest
from ablate.errors import UsageError
from ablate.storage import node_cache
from datasets import embedded
from tests.web import Site, serving

SHARD = "/root/crop/train-000000.tar"


@pytest.fixture
def site(tiny_root, tmp_path, monkeypatch):
    """The tiny data root on a web server, and a cache of its own."""
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ABLATE_DATA_URL", "")
    site = Site()
    site.share(tiny_root, "/root")
    with serving(site) as served:
        yield served


def found(site, report=lambda line: None):
    return embedded.find(f"{site.url}/root/", report)


def silent(line):
    pass


def test_only_the_manifest_is_fetched_at_first(site, tiny_root):
    root = found(site)
    assert root.manifest == read_manifest(tiny_root)
    assert [path for _, path, _ in site.asked] == ["/root/manifest.json"]


def test_pictures_are_those_of_the_folder_and_only_their_arm_is_copied(site, tiny_root):
    loaded = arrays.load(found(site), "crop", "train", 32)
    here = arrays.load(data.at(str(tiny_root)), "crop", "train", 32)
    assert (loaded.image_n3hw == here.image_n3hw).all()
    assert {path for method, path, _ in site.asked if method == "GET"} == {
        "/root/manifest.json",
        SHARD,
        "/root/crop/val-000000.tar",
    }


def test_shards_are_copied_once(site):
    lines = []
    for _ in range(2):
        found(site).verify(["crop", "real"], lines.append)
    assert site.gets(SHARD) == [None]
    assert len(lines) == 2
    assert "copying 2 shard(s) of crop" in lines[0]


def test_what_is_decoded_needs_no_shards(site, tmp_path):
    arrays.load(found(site), "crop", "train", 32)
    shutil.rmtree(tmp_path / "cache" / "copies")
    arrays.load(found(site), "crop", "train", 32)
    assert len(site.gets(SHARD)) == 1


def test_processes_that_need_the_same_copy_it_once(site):
    site.faults[SHARD] = ["trickle"]
    code = f"from datasets import embedded as roots; roots.find('{site.url}/root').verify(['crop'], print)"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    assert site.gets(SHARD) == [None]


def test_a_copy_that_was_altered_is_fetched_again(site, tmp_path):
    found(site).verify(["crop"], silent)
    (copy,) = (tmp_path / "cache" / "copies").rglob("train-000000.tar")
    copy.write_bytes(b"x")
    lines = []
    found(site).verify(["crop"], lines.append)
    assert "crop/train-000000.tar" in lines[0]
    assert copy.stat().st_size > 1
    assert len(site.gets("/root/crop/val-000000.tar")) == 1


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda site: site.files.pop("/root/manifest.json"), "no manifest: .*404 Not Found"),
        (lambda site: site.files.update({"/root/manifest.json": b"<html>"}), "not a manifest"),
        (lambda site: site.files.pop(SHARD), "train-000000.tar: 404 Not Found; the data there is altered, incomplete"),
        (lambda site: site.files.update({SHARD: b"x"}), "not the expected file: its sha256"),
    ],
)
def test_damage_is_one_line_that_names_the_place(damage, said, site):
    damage(site)
    with pytest.raises(UsageError, match=said) as caught:
        found(site).verify(["crop"], silent)
    assert str(caught.value).startswith(f"data={site.url}/root: ")
    assert "/tmp" not in str(caught.value)


@pytest.mark.parametrize("name", ["../../evil.tar", "/etc/evil.tar", "crop/../../evil.tar", "real/evil.tar", ""])
def test_a_manifest_cannot_name_files_outside_the_cache(name, site):
    manifest = json.loads(site.files["/root/manifest.json"])
    manifest["arms"]["crop"]["shards"][0]["name"] = name
    site.files["/root/manifest.json"] = json.dumps(manifest).encode()
    with pytest.raises(UsageError, match="no shard"):
        found(site)


def test_another_node_finds_the_same_data_by_its_digest(site, tmp_path, monkeypatch):
    root = found(site)
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "another node"))
    assert data.planned(root.place, root.digest) == root
    site.files["/root/manifest.json"] += b"\n"
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "third node"))
    with pytest.raises(UsageError, match="its manifest has changed since the run was planned; repeat the command"):
        data.planned(root.place, root.digest)
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "another node"))
    assert data.planned(root.place, root.digest) == root  # it has what was planned with


def test_a_folder_that_changed_since_the_plan_is_an_error(tiny_root, tmp_path):
    shutil.copytree(tiny_root, tmp_path / "root")
    root = data.at(str(tmp_path / "root"))
    assert data.planned(root.place, root.digest) == root
    write_manifest(tmp_path / "root", root.manifest.model_copy(update={"trial_defaults": {}}))
    with pytest.raises(UsageError, match="changed since the run was planned"):
        data.planned(root.place, root.digest)


def test_more_than_the_limit_is_told_before_anything_is_copied(site, monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE_GB", "0.0001")
    with pytest.raises(UsageError, match=r"decoded pictures \(.* GB\) and copied shards \(.*; set ABLATE_CACHE_GB=1 "):
        found(site).require_room([("crop", 32), ("real", 32)])
    assert not site.gets(SHARD)
    monkeypatch.setenv("ABLATE_CACHE_GB", "0.01")
    found(site).require_room([("crop", 32), ("real", 32)])


def test_a_whole_root_is_a_folder_that_readers_accept_and_that_stays(site, monkeypatch):
    folder = embedded.root(f"{site.url}/root", silent)
    manifest = read_manifest(folder)
    shards.verify(folder, manifest, manifest.arms)
    assert len(list(shards.read(folder, manifest, "crop", "train"))) == 16
    monkeypatch.setenv("ABLATE_CACHE_GB", "0.0001")
    with pytest.raises(UsageError, match="no room"):
        node_cache.hold("copies", "other", lambda: 10**5, lambda folder: None, "whole")
    shards.verify(folder, manifest, manifest.arms)
    assert embedded.root(f"{site.url}/root", silent) == folder


def test_credentials_are_used_and_neither_shown_nor_kept(site, tmp_path):
    site.password = "user:geheim"
    with pytest.raises(UsageError, match="401 Unauthorized; credentials are given in the URL"):
        found(site)
    lines = []
    root = embedded.find(f"{site.url.replace('//', '//user:geheim@')}/root?sig=geheim", lines.append)
    root.verify(["crop"], lines.append)
    assert root.place == f"{site.url}/root"
    site.files.pop("/root/real/test-000000.tar")
    with pytest.raises(UsageError) as caught:
        root.verify(["real"], lines.append)
    written = [path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert "geheim" not in f"{root}{lines}{caught.value}{written}"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://host/x", r"data=ftp://host/x: .*allowed: gs://, http://, https://, s3://"),
        ("https:///x", "not a whole URL"),
        ("http://host:port/x", "not a whole URL"),
        ("s3://bucket/x?endpoint=here", "endpoint= is no option of such a URL; did you mean 'endpoint_override'"),
    ],
)
def test_a_url_that_cannot_be_read_is_told_at_once(url, said):
    with pytest.raises(UsageError, match=said):
        embedded.find(url)


def test_threads_that_need_different_arms_do_not_wait_for_each_other(site):
    root = found(site)
    started = threading.Barrier(2, timeout=20)
    held = dataclasses.replace(root)

    def copy(arm):
        started.wait()
        with held.shards(arm) as folder:
            shards.verify(folder, held.manifest, [arm])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(copy, ["crop", "i2i"]))
