import gzip
import hashlib
import io
import pickle
import tarfile

import pytest

from ablate.data import shards
from ablate.data.manifest import ADAPT, MANIFEST, REAL, Manifest, read_manifest, write_manifest
from ablate.data.shards import Sample, ShardWriter
from ablate.errors import UsageError
from tests import tiny_data

SAMPLES = [Sample(f"k{index}", b"jpg%d" % index, b"png%d" % index, {"source": f"s{index}"}) for index in range(7)]


def write(root, samples=SAMPLES, samples_per_shard=3, arm="crop"):
    val = [Sample("v0", b"jpg", None, {"text": "Höhe"})]
    written = tiny_data.write_arm(root, arm, {"train": list(samples), "val": val}, samples_per_shard)
    manifest = Manifest(arms={arm: written}, trial_defaults={"epochs": 5})
    write_manifest(root, manifest)
    return manifest


def test_what_was_written_is_read_back_in_order(tmp_path):
    write(tmp_path)
    manifest = read_manifest(tmp_path)
    shards.verify(tmp_path, manifest, ["crop"])
    assert list(shards.read(tmp_path, manifest, "crop", "train")) == SAMPLES
    assert list(shards.read(tmp_path, manifest, "crop", "val")) == [Sample("v0", b"jpg", None, {"text": "Höhe"})]
    assert manifest.arm("crop").counts == {"train": 7, "val": 1}
    assert [shard.samples for shard in manifest.arm("crop").of_split("crop", "train")] == [3, 3, 1]
    assert manifest.trial_defaults == {"epochs": 5}


def test_a_split_that_does_not_exist_is_empty(tmp_path):
    assert list(shards.read(tmp_path, write(tmp_path), "crop", "test")) == []


def test_the_same_samples_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / name)
    for path in sorted((tmp_path / "a").rglob("*.*")):
        other = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == other.read_bytes(), path.name


def test_the_digest_does_not_depend_on_how_samples_are_sharded(tmp_path):
    digests = {write(tmp_path / str(size), samples_per_shard=size).arm("crop").digest for size in (1, 3, 1000)}
    assert len(digests) == 1


@pytest.mark.parametrize(
    "other",
    [
        Sample("k0", b"jpgX", b"png0", {"source": "s0"}),
        Sample("k0", b"jpg0", b"pngX", {"source": "s0"}),
        Sample("k0", b"jpg0", None, {"source": "s0"}),
        Sample("k0", b"jpg0", b"png0", {"source": "sX"}),
        Sample("kX", b"jpg0", b"png0", {"source": "s0"}),
    ],
)
def test_the_digest_depends_on_every_part_of_a_sample(tmp_path, other):
    before = write(tmp_path / "a").arm("crop").digest
    assert write(tmp_path / "b", [other, *SAMPLES[1:]]).arm("crop").digest != before


def damage_by_truncation(path):
    path.write_bytes(path.read_bytes()[:-3000])


def damage_by_a_flipped_bit(path):
    data = bytearray(path.read_bytes())
    data[600] ^= 1
    path.write_bytes(data)


def damage_by_removal(path):
    path.unlink()


@pytest.mark.parametrize("damage", [damage_by_truncation, damage_by_a_flipped_bit, damage_by_removal])
def test_a_damaged_shard_is_named_before_anything_is_read(tmp_path, damage):
    manifest = write(tmp_path)
    damage(tmp_path / "crop" / "train-000001.tar")
    with pytest.raises(UsageError, match=r"train-000001\.tar"):
        shards.verify(tmp_path, manifest, ["crop"])


def test_fewer_samples_than_recorded_are_an_error_while_reading(tmp_path):
    manifest = write(tmp_path)
    manifest.arm("crop").shards[0].samples += 1
    with pytest.raises(ValueError, match="the manifest says"):
        list(shards.read(tmp_path, manifest, "crop", "train"))


def test_a_sample_without_its_picture_is_named(tmp_path):
    manifest = write(tmp_path)
    with tarfile.open(tmp_path / "crop" / "train-000000.tar", "a") as tar:
        tar.addfile(tarfile.TarInfo("lonely.json"), io.BytesIO())
    with pytest.raises(ValueError, match=r"sample lonely has no \.jpg"):
        list(shards.read(tmp_path, manifest, "crop", "train"))


class Explosive:
    def __reduce__(self):
        return pytest.fail, ("a member was unpickled",)


@pytest.mark.parametrize("suffix", ["pth", "pyd", "pickle", "pkl", "npy", "jpg.pyd"])
def test_foreign_members_are_never_unpickled_nor_read(tmp_path, suffix):
    manifest = write(tmp_path)
    path = tmp_path / "crop" / "train-000000.tar"
    with tarfile.open(path, "a") as tar:
        for name in (f"k2.{suffix}", f"evil.{suffix}"):
            data = pickle.dumps(Explosive())
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    assert list(shards.read(tmp_path, manifest, "crop", "train")) == SAMPLES


def test_a_failed_writer_leaves_no_half_written_shard(tmp_path):
    def fail():
        with ShardWriter(tmp_path, "crop", "train", 0) as writer:
            writer.add(SAMPLES[0])
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        fail()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("key", ["", "a.b", "a/b", "a\\b"])
def test_a_key_that_a_reader_would_cut_is_refused(tmp_path, key):
    with ShardWriter(tmp_path, "crop", "train", 0) as writer, pytest.raises(ValueError, match="sample key"):
        writer.add(Sample(key, b"", None))


def test_a_doubled_key_is_refused_in_a_shard_and_across_shards(tmp_path):
    with ShardWriter(tmp_path, "crop", "train", 0) as writer:
        writer.add(SAMPLES[0])
        with pytest.raises(ValueError, match="two of it"):
            writer.add(SAMPLES[0])
    with pytest.raises(ValueError, match="two of it"):
        tiny_data.write_arm(tmp_path, "crop", {"train": [SAMPLES[0], SAMPLES[0]]}, per_shard=1)


def test_a_writer_without_samples_leaves_no_shard(tmp_path):
    with ShardWriter(tmp_path, "crop", "train", 0) as writer:
        pass
    assert writer.written is None
    assert list(tmp_path.rglob("*.tar")) == []


def test_a_folder_without_a_manifest_is_no_data_root(tmp_path):
    with pytest.raises(UsageError, match=r"datasets\.prepare"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"arms": 3}', '{"schema_version": 99}'])
def test_a_manifest_that_cannot_be_read_is_one_line(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(UsageError, match=MANIFEST):
        read_manifest(tmp_path)


def test_an_unknown_arm_lists_the_arms(tmp_path):
    manifest = write(tmp_path)
    with pytest.raises(UsageError, match="crop"):
        manifest.arm("corp")
    with pytest.raises(UsageError, match="photographs"):
        manifest.photographs()
    assert REAL not in manifest.training_arms()


def test_the_manifest_records_the_checksum_of_each_shard(tmp_path):
    for shard in write(tmp_path).arm("crop").shards:
        assert hashlib.sha256((tmp_path / shard.name).read_bytes()).hexdigest() == shard.sha256


def appended(root, members):
    """The first shard of training samples with more members: bytes, or what a tar may hold instead."""
    path = root / "crop" / "train-000000.tar"
    with tarfile.open(path, "a") as tar:
        for name, content in members.items():
            member = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.name = name
            data = content if isinstance(content, bytes) else b""
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def link(kind, to):
    member = tarfile.TarInfo()
    member.type, member.linkname = kind, to
    return member


def test_links_and_devices_in_a_shard_are_left_alone(tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    manifest = write(tmp_path)
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)
    appended(tmp_path, {f"e{n}.jpg": link(kind, str(tmp_path / "secret.json")) for n, kind in enumerate(kinds)})
    before = sorted(tmp_path.rglob("*"))
    assert list(shards.read(tmp_path, manifest, "crop", "train")) == SAMPLES
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("key", ["/abs/k", "../../k", "dir/k", "a\\b", "k\x1b[2J"])
def test_a_sample_that_is_named_like_a_path_or_a_command_is_refused(tmp_path, key):
    manifest = write(tmp_path)
    path = appended(tmp_path, {f"{key}.jpg": b"jpg", f"{key}.json": b"{}"})
    with pytest.raises(ValueError, match="a name must not hold") as caught:
        list(shards.read(tmp_path, manifest, "crop", "train"))
    assert str(path) in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "its JSON cannot be read"),
        (b"\xff", "its JSON cannot be read"),
        (b"[" * 100_000, "its JSON cannot be read"),
        (b"[]", "its JSON is a list, not an object"),
        (b"3", "its JSON is a int, not an object"),
        (b'{"boxes": 3}', "boxes in its JSON"),
        (b'{"boxes": [[0, 0, NaN, 1]]}', r"boxes\.0\.2 in its JSON"),
        (b'{"boxes": [["a", 0, 1, 1]]}', r"boxes\.0\.0 in its JSON"),
        (b'{"window": [1, 2]}', r"window\.2 in its JSON"),
        (b'{"source": {}}', "source in its JSON"),
    ],
)
def test_json_that_is_not_a_samples_names_shard_and_sample(tmp_path, content, message):
    manifest = write(tmp_path)
    path = appended(tmp_path, {"odd.jpg": b"jpg", "odd.json": content})
    with pytest.raises(ValueError, match=message) as caught:
        list(shards.read(tmp_path, manifest, "crop", "train"))
    assert str(path) in str(caught.value)
    assert "sample odd" in str(caught.value)


@pytest.mark.parametrize("meta", [{"boxes": [{"box": [0, 0, 1]}]}, {"width": 0}, {"captured_at": "yesterday"}])
def test_a_photographs_json_is_checked_as_well(tmp_path, meta):
    manifest = write(tmp_path, [Sample("p", b"jpg", None, meta)], arm=REAL)
    with pytest.raises(ValueError, match=r"sample p: .* in its JSON"):
        list(shards.read(tmp_path, manifest, REAL, "train"))


def test_photographs_without_labels_are_photographs_in_one_split(tmp_path):
    manifest = write(tmp_path, [Sample("p", b"jpg", None, {"width": 0})], arm=ADAPT)
    assert shards.splits(ADAPT) == ("train",)
    assert manifest.adapt() == manifest.arms[ADAPT]
    assert manifest.training_arms() == []
    with pytest.raises(ValueError, match=r"sample p: width in its JSON"):
        list(shards.read(tmp_path, manifest, ADAPT, "train"))


def test_data_without_them_tells_how_to_get_some(tmp_path):
    with pytest.raises(UsageError, match=r"no arm 'adapt'.*adapt_photos=DIR, or type trial\.unlabelled=real"):
        write(tmp_path).adapt()


@pytest.mark.parametrize("data", [b"", b"x" * 600, gzip.compress(bytes(2000), mtime=0), b"PK\3\4" + bytes(600)])
def test_what_is_no_tar_file_is_named(tmp_path, data):
    manifest = write(tmp_path)
    (tmp_path / "crop" / "train-000000.tar").write_bytes(data)
    with pytest.raises(ValueError, match=r"train-000000\.tar: not a (sound )?tar file"):
        list(shards.read(tmp_path, manifest, "crop", "train"))


def test_a_sample_that_is_there_twice_in_a_strangers_shard_is_named(tmp_path):
    manifest = write(tmp_path)
    appended(tmp_path, {"k2.jpg": b"jpg"})
    with pytest.raises(ValueError, match=r"train-000000\.tar: not a sound tar file: .*k2\.jpg|sample k2"):
        list(shards.read(tmp_path, manifest, "crop", "train"))
