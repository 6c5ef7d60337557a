import dataclasses
import math
import re
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import torch

from ablate.data import arrays, decoding, shards
from ablate.data import root as data
from ablate.data.arrays import Pictures
from ablate.data.manifest import Manifest, read_manifest, write_manifest
from ablate.data.shards import Sample
from tests import tiny_data

CPU = torch.device("cpu")


def test_pictures_come_in_shard_order_at_network_size(tiny_root):
    loaded = arrays.load(data.at(str(tiny_root)), "crop", "train", 32)
    assert loaded.image_n3hw.shape == (16, 3, 32, 32)
    assert loaded.image_n3hw.dtype == torch.uint8
    assert [meta["source"] for meta in loaded.meta_n] == [f"train{index:03d}" for index in range(16)]


def test_a_batch_is_float_in_the_unit_interval(tiny_root):
    loaded = arrays.load(data.at(str(tiny_root)), "crop", "train", 32)
    image, mask = loaded.batch(torch.tensor([3, 1]), CPU)
    assert image.dtype == mask.dtype == torch.float32
    assert 0 <= image.min() < image.max() <= 1
    assert torch.equal(image[0], loaded.image_n3hw[3].float() / 255)


@pytest.mark.parametrize("size", [32, 37])
def test_masks_are_kept_as_bits_and_come_back_as_they_were_squashed(tiny_root, size):
    loaded = arrays.load(data.at(str(tiny_root)), "crop", "train", size)
    assert loaded.mask_n1hk.shape == (16, 1, size, math.ceil(size / 8))
    _, mask_n1hw = loaded.batch(torch.arange(16), CPU)
    manifest = read_manifest(tiny_root)
    for index, sample in enumerate(shards.read(tiny_root, manifest, "crop", "train")):
        mask_hw = cv2.imdecode(np.frombuffer(sample.mask_png, np.uint8), cv2.IMREAD_GRAYSCALE)
        squashed_hw = decoding.squash(np.where(mask_hw > 0, 255, 0).astype(np.uint8)[..., None], size)[0] >= 128
        assert (loaded.mask_hw(index) == squashed_hw).all()
        assert (mask_n1hw[index, 0].numpy() == squashed_hw).all()


def test_pictures_can_be_made_of_masks_of_a_number_a_pixel():
    mask_n1hw = torch.randint(0, 2, (3, 1, 5, 11), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    made = Pictures.of(torch.zeros(3, 3, 5, 11, dtype=torch.uint8), mask_n1hw, np.ones(3, bool), [{}] * 3)
    assert torch.equal(made.batch(torch.tensor([2, 0]), CPU)[1], mask_n1hw[[2, 0]].float())


def test_a_feed_gives_the_batches_of_an_order(tiny_root):
    loaded = arrays.load(data.at(str(tiny_root)), "crop", "train", 32)
    order_n = torch.tensor([5, 0, 9, 3, 7])
    fed = [*loaded.feed(order_n, 2, CPU)]
    for index_b, batch in zip(order_n.split(2), fed, strict=True):
        assert all(map(torch.equal, batch, loaded.batch(index_b, CPU)))
    assert [*loaded.feed(order_n[:0], 2, CPU)] == []


def test_pictures_for_which_a_gpu_has_no_room_stay_and_say_why(tiny_root, monkeypatch):
    monkeypatch.setattr(arrays, "room", lambda device, share: 4_000)
    loaded = arrays.load(data.at(str(tiny_root)), "crop", "train", 32)
    [stayed] = arrays.place([loaded], torch.device("cuda"), 1.0)
    assert stayed.device == CPU
    told = "in the host's memory, and each batch is copied ahead of its use"
    assert stayed.place == f"{told} (5.12e-05 GB, where up to 2e-06 GB may lie on the GPU)"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_what_is_put_on_a_gpu_leaves_less_room_for_the_next(tiny_root, monkeypatch):
    loaded = arrays.load(data.at(str(tiny_root)), "crop", "train", 32)
    monkeypatch.setattr(arrays, "room", lambda device, share: 2 * 90_000)  # of which half may be taken; each is 51,200
    assert [each.device.type for each in arrays.place([loaded, loaded], torch.device("cuda"), 1.0)] == ["cuda", "cpu"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("there", [True, False])
def test_a_gpu_is_fed_what_the_cpu_is(tiny_root, there):
    loaded, gpu = arrays.load(data.at(str(tiny_root)), "crop", "train", 37), torch.device("cuda")
    order_n = torch.randperm(16, generator=torch.Generator().manual_seed(0)).repeat(20)
    for fed, wanted in zip(
        (loaded.to(gpu) if there else loaded).feed(order_n, 3, gpu), loaded.feed(order_n, 3, CPU), strict=True
    ):
        # A GPU may divide by 255 otherwise in the last bit.
        torch.testing.assert_close(fed[0].cpu(), wanted[0], rtol=0, atol=1e-7)
        assert torch.equal(fed[1].cpu(), wanted[1])


@pytest.mark.parametrize("arm", ["crop", "real"])
def test_any_number_of_threads_decodes_the_same(tiny_root, monkeypatch, tmp_path, arm):
    found = []
    for threads in (1, 3):
        monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / str(threads)))
        split, said = shards.splits(arm)[0], []
        loaded = arrays.load(data.at(str(tiny_root)), arm, split, 24, threads, said.append)
        found.append((loaded.image_n3hw, loaded.mask_n1hk, loaded.has_mask_n.tolist(), loaded.meta_n))
        assert re.fullmatch(
            rf"{arm}/{split}: \d+ pictures decoded to 24 px in [\d.]+ s by {threads} thread\(s\)", *said
        )
    one, three = found
    assert torch.equal(one[0], three[0])
    assert torch.equal(one[1], three[1])
    assert one[2:] == three[2:]


def test_decoding_leaves_torch_the_threads_that_it_had(tiny_root, monkeypatch, tmp_path):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        arrays.load(data.at(str(tiny_root)), "crop", "val", 24, threads=2)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(torch.get_num_threads).result() == torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_second_load_decodes_nothing(tiny_root):
    root = data.at(str(tiny_root))
    first = arrays.load(root, "i2i", "val", 32)
    moved = dataclasses.replace(root, place=f"{tiny_root} moved away")  # the shards are not touched
    second = arrays.load(moved, "i2i", "val", 32)
    assert torch.equal(first.image_n3hw, second.image_n3hw)


def test_photographs_without_masks_say_so(tiny_root):
    loaded = arrays.load(data.at(str(tiny_root)), "real", "empty", 32)
    assert not loaded.has_mask_n.any()
    assert len(arrays.Photograph(loaded.meta_n[0]).boxes_n4) == 0


def test_a_picture_that_cannot_be_decoded_is_named(tmp_path):
    good = Sample("good", tiny_data.jpg(np.zeros((8, 8, 3), np.uint8)), None, {})
    arm = tiny_data.write_arm(tmp_path, "crop", {"train": [good, Sample("bad", b"no picture", None, {})]})
    write_manifest(tmp_path, Manifest(arms={"crop": arm}))
    for threads in (1, 4):  # a failed decoding leaves nothing that a second try would take for whole
        with pytest.raises(ValueError, match="sample bad"):
            arrays.load(data.at(str(tmp_path)), "crop", "train", 8, threads)


def test_squash_averages_and_does_not_alias():
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 200
    inner = decoding.squash(stripes, 16).astype(int)[:, :, 1:-1]  # at the edge the filter has half its support
    assert abs(inner - 100).max() <= 2


def test_a_picture_that_has_the_size_is_what_squashing_makes_of_it():
    image_hwc = np.random.default_rng(0).integers(0, 256, (33, 33, 3), dtype=np.uint8)
    image_1chw = torch.from_numpy(image_hwc).permute(2, 0, 1)[None]
    squashed = torch.nn.functional.interpolate(image_1chw, size=(33, 33), mode="bilinear", antialias=True)
    assert (decoding.squash(image_hwc, 33) == squashed[0].numpy()).all()


def test_an_empty_split_has_no_pictures(tmp_path):
    photograph = tiny_data.photograph(np.random.default_rng(0), "one", "34", animal=True)
    write_manifest(tmp_path, Manifest(arms={"real": tiny_data.write_arm(tmp_path, "real", {"test": [photograph]})}))
    assert len(arrays.load(data.at(str(tmp_path)), "real", "empty", 16)) == 0
