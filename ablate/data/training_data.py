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
    looked_at = {kind: manifest.looked_at(arm).digest for kind, (arm, _) in looks_at(config).items()}
    return training_id(config, manifest.joined_digest(config.arm), looked_at)


def transductive(config: TrialConfig, manifest: Manifest) -> bool:
    """Whether test photographs, without their labels, have a part in a training.

    The empty ones of the test set do too: they are taken where its animals are.
    """
    looked_at = {arm for arm, _ in looks_at(config).values()}
    return REAL in looked_at or any(map(manifest.transductive, {*manifest.joined(config.arm), *looked_at}))
