"""The file itself: its encoding, what it is packed in, and what stands in the place of the three lists."""

import bz2
import gzip
import json
import lzma
import zipfile

import pytest

from ablate.errors import UsageError
from datasets.raw import camera_traps

TABLE = {
    "images": [{"id": 1, "file_name": "R\u00e4v.jpg"}],
    "annotations": [],
    "categories": [{"id": 1, "name": "deer"}],
}
TEXT = json.dumps(TABLE, ensure_ascii=False)


def error(path, content):
    path.write_bytes(content)
    with pytest.raises(UsageError, match="annotations=") as raised:
        camera_traps.read([path])
    return str(raised.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_every_unicode_encoding_is_read(tmp_path, encoding):
    (tmp_path / "a.json").write_bytes(TEXT.encode(encoding))
    assert camera_traps.read([tmp_path / "a.json"]).records[0].file_name == "R\u00e4v.jpg"


@pytest.mark.parametrize("name", ["None", "NA", "null", " nan "])
def test_a_category_may_be_called_what_elsewhere_stands_for_nothing(tmp_path, name):
    table = TABLE | {"categories": [{"id": 1, "name": name}]}
    (tmp_path / "a.json").write_text(json.dumps(table))
    assert camera_traps.read([tmp_path / "a.json"]).categories == (name.strip(),)


def test_another_encoding_is_named(tmp_path):
    assert "save it as UTF-8" in error(tmp_path / "a.json", TEXT.encode("latin-1"))


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (gzip.compress(TEXT.encode(), mtime=0), "gzip -dc <"),
        (bz2.compress(TEXT.encode()), "bzip2 -dc <"),
        (lzma.compress(TEXT.encode()), "xz -dc <"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"id,file_name\n1,a.jpg", "it begins with 'id,file_name"),
        (TEXT.encode()[:-9], "not all of it"),
        (b"[1]", "the file holds a list"),
        (b"7", "the file holds a single value"),
        (b'{"images": [], "labels": []}', "the file has: images, labels"),
        (b'{"images": [], "detection_categories": {}}', "what a detector found"),
    ],
)
def test_what_is_something_else_is_named_with_what_to_do(tmp_path, content, advice):
    assert advice in error(tmp_path / "a.json", content)


def test_a_renamed_zip_archive_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        zipped.writestr("a.json", TEXT)
    assert "a zip archive, not JSON; unpack it (unzip" in error(tmp_path / "a.json", (tmp_path / "a.zip").read_bytes())


def test_a_folder_is_named(tmp_path):
    with pytest.raises(UsageError, match="a folder; give the JSON file"):
        camera_traps.read([tmp_path])


@pytest.mark.parametrize(
    "category",
    [{"id": 1}, {"name": "deer"}, {"id": 1, "name": None}, {"id": 1, "name": float("nan")}, {"id": 1, "name": " "}],
)
def test_a_category_without_a_name_is_refused(tmp_path, category):
    assert "without an id or a name" in error(
        tmp_path / "a.json", json.dumps(TABLE | {"categories": [category]}).encode()
    )


def test_a_category_that_is_listed_twice_is_one(tmp_path):
    (tmp_path / "a.json").write_text(
        json.dumps(TABLE | {"categories": [{"id": 1, "name": "deer"}, {"id": 1.0, "name": "deer"}]})
    )
    assert camera_traps.read([tmp_path / "a.json"]).categories == ("deer",)


def test_a_table_in_another_orientation_is_named(tmp_path):
    content = json.dumps(TABLE | {"images": {"id": {"0": 1}}}).encode()
    assert "in the file images is an object, annotations is a list, categories is a list" in error(
        tmp_path / "a.json", content
    )


def test_a_detectors_file_is_sent_to_the_command_that_reads_it(tmp_path):
    assert "python -m ablate.score boxes=FILE" in error(tmp_path / "a.json", b'{"detection_categories": {}}')
