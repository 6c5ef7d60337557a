"""What trials read of a data root, and the ids that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ablate.config import TrialConfig
from ablate.data.manifest import REAL, Manifest, scored_on
from ablate.identity import Identities, PlannedTrial, active_recipes, looks_at, training_id


class Identification:
    """Makes trials of configurations on some data; what many of them share is found out once.

    Attributes:
        identities: of these trials.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.identities = Identities()
        self._manifest = manifest
        self._inputs: dict[object, _Inputs] = {}

    def __call__(self, name: str, config: TrialConfig) -> PlannedTrial:
        """The trial of a configuration.

        Raises:
            UsageError: the data has no such training arm, no photographs in the wanted style, or none that it looks at.
        """
        read = self._read(config)
        if config.arm != read.arm:
            config = config.model_copy(update={"arm": read.arm})
        training, trial = self.identities.ids(config, read.arm_digest, read.looked_at, read.photos_digest)
        return PlannedTrial(
            name=name,
            config=config,
            trial=trial,
            training=training,
            arm_digest=read.arm_digest,
            photos_digest=read.photos_digest,
            code=self.identities.code_digest(config),
            transductive=read.transductive,
        )

    def _read(self, config: TrialConfig) -> _Inputs:
        key = (config.arm, config.direction, config.adapt, config.unlabelled, active_recipes(config))
        if key not in self._inputs:
            self._inputs[key] = _Inputs.of(config, self._manifest)
        return self._inputs[key]


@dataclass(frozen=True)
class _Inputs:
    """What a trial reads, see `PlannedTrial`."""

    arm: str
    arm_digest: str
    looked_at: Mapping[str, str]
    photos_digest: str
    transductive: bool

    @classmethod
    def of(cls, config: TrialConfig, manifest: Manifest) -> _Inputs:
        photographs = scored_on(config.direction)
        config = config.model_copy(update={"arm": "+".join(manifest.joined(config.arm))})
        return cls(
            arm=config.arm,
            arm_digest=arm_digest(config, manifest),
            looked_at=looked_at(config, manifest),
            photos_digest=manifest.photographs(photographs).digest,
            transductive=transductive(config, manifest) or manifest.transductive(photographs),
        )


def identity(config: TrialConfig, manifest: Manifest) -> str:
    """The training id of a configuration on some data.

    Raises:
        UsageError: the data has no such training arm, or no photographs that it looks at.
    """
    return training_id(config, arm_digest(config, manifest), looked_at(config, manifest))


def arm_digest(config: TrialConfig, manifest: Manifest) -> str:
    """The digest of the arm, or of the arms together, that a training trains on.

    Raises:
        UsageError: the data has no such training arm.
    """
    for arm in manifest.joined(config.arm):
        manifest.training_arm(arm)
    return manifest.joined_digest(config.arm)


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
