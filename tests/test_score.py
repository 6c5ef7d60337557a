"""A detector's boxes on the same photographs as the networks."""

import json

import pytest

from ablate import data, results, shards
from ablate.pictures import Photograph
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
    return score


def rows(out, table):
    return results.read(out, table).to_pylist()


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
    assert trial["reference"] == "boxes of at least 0.2 confidence; has seen these photographs"


def test_the_same_command_replaces_its_own_rows(scored):
    assert scored().returncode == scored().returncode == 0
    assert len(rows(scored.out, "trials")) == 1
    assert len(rows(scored.out, "images")) == len(scored.found)


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["category=deer"], "category=deer: not in the file; allowed: animal"),
        (["min_confidence=2"], "min_confidence"),
        (["name=a/b"], "name=a/b"),
        (["annotations=none.json"], "no such file"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(scored, arguments, message):
    done = scored(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert message in done.stderr
    assert not (scored.out / "trials").exists()
