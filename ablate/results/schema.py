"""The schemas of the results.

<out>/images/<trial>.parquet    one row per photograph: the truth that everything else is derived from
<out>/epochs/<trial>.parquet    one row per epoch
<out>/trials/<trial>.parquet    one row; written last: rows of a trial without it are invisible
<out>/locations.parquet         per trial and location, derived from `images` by the collector
<out>/trials.parquet            an index of `trials`, see `mark_index`
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from ablate import plugins
from ablate.config import TrialConfig

TABLES = ("images", "epochs", "trials", "locations")

_CONFIG_TYPES: Mapping[object, pa.DataType] = {int: pa.int64(), float: pa.float64(), bool: pa.bool_()}

EPOCHS = pa.schema(
    [
        ("trial", pa.string()),
        ("training", pa.string()),
        ("epoch", pa.int64()),  # from 1
        ("train_loss", pa.float64()),  # mean over the epoch's images
        ("val_loss", pa.float64()),
        ("val_iou", pa.float64()),  # total intersection / total union over the val split, in [0, 1]
        ("oracle_iou", pa.float64()),  # mean box IoU on today's photographs, with oracle=true; never chooses
        ("learning_rate", pa.float64()),  # at the epoch's last step
        ("seconds", pa.float64()),  # training and validation
        ("images_per_second", pa.float64()),  # training alone
        ("device", pa.string()),
        ("precision_used", pa.string()),  # float32 (IEEE) | tf32 | bfloat16: what `precision` meant on the device
        ("execution_used", pa.string()),  # eager | graph | compiled: how the steps were carried out
        ("code_digest", pa.string()),  # of the code that ran the epoch, as it lay there
    ]
)

LOCATIONS = pa.schema(
    [
        ("trial", pa.string()),
        ("location", pa.string()),
        ("n_images", pa.int64()),  # photographs with an animal
        ("iou_mean", pa.float64()),
        ("iou_low", pa.float64()),  # 95 % interval, the sequences being clusters; null with fewer than two
        ("iou_high", pa.float64()),
        ("hit_rate", pa.float64()),  # share with iou >= 0.5
        ("n_empty", pa.int64()),  # photographs without an animal
        ("false_alarm_rate", pa.float64()),  # share of those in which something was found; null without any
    ]
)


def images_schema() -> pa.Schema:
    """Columns of `images`: who was measured on what, then the columns of every metric."""
    fields = [
        pa.field("trial", pa.string()),
        pa.field("training", pa.string()),
        pa.field("model", pa.string()),
        pa.field("arm", pa.string()),
        pa.field("augment", pa.string()),
        pa.field("seed", pa.int64()),
        pa.field("selection", pa.string()),
        pa.field("location", pa.string()),
        pa.field("image_id", pa.string()),
        pa.field("seq_id", pa.string()),
        pa.field("captured_at", pa.timestamp("s")),
        pa.field("width", pa.int64()),  # of the stored photograph, pixels
        pa.field("height", pa.int64()),
        pa.field("true_boxes", pa.list_(pa.list_(pa.float64()))),  # xyxy pixels of the stored photograph
    ]
    for name in plugins.names("ablate.metrics"):
        fields += plugins.load("ablate.metrics", name, "metric").FIELDS
    fields.append(
        pa.field("mask_rle", pa.string())
    )  # foreground at network resolution, COCO's RLE (`ablate.metrics.geometry.rle`)
    return pa.schema(fields)


def trials_schema() -> pa.Schema:
    """Columns of `trials`: identity, every field of `TrialConfig`, then how it went."""
    config = [pa.field(name, _config_type(field.annotation)) for name, field in TrialConfig.model_fields.items()]
    return pa.schema(
        [
            pa.field("trial", pa.string()),
            pa.field("training", pa.string()),
            pa.field("name", pa.string()),  # readable: unet-crop-jitter-s0
            pa.field("status", pa.string()),  # done | failed | stopped: early, by a search
            pa.field("reason", pa.string()),  # of the failure, or of the early end, one line; null when done
            pa.field("search", pa.string()),  # that suggested the trial; null for one of a grid
            pa.field("reference", pa.string()),  # of a detector that was not trained here: what to know of it
            *config,
            pa.field("arm_digest", pa.string()),
            pa.field("transductive", pa.bool_()),  # test photographs, without labels, had a part in it
            pa.field("photos_digest", pa.string()),
            pa.field("weights_license", pa.string()),  # of pretrained weights, as timm or the hub tells it
            pa.field("code_digest", pa.string()),  # of the code that trained the network, as it lay there
            pa.field("versions", pa.string()),  # JSON: library -> version
            pa.field("device", pa.string()),  # that trained it; where it went on elsewhere, "one + other"
            pa.field("precision_used", pa.string()),  # in training: float32 (IEEE) | tf32 | bfloat16
            pa.field("execution_used", pa.string()),  # of training steps: eager | graph | compiled
            pa.field("score_device", pa.string()),
            pa.field("score_precision", pa.string()),
            pa.field("score_code", pa.string()),  # as `code_digest`, of the code that scored the network
            pa.field("parameters", pa.int64()),  # trainable numbers of the network
            pa.field("started_at", pa.timestamp("s", tz="UTC")),
            pa.field("train_seconds", pa.float64()),  # all epochs, over all attempts
            pa.field("score_seconds", pa.float64()),
            pa.field("images_per_second", pa.float64()),  # of training, median over epochs
            pa.field("peak_memory_mb", pa.float64()),  # of the GPU, or of the process, since the trial began
            pa.field("val_iou", pa.float64()),  # of the scored epoch
            pa.field("epoch", pa.int64()),  # the scored epoch
        ]
    )


def _config_type(annotation: object) -> pa.DataType:
    return _CONFIG_TYPES.get(annotation, pa.string())  # names and choices are text


def schema_of(table: str) -> pa.Schema:
    """The columns of one of `TABLES`."""
    match table:
        case "images":
            return images_schema()
        case "epochs":
            return EPOCHS
        case "trials":
            return trials_schema()
        case "locations":
            return LOCATIONS
        case _:
            raise ValueError(f"no table {table!r}")
