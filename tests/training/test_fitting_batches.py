import logging

import numpy as np
import pytest
import torch

from ablate.data.arrays import Pictures
from ablate.training.fitting_batches import FittingBatches


def pictures(count):
    return Pictures(
        torch.zeros(count, 3, 2, 2, dtype=torch.uint8),
        torch.zeros(count, 1, 2, 2, dtype=torch.uint8),
        np.zeros(count, dtype=bool),
        [{}] * count,
    )


def fits(most):
    def work(index_b):
        if len(index_b) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return index_b.tolist()

    return work


@pytest.mark.parametrize(("most", "sizes"), [(32, [8, 8, 4]), (5, [4, 4, 4, 4, 4]), (1, [1] * 20)])
def test_every_picture_comes_once_and_in_order_however_many_fit(most, sizes):
    results = [(index_b.tolist(), result) for index_b, result in FittingBatches(8).each(pictures(20), fits(most))]
    assert [len(indices) for indices, _ in results] == sizes
    assert [index for _, result in results for index in result] == list(range(20))
    assert all(indices == result for indices, result in results)


def test_a_size_that_fits_is_kept_and_told_once(caplog):
    batches = FittingBatches(8)
    with caplog.at_level(logging.WARNING, "ablate.training.fitting_batches"):
        for _ in range(2):
            assert len(list(batches.each(pictures(8), fits(4)))) == 2
    assert [record.getMessage() for record in caplog.records] == [
        "8 pictures do not fit into the GPU's memory; going on in batches of 4"
    ]


def test_what_does_not_fit_one_by_one_does_not_fit():
    with pytest.raises(torch.OutOfMemoryError):
        list(FittingBatches(8).each(pictures(3), fits(0)))


def test_no_pictures_make_no_batch():
    assert list(FittingBatches(8).each(pictures(0), fits(8))) == []
