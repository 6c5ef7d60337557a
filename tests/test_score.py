"""A detector's boxes on the same photographs as the networks."""

import json
import shutil

import pytest

from ablate.cli import run_command
from ablate.data import root as data
from ablate.data import shards
from ablate.data.arrays import Photograph
from ablate.data.manifest import Manifest, write_manifest
from ablate.results import mirror
from ablate.results.reader import read_rows
from ablate.score import ScoreConfig, main
from tests import tiny_data
from tests.command import run
from tests.results_factory import write


def photographs(root):
    where = data.at(str(root))
    found = [
        Photograph(sample.meta)
        for split in ("test", "empty")
        for sample in shards.read(root, where.manifest, "real", split)
    ]
    return found, where.manifest.photographs().digest


def perfect(photograph, confidence=0.9):
    """The true boxes, as a detector would give them."""
    width, height = photograph.wh
    return [
        {"category": "1", "conf": confidence, "bbox": [x / width, y / height, (x2 - x) / width, (y2 - y) / height]}
        for x, y, x2, y2 in photograph.boxes_n4
    ]


def write_boxes(path, found, detector="md_v5a.0.0.pt", boxes=perfect):
    images = [{"file": f"{shot.meta['image_id']}.jpg", "detections": boxes(shot)} for shot in found]
    content = {"info": {"detector": detector}, "detection_categories": {"1": "animal"}, "images": images}
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def scored(tiny_root, tmp_path):
    """Scores a detector beside a network; returns a function of the keys."""
    found, digest = photographs(tiny_root)
    boxes = write_boxes(tmp_path / "boxes.json", found)

    def score(*arguments):
        return run("ablate.score", f"boxes={boxes}", f"data={tiny_root}", f"out={tmp_path / 'out'}", *arguments)

    score.out, score.found, score.digest, score.boxes = tmp_path / "out", found, digest, boxes
    score.root = tiny_root
    return score


def rows(out, table):
    return read_rows(out, table).to_pylist()


def test_perfect_boxes_score_one_on_every_photograph(scored):
    done = scored()
    assert done.returncode == 0, done.stderr
    images = rows(scored.out, "images")
    assert {row["image_id"] for row in images} == {shot.meta["image_id"] for shot in scored.found}
    animals = [row for row in images if row["true_boxes"]]
    assert [row["iou"] for row in animals] == pytest.approx([1.0] * 10)
    assert {row["outcome"] for row in animals} == {"hit"}
    assert {row["outcome"] for row in images if not row["true_boxes"]} == {"quiet"}
    [trial] = rows(scored.out, "trials")
    assert (trial["model"], trial["photos_digest"]) == ("md_v5a.0.0", scored.digest)
    assert trial["reference"] == "boxes of at least 0.2 confidence, category animal; has seen these photographs"
    assert done.stdout.splitlines()[:2] == [
        "13 of 13 photographs found in the file by their image id (photo000 as photo000.jpg); "
        "0 others of the file have no part in it",
        "10 of 13 photographs have a box of animal; left out: 0 boxes of other categories, 0 below 0.2",
    ]


def test_the_same_command_replaces_its_own_rows(scored):
    assert scored().returncode == scored().returncode == 0
    assert len(rows(scored.out, "trials")) == 1
    assert len(rows(scored.out, "images")) == len(scored.found)


def test_no_password_of_the_results_is_printed(scored, s3, s3_port, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ABLATE_OUT_URL", "")
    place = f"bucket/scored?endpoint_override=127.0.0.1:{s3_port}&region=us-east-1&scheme=http"
    main(ScoreConfig(boxes=str(scored.boxes), data=str(scored.root), out=f"s3://key:geheim@{place}"))
    said = "".join(capsys.readouterr())
    assert f"out=s3://{place} " in said
    assert "geheim" not in said
    with mirror.folder(f"s3://key:geheim@{place}") as copy:
        assert len(rows(copy, "trials")) == 1


def test_nothing_above_the_confidence_is_a_miss_and_not_no_data(scored):
    assert scored("min_confidence=0.95", "seen=no").returncode == 0
    assert {row["outcome"] for row in rows(scored.out, "images") if row["true_boxes"]} == {"missed"}
    assert rows(scored.out, "trials")[0]["reference"].endswith("has not seen these photographs")


def test_it_stands_in_every_table_and_in_no_comparison_of_settings(scored):
    for arm in ("crop", "i2i"):
        write_like(scored.found, scored.out, arm, scored.digest)
    scored("name=md5")
    told = run("ablate.report", f"out={scored.out}").stdout
    tables = told.split("\nTable ")[1:]
    for title in ("Test photographs", "U-Net", "Averages with", "Hit rate"):
        [table] = [table for table in tables if title in table.splitlines()[0]]
        assert "md5" in table, title
    assert "md5 is a detector that was not trained here: boxes of at least 0.2" in " ".join(told.split())
    assert "md5: mean box IoU" not in told
    [contrasts] = [table for table in tables if "differences are real" in table.splitlines()[0]]
    assert "md5" not in contrasts
    winners = run("ablate.query", f"out={scored.out}", "query=winners", "format=csv").stdout
    assert "md5" not in winners


def write_like(found, out, arm, digest):
    from tests.results_factory import Photo

    shots = [
        Photo(shot.meta["location"], shot.meta["image_id"], None, tuple(map(tuple, shot.boxes_n4.tolist())))
        for shot in found
    ]
    write(out, 0.4, of=shots, arm=arm, photos_digest=digest)


def test_a_detector_alone_is_a_report_too(scored):
    scored("name=md5", "seen=unknown")
    told = run("ablate.report", f"out={scored.out}", f"data={scored.boxes.parent}")
    assert "md5" in told.stdout
    assert "may have seen these photographs" in " ".join(told.stdout.split())


@pytest.fixture
def refused(scored, monkeypatch, capsys):
    """Types arguments that cannot be used, in this process, and returns the one line that is said."""

    def typed(**arguments):
        given = {"boxes": scored.boxes, "data": scored.root, "out": scored.out} | arguments
        monkeypatch.setattr("sys.argv", ["score", *(f"{key}={value}" for key, value in given.items())])
        with pytest.raises(SystemExit) as ended:
            run_command(ScoreConfig, main)
        line = capsys.readouterr().err
        assert (ended.value.code, line.count("\n")) == (2, 1)
        return line

    return typed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"category": "deer"}, "category=deer: not in the file; it has animal 10"),
        ({"min_confidence": 2}, "min_confidence"),
        ({"name": "a/b"}, "name=a/b: letters"),
        ({"name": " "}, "name=: letters"),
        ({"name": "Whole image"}, "name=Whole image: every table has a row of that name"),
        ({"annotations": "none.json"}, "none.json: no such file"),
        ({"annotations": "."}, "a folder; give the JSON file"),
        ({"boxes": "none.json"}, "none.json: no such file"),
        ({"boxes": "."}, "a folder; give the JSON file"),
        ({"boxes": "s3://bucket/boxes.json"}, "a URL cannot be used here yet"),
        ({"data": "http://127.0.0.1:9/none"}, "http://127.0.0.1:9/none/manifest.json"),
        ({"data": "."}, "no manifest.json there"),
        ({"out": __file__}, f"{__file__}"),
        ({"out": "/proc/none"}, "/proc/none: No such file"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_nothing_is_written(scored, refused, arguments, message):
    assert message in refused(**arguments)
    assert not scored.out.exists()


def test_a_damaged_shard_is_one_line(refused, tiny_root, tmp_path):
    shutil.copytree(tiny_root, tmp_path / "data")
    shard = tmp_path / "data" / "real" / "test-000000.tar"
    shard.write_bytes(shard.read_bytes()[:5000])
    assert "test-000000.tar: the shard is truncated or altered" in refused(data=tmp_path / "data")


def test_data_without_photographs_is_one_line(refused, tmp_path):
    write_manifest(tmp_path, Manifest())
    assert "the data has no photographs" in refused(data=tmp_path)


def numbered(to, root, file_names):
    """The photographs of a data root with integer ids from 1 and, where wanted, the names of their files."""
    where, samples = data.at(str(root)), {}
    for split in ("test", "empty"):
        samples[split] = []
        for sample in shards.read(root, where.manifest, "real", split):
            index = sum(map(len, samples.values()))
            named = {"image_id": str(index + 1)} | ({"file_name": f"A/{index}.jpg"} if file_names else {})
            samples[split].append(shards.Sample(sample.key, sample.jpg, sample.mask_png, sample.meta | named))
    write_manifest(to, Manifest(arms={"real": tiny_data.write_arm(to, "real", samples)}))
    return photographs(to)[0]


@pytest.mark.parametrize("file_names", [True, False])
def test_integer_ids_are_not_taken_for_the_names_of_files(tiny_root, refused, tmp_path, file_names):
    root, out = tmp_path / "data", tmp_path / "out"
    found = numbered(root, tiny_root, file_names)
    images = [{"file": f"survey/A/{index}.jpg", "detections": perfect(shot)} for index, shot in enumerate(found)]
    images.append({"file": f"survey/A/{len(found)}.jpg", "detections": [{"category": 3}]})
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps({"detection_categories": {"1": "animal"}, "images": images}), encoding="utf-8-sig")
    told = [{"id": index + 1, "file_name": f"A\\{index}.jpg"} for index in range(len(found))]
    (tmp_path / "coco.json").write_text(json.dumps({"images": told}))
    arguments = {"boxes": boxes, "data": root, "out": out}
    if not file_names:
        assert "type annotations=FILE" in refused(**arguments)
        arguments |= {"annotations": tmp_path / "coco.json"}
    done = run("ablate.score", *(f"{key}={value}" for key, value in arguments.items()))
    assert "13 of 13 photographs found in the file by their file name" in done.stdout, done.stderr
    assert "; 1 others of the file have no part in it" in done.stdout
    assert [row["iou"] for row in rows(out, "images") if row["true_boxes"]] == pytest.approx([1.0] * 10)


def test_species_are_chosen_and_the_choice_is_kept(scored, refused):
    """As AddaxAI writes it: species are categories, beside what they were before."""
    told = json.loads(scored.boxes.read_text())
    told["detection_categories_original"] = told["detection_categories"]
    told["detection_categories"] = {"1": "unidentified animal", "2": "person", "3": "vehicle", "4": "mule deer"}
    for number, image in enumerate(told["images"]):
        for box in image["detections"]:
            box |= {"category": "4" if number % 2 else "1", "prev_category": "1", "prev_conf": 0.9}
    scored.boxes.write_text(json.dumps(told))
    assert "type those that count: category='mule deer','unidentified animal'" in refused()
    half = scored("category=Mule deer")
    assert "5 of 13 photographs have a box of mule deer; left out: 5 boxes of other categories" in half.stdout
    assert "10 of 13" in scored("category=mule deer,unidentified animal").stdout
    references = {row["reference"].partition(";")[0] for row in rows(scored.out, "trials")}
    both = "mule deer, unidentified animal"
    assert references == {f"boxes of at least 0.2 confidence, category {name}" for name in ("mule deer", both)}
