"""`python -m datasets.prepare`: raw images to shards.

Everything is written into a folder of its own, its manifest last, and moved to its place when it is whole. The same
inputs and parameters give the same bytes, whatever the number of workers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from ablate import parts, shards
from ablate.cli import run_command
from ablate.config import trial_config
from ablate.errors import UsageError
from ablate.shards import REAL, Arm, ArmWriter, Manifest
from ablate.storage import local, sha256
from datasets import arms, raw, translate
from datasets.config import PrepareConfig
from datasets.ledger import SELECTION, SKIPPED, Ledger
from datasets.raw import Raw
from datasets.replace import replacing

Report = Callable[[str], None]
# Where the inputs lie and how they are cut into files says nothing about what the samples are.
_NOT_DERIVATION = frozenset(
    {"synthetic", "photos", "annotations", "exclude", "photo_masks", "to", "trial_defaults", "max_bad"}
    | {"samples_per_shard", "workers"}
)


def prepare(config: PrepareConfig, report: Report = print) -> Manifest:
    """Writes the data root that a configuration describes.

    Args:
        report: takes the lines that tell what was selected and left out.

    Raises:
        UsageError: an input or a name is wrong, nothing usable is left, too much is bad, or `to` is taken.
    """
    to = local(config.to, "to")
    named = _arms(config)
    translate.choose(config.translator, config.translator_options)  # before hours of work, not after
    trial_config(config.trial_defaults)
    with replacing(to) as root:
        ledger = Ledger()
        usable = raw.read(config, ledger, to.with_name(f"{to.name}.{SKIPPED}"))
        report(_selection_table(ledger))
        written, parameters = _write_arms(root, usable, named, config, report)
        ledger.write(root)
        manifest = Manifest(
            parameters=_parameters(config, ledger) | {"arms": parameters},
            trial_defaults=dict(config.trial_defaults),
            arms=written,
        )
        shards.write_manifest(root, manifest)
    return manifest


def _arms(config: PrepareConfig) -> tuple[str, ...]:
    """The arms to write; the photographs always belong to them."""
    named = tuple(dict.fromkeys([*config.arms, REAL]))
    for name in named:
        parts.require(arms.PACKAGE, name, "arms")
    if len({_title(name) for name in named}) < len(named):
        raise UsageError(f"arms={','.join(config.arms)}: two arms of one name; rename one of the files")
    return named


def _title(arm: str) -> str:
    return Path(arm).stem if parts.is_path(arm) else arm


def _write_arms(
    root: Path, usable: Raw, named: tuple[str, ...], config: PrepareConfig, report: Report
) -> tuple[dict[str, Arm], dict[str, Any]]:
    """Writes every arm below `root`; returns what the manifest records of each, and its own parameters."""
    written: dict[str, Arm] = {}
    parameters: dict[str, Any] = {}
    for name in named:
        module = parts.load(arms.PACKAGE, name, "arms")
        with ArmWriter(root, _title(name), config.samples_per_shard) as writer:
            for split, sample in cast(arms.Arm, module).samples(usable, config):
                writer.add(split, sample)
        assert writer.arm is not None
        arm = written[_title(name)] = writer.arm
        _require_samples(name, arm, config)
        own = getattr(module, "parameters", None)
        parameters[_title(name)] = {"code": parts.content(name)} if own is None else own(usable, config)
        report(f"{_title(name):<6} {'  '.join(f'{split} {count:,}' for split, count in arm.counts.items())}")
    return written, parameters


def _require_samples(name: str, arm: Arm, config: PrepareConfig) -> None:
    needed = ("test",) if name == REAL else ("train", "val")
    for split in needed:
        if not arm.counts.get(split):
            raise UsageError(
                f"arms={name}: the split {split} holds no sample; lower crop.min_side={config.crop.min_side}, "
                f"raise val_fraction={config.val_fraction} or give more images"
            )


def _parameters(config: PrepareConfig, ledger: Ledger) -> dict[str, Any]:
    """What the shards were derived by: parameters, the inputs' digests, and what each rule took out."""
    files = {"annotations": config.annotations, "exclude": config.exclude}
    return {
        **config.model_dump(mode="json", exclude=set(_NOT_DERIVATION)),
        "inputs": {key: sha256(local(path, key)) for key, path in files.items() if path is not None},
        "selection": ledger.counts(),
        "skipped": ledger.skipped_counts(),
    }


def _selection_table(ledger: Ledger) -> str:
    lines = []
    for kind, reasons in ledger.counts().items():
        lines += [kind, *(f"  {count:>7,}  {reason}" for reason, count in reasons.items())]
    for kind, reasons in ledger.skipped_counts().items():
        lines += [f"{kind}: bad input", *(f"  {count:>7,}  {reason}" for reason, count in reasons.items())]
    return "\n".join(lines)


def main(config: PrepareConfig) -> int:
    """Prepares and prints; 0."""
    prepare(config)
    print(f"wrote {local(config.to, 'to')}; what was left out and why: {SELECTION} and {SKIPPED} there")
    return 0


def _epilogue() -> str:
    return f"arms: {', '.join(parts.names(arms.PACKAGE))}\ntranslators: {', '.join(parts.names(translate.PACKAGE))}"


if __name__ == "__main__":
    run_command(PrepareConfig, main, _epilogue)
