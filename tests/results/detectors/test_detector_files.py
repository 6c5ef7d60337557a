"""Files of detectors, in the forms that their makers document."""

import gzip
import json

import pytest

from ablate.errors import UsageError
from ablate.results.detectors.detector_files import read, read_annotations
from ablate.storage import json_file

CATEGORIES = {"1": "animal", "2": "person"}
BOX = {"category": "1", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]}


def written(tmp_path, content, name="boxes.json"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def megadetector(*images, **more):
    return {"info": {"detector": "md_v5a.0.0.pt"}, "detection_categories": CATEGORIES, "images": list(images)} | more


def files(detections):
    return {entry.file: entry.detections for entry in detections.entries}


def test_megadetectors_own_form_old_and_new(tmp_path):
    video = {"file": "v.mp4", "frame_rate": 20, "frames_processed": [0], "detections": [BOX | {"frame_number": 0}]}
    old = {"file": "a.jpg", "max_detection_conf": 0.9, "detections": [BOX | {"classifications": [["3", 0.9]]}]}
    failed = {"file": "b.jpg", "failure": "Failure image access", "detections": None}
    more = {"classification_categories": {"3": "elk"}, "classification_category_descriptions": {"3": "cervus"}}
    found = read(written(tmp_path, megadetector(old, video, failed, **more)))
    assert (found.detector, found.categories) == ("md_v5a.0.0.pt", CATEGORIES)
    assert [entry.file for entry in found.entries] == ["a.jpg", "v.mp4", "b.jpg"]
    assert [entry.failure for entry in found.entries] == [None, None, "Failure image access"]
    assert found.entries[0].detections == old["detections"]


def test_speciesnets_predictions(tmp_path):
    found = read(
        written(
            tmp_path,
            {
                "predictions": [
                    {"filepath": "a.jpg", "detections": [BOX | {"label": "animal"}], "model_version": "4.0.1a"},
                    {"filepath": "b.jpg", "detections": [], "failures": ["CLASSIFIER"]},
                    {"filepath": "c.jpg", "failures": ["DETECTOR"]},
                    {"filepath": "d.jpg", "detections": [], "failures": ["CLASSIFIER", "DETECTOR"]},
                ]
            },
        )
    )
    assert found.detector == "SpeciesNet 4.0.1a"
    assert found.categories["2"] == "human"
    assert files(found) == {"a.jpg": [BOX | {"label": "animal"}], "b.jpg": [], "c.jpg": None, "d.jpg": []}
    assert [entry.looked_at for entry in found.entries] == [True, True, False, False]


COCO = {
    "images": [{"id": 1.0, "file_name": "x\\0.jpg", "width": 200, "height": 100}, {"id": 2, "file_name": "x/1.jpg"}],
    "categories": [{"id": 34, "name": "deer"}],
}


def results(tmp_path, *rows, annotations=COCO):
    told = annotations and read_annotations(written(tmp_path, annotations, "coco.json"))
    return read(written(tmp_path, list(rows)), told)


def test_a_coco_list_needs_the_json_that_it_is_of(tmp_path):
    row = {"image_id": 1, "category_id": 34, "bbox": [20, 10, 100, 50], "score": 0.8}
    found = results(tmp_path, row, row | {"bbox": "odd"})
    box = {"category": "34", "conf": 0.8, "bbox": [0.1, 0.1, 0.5, 0.5]}
    assert files(found) == {"x\\0.jpg": [box, box | {"bbox": "odd"}], "x/1.jpg": []}
    assert found.categories == {"34": "deer"}
    assert "no width and height" in results(tmp_path, row | {"image_id": 2}).entries[1].failure
    with pytest.raises(UsageError, match=r"a COCO list of results, .*; type annotations=FILE"):
        results(tmp_path, row, annotations=None)
    with pytest.raises(UsageError, match="1 rows are of an image_id that annotations= does not know: 7; give"):
        results(tmp_path, row, row | {"image_id": 7})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_every_encoding_of_unicode_is_read(tmp_path, encoding):
    path = tmp_path / "boxes.json"
    path.write_bytes(json.dumps(megadetector({"file": "Höhle.jpg"}), ensure_ascii=False).encode(encoding))
    assert files(read(path)) == {"Höhle.jpg": None}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ('{"file": "a.jpg"}\n{"file": "b.jpg"}\n', "several JSON values, such as one in each line"),
        ('{"images": [', "not JSON, or not all of it: Expecting value"),
        ("file,conf\na.jpg,0.9\n", "not JSON"),
        ("[" * 100_000, "nested too deep"),
        ("3", "not a JSON object; MegaDetector's form"),
        ("[]", "a list, but not of COCO's results"),
        ("{}", "its keys are none; MegaDetector's form .* SpeciesNet's .* COCO lists are read"),
        ({"images": []}, "its keys are images"),
        (megadetector(), r"none of its 0 images has a file"),
        (megadetector(3, {"name": "a.jpg"}), r"none of its 2 images has a file"),
        (megadetector(images={}), "images is not a list"),
        (megadetector(detection_categories=None), "detection_categories does not map keys to names"),
        ({"predictions": [{"file": "a.jpg"}]}, "none of its 1 predictions has a filepath"),
        ([{"file": "a.jpg", "detections": []}], "Microsoft's megadetector command, whose boxes are pixels"),
        ({"annotations": [{"img_id": "a.jpg"}], "categories": {}}, "write the file by save_detection_timelapse_json"),
        (COCO | {"annotations": []}, "COCO annotations, which say what is there"),
    ],
)
def test_what_is_not_read_is_named(tmp_path, content, message):
    with pytest.raises(UsageError, match=f"boxes=.*boxes.json: .*{message}"):
        read(written(tmp_path, content))


def test_places_without_a_file_are_named(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        read(tmp_path / "none.json")
    with pytest.raises(UsageError, match="a folder; give the JSON file"):
        read(tmp_path)
    with pytest.raises(UsageError, match=r"boxes=.*: File name too long"):
        read(tmp_path / ("n" * 300))
    packed = tmp_path / "boxes.json.gz"
    packed.write_bytes(gzip.compress(b"{}"))
    with pytest.raises(UsageError, match=r"type gzip -dc < .*boxes.json.gz > unpacked.json, and give boxes=unpacked"):
        json_file.read(packed, "boxes")


def test_annotations_tell_file_names_by_image_id(tmp_path):
    odd = [{"id": None, "file_name": "x"}, {"id": 1, "file_name": "second"}, {"id": 3, "file_name": 3}, "odd"]
    told = read_annotations(written(tmp_path, COCO | {"images": COCO["images"] + odd}))
    assert told.file_names == {"1": "x\\0.jpg", "2": "x/1.jpg"}
    assert told.sizes == {"1": (200, 100)}
    for content in ("{}", "[]", {"images": 3}, {"images": odd[:1]}):
        with pytest.raises(UsageError, match=r"annotations=.*: no list of images with id and file_name"):
            read_annotations(written(tmp_path, content))
