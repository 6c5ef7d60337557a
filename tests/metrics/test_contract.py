import numpy as np
import pyarrow as pa
import pytest

from ablate import plugins
from ablate.metrics import Prediction, Truth
from ablate.results.schema import images_schema

NAMES = plugins.names("ablate.metrics")


def prediction(probability_hw):
    return Prediction.of(np.asarray(probability_hw, dtype=np.float32), 0.5, (200, 100))


BLOB = np.pad(np.ones((3, 4)), ((2, 5), (1, 5)))
SITUATIONS = {
    "animal found": (prediction(BLOB), Truth(np.array([[20.0, 20, 100, 50]]), (200, 100), BLOB > 0)),
    "animal missed": (prediction(np.zeros((10, 10))), Truth(np.array([[20.0, 20, 100, 50]]), (200, 100), BLOB > 0)),
    "no animal, found one": (prediction(BLOB), Truth(np.zeros((0, 4)), (200, 100))),
    "no animal, found none": (prediction(np.zeros((10, 10))), Truth(np.zeros((0, 4)), (200, 100))),
    "everything is foreground": (prediction(np.ones((10, 10))), Truth(np.array([[0.0, 0, 200, 100]]), (200, 100))),
}


def test_discovery_finds_the_known_metrics():
    assert {"box_iou", "mask_iou", "extent", "outcome"} <= set(NAMES)


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("name", NAMES)
def test_a_metric_gives_the_columns_that_it_declares(name, situation):
    module = plugins.load("ablate.metrics", name, "metric")
    values = module.measure(*SITUATIONS[situation])
    assert list(values) == [field.name for field in module.FIELDS]
    pa.Table.from_pylist([values], pa.schema(module.FIELDS))  # the values have the declared types


def test_no_two_metrics_share_a_column():
    names = images_schema().names
    assert len(names) == len(set(names))
