"""What is said of translations whose quality is known."""

import cv2
import numpy as np
import pytest
import torch

from ablate.data.manifest import Manifest, read_manifest, write_manifest
from ablate.data.shards import Sample
from ablate.errors import UsageError
from datasets.checks.similarity import edges, frechet
from datasets.checks.similarity.verdict import Translation
from datasets.compare import CompareConfig, main
from tests import tiny_data


def pictures(seed, n=40, level=80.0, side=32):
    """Smooth noise: uint8, image_n3hw."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(level, 40, size=(n, side, side, 3)).clip(0, 255).astype(np.uint8)
    return torch.from_numpy(np.stack([cv2.GaussianBlur(one, (5, 5), 0) for one in raw])).permute(0, 3, 1, 2)


def distance(one, two):
    return frechet.frechet(frechet.features(one), frechet.features(two), np.ones(12))


def test_the_distance_is_that_of_two_normal_distributions():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(20_000, 3)), 3.0 + 2.0 * rng.normal(size=(20_000, 3))
    # |3|^2 of three features, and (2 - 1)^2 of each deviation
    assert frechet.frechet(one, two, np.ones(3)) == pytest.approx((3 * 9 + 3 * 1) ** 0.5, rel=0.02)


def test_equal_sets_have_no_distance_and_a_shift_of_colour_has_one():
    photographs, same_look, darker = pictures(0), pictures(1), pictures(2, level=40)
    assert distance(photographs, photographs) == pytest.approx(0, abs=1e-6)
    assert distance(photographs, same_look) < distance(photographs, darker) / 3


def test_every_feature_has_a_name():
    assert frechet.features(pictures(0, n=2)).shape == (2, len(frechet.NAMES))


def test_edges_stay_under_new_colours_and_go_with_new_content():
    before, mask = pictures(0), np.ones((40, 32, 32), bool)
    assert edges.edge_correlation(before, before, mask) == pytest.approx(1)
    assert edges.edge_correlation(before, 255 - before, mask) > 0.99
    assert abs(edges.edge_correlation(before, pictures(1), mask)) < 0.1
    assert np.isnan(edges.edge_correlation(torch.zeros_like(before), before, mask))


def test_a_background_that_stays_does_not_hide_that_the_animal_is_gone():
    before, mask = pictures(0), np.zeros((40, 32, 32), bool)
    mask[:, 10:20, 10:20] = True
    after = before.clone()
    after[:, :, 7:23, 7:23] = pictures(1)[:, :, 7:23, 7:23]
    assert edges.edge_correlation(before, after, mask) < 0.3


def translation(**values):
    fields = {"distance": 10.0, "before": 50.0, "edges": 0.9, "iou": 0.75, "iou_before": 0.8}
    return Translation(arm="i2i", translator="x", **(fields | values))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "nearer to the photographs, animal kept"),
        ({"distance": 60.0}, "NO NEARER"),
        ({"iou": 0.6}, "animal harder to find"),
        ({"iou": 0.3}, "edges stay"),
        ({"iou": 0.3, "edges": 0.2}, "DESTROYS THE ANIMAL"),
    ],
)
def test_the_verdict_is_in_words(values, says):
    assert says in translation(**values).verdict


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Crops, an arm that is the crops with other colours, and one that is noise."""
    folder = tmp_path_factory.mktemp("looks")
    tiny_data.write(folder, train=48)
    rng = np.random.default_rng(0)
    manifest = read_manifest(folder)
    crops = {
        split: [tiny_data.training_sample(rng, f"{split}{n:03d}") for n in range(count)]
        for split, count in (("train", 48), ("val", 12))
    }
    arms = dict(manifest.arms)
    for arm, change in {"crop": lambda x: x, "turned": lambda x: x[..., ::-1], "noise": noise}.items():
        arms[arm] = tiny_data.write_arm(
            folder, arm, {split: [changed(sample, change) for sample in samples] for split, samples in crops.items()}
        )
    told = {"turned": {"translator": "turned"}, "noise": {"translator": "noise"}}
    write_manifest(folder, Manifest(arms=arms, parameters={"arms": told}, trial_defaults=manifest.trial_defaults))
    return folder


def noise(image):
    return np.random.default_rng(int(image.sum())).integers(0, 255, image.shape).astype(np.uint8)


def changed(sample, change):
    image = cv2.imdecode(np.frombuffer(sample.jpg, np.uint8), cv2.IMREAD_COLOR_RGB)
    return Sample(sample.key, tiny_data.jpg(np.ascontiguousarray(change(image))), sample.mask_png, sample.meta)


@pytest.mark.slow
def test_noise_is_said_to_destroy_the_animal_and_other_colours_are_not(root, tmp_path, capsys):
    sheet = tmp_path / "sheet.jpg"
    assert main(CompareConfig(data=str(root), to=str(sheet), images=1500)) == 0
    printed = capsys.readouterr().out
    assert "noise: DESTROYS THE ANIMAL" in printed
    assert "turned: DESTROYS" not in printed
    assert cv2.imread(str(sheet)).shape[1] > 4 * 150


def test_without_a_translated_arm_there_is_nothing_to_compare(tiny_root, tmp_path):
    with pytest.raises(UsageError, match="no translated arm; repeat"):
        main(CompareConfig(data=str(tiny_root), to=str(tmp_path / "x.jpg")))
