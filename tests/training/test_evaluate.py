import dataclasses
import threading

import numpy as np
import pytest
import torch

from ablate.config import trial_config
from ablate.data import arrays
from ablate.data import root as data
from ablate.metrics.geometry import rle
from ablate.training import evaluate
from ablate.training.parts import build_network
from tests import tiny_data

CPU = torch.device("cpu")


@pytest.fixture
def many(tiny_root):
    """A few photographs over and over: more than two batches."""
    few = arrays.load(data.at(str(tiny_root)), "real", "test", 32)
    return few.at([index % len(few) for index in range(75)])


class Brightness(torch.nn.Module):
    """Finds what is bright, and notes in how many pieces it was asked; its sums do not depend on the threads."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def forward(self, image_b3hw):
        self.batches.append(len(image_b3hw))
        return (image_b3hw.amax(dim=1, keepdim=True) - 0.4) * 20


def test_rows_are_the_same_and_in_the_photographs_order_on_any_number_of_threads(many):
    config, rows = trial_config(tiny_data.TRIAL_DEFAULTS), {}
    for count in (1, 2, 5):
        rows[count] = evaluate.score(Brightness(), many, config, CPU, count)
    assert [row["image_id"] for row in rows[1]] == [meta["image_id"] for meta in many.meta_n]
    assert rows[1] == rows[2] == rows[5]
    assert len({row["mask_rle"] for row in rows[1]}) > 5


@pytest.mark.parametrize("threads", [None, 1, 3])
def test_one_thread_does_it_all_in_order_and_others_stand_beside_it(many, threads):
    used = set()

    class Watched(list):
        def __getitem__(self, index):
            used.add(threading.get_ident())
            return super().__getitem__(index)

    watched = dataclasses.replace(many, meta_n=Watched(many.meta_n))
    evaluate.score(Brightness(), watched, trial_config(tiny_data.TRIAL_DEFAULTS), CPU, threads)
    here = threading.get_ident()
    assert (here not in used and len(used) <= 3) if threads == 3 else used == {here}


def test_an_error_on_one_photograph_ends_the_scoring(many):
    broken = dataclasses.replace(many, meta_n=[*many.meta_n[:40], {}, *many.meta_n[41:]])
    with pytest.raises(KeyError):
        evaluate.score(Brightness(), broken, trial_config(tiny_data.TRIAL_DEFAULTS), CPU, threads=2)


def test_probabilities_come_in_batches_of_thirty_two_on_a_cpu(many):
    network = Brightness()
    shapes = [each.shape for each in evaluate.probabilities(network, many, trial_config(tiny_data.TRIAL_DEFAULTS), CPU)]
    assert shapes == [(32, 32, 32), (32, 32, 32), (11, 32, 32)]
    assert network.batches == [32, 32, 11]


def test_a_gpu_too_small_for_a_batch_gives_the_same_rows(many):
    class Small(Brightness):
        def forward(self, image_b3hw):
            if len(image_b3hw) > 10:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().forward(image_b3hw)

    config, small = trial_config(tiny_data.TRIAL_DEFAULTS), Small()
    assert evaluate.score(small, many, config, CPU) == evaluate.score(Brightness(), many, config, CPU)
    assert max(small.batches) == 8


def test_the_mask_of_a_row_is_what_the_network_predicts(many):
    config = trial_config(tiny_data.TRIAL_DEFAULTS)
    network = build_network(config, CPU)
    rows = evaluate.score(network, many, config, CPU)
    expected = np.concatenate([*evaluate.probabilities(network, many, config, CPU)]) >= config.threshold
    assert all(np.array_equal(rle.decode(row["mask_rle"]), mask) for row, mask in zip(rows, expected, strict=True))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("threads", [1, 4])
def test_a_gpu_gives_the_same_rows_within_rounding(many, threads):
    config, cuda = trial_config(tiny_data.TRIAL_DEFAULTS, {"precision": "float32"}), torch.device("cuda")
    there = evaluate.score(Brightness(), many, config, cuda, threads)
    here = evaluate.score(Brightness(), many, config, CPU)
    for row, expected in zip(there, here, strict=True):
        assert row["score"] == pytest.approx(expected["score"], abs=1e-5)
        assert {**row, "score": None} == {**expected, "score": None}
