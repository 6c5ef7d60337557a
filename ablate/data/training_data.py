"""What a training reads of a data root, and the id that follows from it."""

from __future__ import annotations

from ablate.config import TrialConfig
from ablate.data.manifest import REAL, Manifest
from ablate.identity import looks_at, training_id


def identity(config: TrialConfig, manifest: Manifest) -> str:
    """The training id of a configuration on some data.

    Raises:
        UsageError: the data has no such training arm, or no photographs that it looks at.
    """
    for arm in manifest.joined(config.arm):
        manifest.training_arm(arm)
    return training_id(config, manifest.joined_digest(config.arm), looked_at(config, manifest))


def looked_at(config: TrialConfig, manifest: Manifest) -> dict[str, str]:
    """The digests of the photographs that a training looks at, by their kind.

    Raises:
        UsageError: the data has none of them.
    """
    return {kind: manifest.split_digest(arm, split) for kind, (arm, split) in looks_at(config).items()}


def transductive(config: TrialConfig, manifest: Manifest) -> bool:
    """Whether test photographs, without their boxes, have a part in a training; empty ones are test photographs too."""
    arms = {*manifest.joined(config.arm), *(arm for arm, _ in looks_at(config).values())}
    return REAL in arms or any(map(manifest.transductive, arms))
