import csv
import io
import json
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from hashlib import md5

import cv2
import numpy as np
import pytest
from rich.console import Console

from ablate.errors import UsageError
from ablate.storage import RetryPolicy
from datasets.download import DownloadConfig, cct20
from datasets.download.__main__ import main
from datasets.download._meter import metered
from datasets.download._mirrors import fetch_all
from datasets.options import PrepareConfig
from datasets.raw import camera_traps as ccts
from datasets.raw.candidates import candidates
from datasets.raw.keys import share
from datasets.raw.skipped import SelectionLog
from tests.command import ROOT, run, start
from tests.web import Site, serving

IMAGES = "/caltech-unzipped/cct_images"
LABELS = "/caltechcameratraps/labels/caltech_camera_traps.json.zip"
BOXES = "/caltechcameratraps/labels/caltech_bboxes_20200316.json"
DEER, EMPTY, CAT = 34, 30, 6
DAY, NIGHT = "2012-03-09 12:00:00", "2012-03-09 23:00:00"


def jpg(number):
    pixels = np.random.default_rng(number).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def tables(photographs, boxes):
    """The three tables; `photographs` are (id, category, time, location)."""
    images = [
        {"id": name, "file_name": f"{name}.jpg", "width": 80, "height": 60, "date_captured": time, "location": location}
        for name, _, time, location in photographs
    ]
    annotations = [
        {"id": f"a{name}", "image_id": name, "category_id": category} | ({"bbox": [1, 2, 30, 40]} if boxes else {})
        for name, category, _, _ in photographs
    ]
    names = {DEER: "deer", EMPTY: "empty", CAT: "cat"}
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for number, name in names.items()],
    }


BOXED = [
    ("deer1", DEER, DAY, 34),
    ("deer2", DEER, DAY, 35),
    ("deer night", DEER, NIGHT, 34),
    ("cat", CAT, DAY, 34),
]
EMPTIES = [(f"empty{number}", EMPTY, DAY, 34) for number in range(6)]
LABELLED = [*BOXED, *EMPTIES, ("empty night", EMPTY, NIGHT, 34), ("deer without a box", DEER, DAY, 34)]
FEW = sorted((name for name, *_ in EMPTIES), key=lambda name: share(0, name))[:2]
WANTED = {"deer1.jpg", "deer2.jpg", *(f"{name}.jpg" for name in FEW)}


@pytest.fixture
def site():
    """A mirror of a survey of twelve photographs."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr("caltech_images_20210113.json", json.dumps(tables(LABELLED, boxes=False)))
    site = Site({LABELS: packed.getvalue(), BOXES: json.dumps(tables(BOXED, boxes=True)).encode()})
    site.files |= {f"{IMAGES}/{name}.jpg": jpg(number) for number, (name, *_) in enumerate(LABELLED)}
    with serving(site) as served:
        yield served


def config(to, *sites, **more):
    more = {"empty_per_location": 2, "workers": 2} | more
    return DownloadConfig(name="cct", to=str(to), mirror=tuple(site.url for site in sites), **more)


def arguments(to, *sites, **more):
    given = {"to": to, "mirror": ",".join(site.url for site in sites), "empty_per_location": 2, "workers": 2} | more
    return ["cct", *(f"{key}={value}" for key, value in given.items())]


def there(to):
    return {path.name for path in (to / "images").iterdir()}


def asked(site):
    return {path.removeprefix(f"{IMAGES}/") for _, path, _ in site.asked if path.startswith(IMAGES)}


def test_what_prepare_will_look_at_is_fetched_and_nothing_else(site, tmp_path, capsys):
    assert main(config(tmp_path, site)) == 0
    assert there(tmp_path) == asked(site) == WANTED
    assert (tmp_path / "images" / "deer1.jpg").read_bytes() == site.files[f"{IMAGES}/deer1.jpg"]
    said = capsys.readouterr().out
    for line in ("1  no box", "1  outside hours", "1  other category", "2 with deer, 2 empty (of 6; 2 a location)"):
        assert line in said
    assert "4 photographs, 0 are there already; 4 to fetch, about 0.0 GB" in said


def test_the_command_that_it_prints_selects_the_same(site, tmp_path, capsys):
    main(config(tmp_path, site, category=("deer", "cat"), locations=("34",), hours=None))
    command = capsys.readouterr().out.splitlines()[-1]
    assert command.startswith("next: python -m datasets.prepare synthetic=SYNTHETIC photos=")
    given = dict(word.split("=", 1) for word in command.split()[4:])
    assert (given["category"], given["locations"], given["hours"]) == ("deer,cat", "34", "none")
    prepared = PrepareConfig(
        **{key: value for key, value in given.items() if key not in {"annotations", "category", "locations", "hours"}},
        annotations=given["annotations"].split(","),
        category=("deer", "cat"),
        locations=("34",),
        hours=None,
    )
    left = candidates(prepared, SelectionLog())
    tests = {record.file_name for record in left.test}
    assert tests == {"deer1.jpg", "deer night.jpg", "cat.jpg"}
    first = {record.file_name for location in left.empty for record in location[:2]}
    assert there(tmp_path) == tests | first


def test_repeated_it_fetches_only_what_is_not_there_and_whole(site, tmp_path, capsys):
    main(config(tmp_path, site))
    site.asked.clear()
    assert main(config(tmp_path, site)) == 0
    assert site.asked == []
    (tmp_path / "images" / "deer1.jpg").write_bytes(jpg(0)[:500])
    (tmp_path / "images" / "deer2.jpg").unlink()
    assert main(config(tmp_path, site)) == 0
    assert asked(site) == {"deer1.jpg", "deer2.jpg"}
    assert (tmp_path / "images" / "deer1.jpg").read_bytes() == jpg(0)


def test_another_mirror_helps_out(site, tmp_path):
    with serving(Site(dict(site.files))) as other:
        site.files.pop(f"{IMAGES}/deer1.jpg")
        site.faults[f"{IMAGES}/deer2.jpg"] = ["wrong"]
        assert main(config(tmp_path, site, other)) == 0
    assert there(tmp_path) == WANTED


def test_what_no_mirror_has_is_listed_and_told(site, tmp_path, capsys):
    photograph = site.files.pop(f"{IMAGES}/deer1.jpg")
    site.files[f"{IMAGES}/deer2.jpg"] = b"<html>Sorry</html>"
    assert main(config(tmp_path, site)) == 1
    assert "2 photographs cannot be fetched" in capsys.readouterr().out
    rows = list(csv.DictReader((tmp_path / "missing.csv").read_text().splitlines()))
    assert [row["file_name"] for row in rows] == ["deer1.jpg", "deer2.jpg"]
    assert "404 Not Found" in rows[0]["reason"]
    assert "not a JPEG" in rows[1]["reason"]
    assert there(tmp_path) == WANTED - {"deer1.jpg", "deer2.jpg"}
    site.files |= {f"{IMAGES}/{name}.jpg": photograph for name in ("deer1", "deer2")}
    assert main(config(tmp_path, site)) == 0
    assert not (tmp_path / "missing.csv").exists()


def test_mirrors_that_fall_silent_end_it_with_the_way_to_continue(site, tmp_path):
    for name in WANTED:
        site.faults[f"{IMAGES}/{name}"] = [500] * 100
    records = ccts.parse([(*(tables(BOXED, True)[key] for key in ("images", "annotations")), {})]).records[:2]
    with pytest.raises(UsageError, match=r"no longer answer; repeat the command to continue: .*: 500 Internal"):
        fetch_all(records, tmp_path, [site.url + IMAGES], 1, Console(quiet=True), RetryPolicy(attempts=2, backoff=0.01))


@pytest.mark.parametrize("name", ["../../evil.jpg", "/tmp/evil.jpg", "a/../../../evil.jpg"])
def test_a_file_name_never_leads_out_of_the_folder(name, site, tmp_path):
    boxed = tables(BOXED, boxes=True)
    boxed["images"][0]["file_name"] = name
    site.files[BOXES] = json.dumps(boxed).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr("labels.json", json.dumps(tables([], boxes=False)))
    site.files[LABELS] = packed.getvalue()
    assert main(config(tmp_path / "a" / "to", site)) == 0
    assert there(tmp_path / "a" / "to") == {"deer2.jpg"}
    assert not list(tmp_path.rglob("evil*"))


def test_a_link_in_the_folder_is_not_followed_out_of_it(site, tmp_path):
    (tmp_path / "to" / "images").mkdir(parents=True)
    (tmp_path / "to" / "images" / "deer1.jpg").symlink_to(tmp_path / "evil.jpg")
    assert main(config(tmp_path / "to", site)) == 1
    assert not (tmp_path / "evil.jpg").exists()


def test_killed_and_repeated_it_fetches_the_rest(site, tmp_path):
    slow = f"{IMAGES}/deer2.jpg"
    site.faults[slow] = ["trickle"]
    process = start("datasets.download", *arguments(tmp_path, site, workers=1), log=tmp_path / "log")
    partial = tmp_path / "images" / ".deer2.jpg.partial"
    wait_until(lambda: partial.is_file() and partial.stat().st_size > 2000, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before, kept = there(tmp_path), partial.stat().st_size
    assert before == {"deer1.jpg", ".deer2.jpg.partial", ".deer2.jpg.partial.of"}
    site.asked.clear()
    assert main(config(tmp_path, site)) == 0
    assert there(tmp_path) == WANTED
    assert asked(site) == WANTED - {"deer1.jpg"}
    assert site.gets(slow) == [f"bytes={kept}-"]


def wait_until(condition, process, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_says_how_to_continue_and_waits_for_nobody(site, tmp_path, number):
    site.faults[f"{IMAGES}/deer1.jpg"] = ["silence"]
    process = start("datasets.download", *arguments(tmp_path, site), log=tmp_path / "log")
    wait_until(lambda: "deer1.jpg" in asked(site), process)
    process.send_signal(number)
    assert process.wait(timeout=10) == 130
    told = (tmp_path / "log").read_text().splitlines()[-1]
    assert "interrupted; to continue, repeat it: python -m datasets.download cct" in told


def test_two_at_once_in_one_folder_is_an_error(site, tmp_path):
    site.faults[f"{IMAGES}/deer1.jpg"] = ["silence"]
    process = start("datasets.download", *arguments(tmp_path, site), log=tmp_path / "log")
    wait_until(lambda: "deer1.jpg" in asked(site), process)
    with pytest.raises(UsageError, match="another download is writing there"):
        main(config(tmp_path, site))
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"category": ("dear",)}, "category=dear: not in the annotations; did you mean 'deer'"),
        ({"locations": ("36",)}, "locations=36: not in the annotations; allowed: 34, 35"),
        ({"hours": "19-7"}, "hours=19-7: not two hours of a day, the earlier first"),
        ({"hours": "0-1"}, "no photograph is left"),
    ],
)
def test_a_selection_that_cannot_be_made_is_an_error(more, said, site, tmp_path):
    with pytest.raises(UsageError, match=said):
        main(config(tmp_path, site, **more))
    assert asked(site) == set()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["ccct", "to={to}"], "name=ccct: unknown; did you mean 'cct'"),
        (["cct"], "to= is missing"),
        (["cct", "to={to}", "mirror=ftp://x"], "mirror=ftp://x"),
        (["cct", "to={file}/here", "mirror={url}"], "Not a directory"),
        (["cct", "to={to}", "mirror={url}/nothing"], "404 Not Found"),
    ],
)
def test_bad_input_is_one_line_and_status_2(given, said, site, tmp_path):
    (tmp_path / "file").write_text("")
    names = {"to": tmp_path / "to", "file": tmp_path / "file", "url": site.url}
    done = run("datasets.download", *(word.format(**names) for word in given))
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_disk_that_takes_no_more_is_one_line_that_names_the_file(site, tmp_path):
    site.files[f"{IMAGES}/deer1.jpg"] = jpg(0) + bytes(20_000)
    done = subprocess.run(
        [sys.executable, "-m", "datasets.download", *arguments(tmp_path, site)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert done.returncode == 2
    assert done.stderr == f"python -m datasets.download: {tmp_path}/images/.deer1.jpg.partial: File too large\n"


def test_help_names_the_sets():
    done = run("datasets.download", "--help")
    assert "sets: cct, cct20" in done.stdout
    assert "deer" in done.stdout


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_tells_files_speed_and_time_left(terminal):
    console = Console(force_terminal=terminal, file=io.StringIO(), width=200)
    with metered(1000, "photographs", console, quiet=0.0) as meter:
        meter.grown(3_000_000)
        meter.finished()
    assert "1 of 1,000 photographs, 3 MB, " in console.file.getvalue()
    assert "left" in console.file.getvalue()


@pytest.fixture
def archive(tmp_path):
    """A packed folder as the mirror has it, and how it is described."""
    return packed("data", {"data/a.json": b"{}", "data/b.jpg": jpg(1)})


def packed(folder, members, kind=tarfile.REGTYPE):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size, about.type = len(content), kind
            tar.addfile(about, io.BytesIO(content))
    data = stream.getvalue()
    return data, cct20.Archive("packed/data.tar.gz", folder, len(data), md5(data).hexdigest())


def unpack(to, data, *archives):
    with serving(Site({"/packed/data.tar.gz": data})) as site:
        status = cct20.download(DownloadConfig(name="cct20", to=str(to), mirror=(site.url,)), to, archives)
        return status, site.asked


def test_an_archive_is_verified_unpacked_and_not_fetched_again(archive, tmp_path, capsys):
    data, about = archive
    (tmp_path / ".data.partial" / "data").mkdir(parents=True)
    (tmp_path / ".data.partial" / "data" / "half").write_text("of an attempt that was killed")
    assert unpack(tmp_path, data, about)[0] == 0
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"a.json", "b.jpg"}
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert "next: python -m datasets.prepare" in capsys.readouterr().out
    assert unpack(tmp_path, data, about) == (0, [])


def test_an_archive_that_lies_there_is_used_if_it_is_the_right_one(archive, tmp_path):
    data, about = archive
    (tmp_path / "data.tar.gz").write_bytes(data)
    assert unpack(tmp_path, data, about) == (0, [])
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "data.tar.gz").write_bytes(data[:-1])
    status, asked = unpack(tmp_path, data, about)
    assert (status, len(asked)) == (0, 1)


def test_an_archive_of_other_bytes_is_not_unpacked(archive, tmp_path):
    data, about = archive
    with pytest.raises(UsageError, match=f"its md5 is .*, not {about.md5}"):
        unpack(tmp_path, data[:-1] + b"x", about)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil", "/../../evil", "data/../../../evil"])
def test_an_archive_that_leads_out_of_the_folder_is_refused(name, tmp_path):
    (tmp_path / "to").mkdir()
    data, about = packed("data", {"data/a": b"", name: b"x"})
    with pytest.raises(UsageError, match="not unpacked"):
        unpack(tmp_path / "to", data, about)
    assert not list(tmp_path.rglob("*evil*"))
    assert not (tmp_path / "to" / "data").exists()
