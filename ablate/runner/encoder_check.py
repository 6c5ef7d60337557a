"""Pretrained encoders, before trials ask for them: fetched once a node, and the licences of their weights told."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ablate import plugins
from ablate.config import TrialConfig

# Words in such licences, and the names of two that timm knows whose text forbids it.
_NON_COMMERCIAL = ("-nc", "noncommercial", "non-commercial", "apple-amlr", "seer-license")


def build(configs: Iterable[TrialConfig], say: Callable[[str], None]) -> None:
    """Builds what trials would, so that weights are fetched before all ask for them, and tells their licences."""
    told: set[object] = set()
    built: set[object] = set()
    for config in configs:
        reads = plugins.reads("ablate.models", config.model)
        key = (config.model, *(getattr(config, field) for field in sorted(reads)))
        if key in built or not (
            "encoder" in reads or ("encoder_weights" in reads and config.encoder_weights != "none")
        ):
            continue
        built.add(key)
        from ablate.training import parts  # with torch, which a run of other networks does without

        parts.build_network(config, parts.HOST)
        name = " ".join([config.model, *([config.encoder] if "encoder" in reads else [])])
        if config.encoder_weights == "none" and config.freeze_encoder and name not in told:
            told.add(name)
            say(f"encoder weights  {name}: random and frozen, so that the decoder learns from what knows nothing")
        if config.encoder_weights != "none" and (name, config.encoder_weights) not in told:
            told.add((name, config.encoder_weights))
            say(f"encoder weights  {name}, {config.encoder_weights}: {license_line(parts.weights_license(config))}")


def license_line(licence: str | None) -> str:
    """What is said of the licence of weights."""
    if licence is None:
        return "their licence is not known"
    if any(word in licence.lower() for word in _NON_COMMERCIAL):
        return f"licence {licence}: NOT FOR COMMERCIAL USE"
    return f"licence {licence}"
