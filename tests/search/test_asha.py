"""Successive halving on what earlier runs left."""

from types import SimpleNamespace

from ray.tune.schedulers import TrialScheduler

from ablate.search.asha import Halving
from ablate.spaces.search import Asha


def test_epochs_whose_score_is_gone_are_passed_over():
    """As an oracle's are whose photographs changed: of the earlier trial only the last epoch can be compared with."""
    halving = Halving(Asha(grace=1, reduction=2), [2], "oracle_iou")
    halving.replay(0, "earlier", [{"epoch": 1, "oracle_iou": None}, {"epoch": 2, "oracle_iou": 0.9}])
    trial = SimpleNamespace(trial_id="now", config={"cell": 0})
    halving.on_trial_add(None, trial)
    decision = halving.on_trial_result(None, trial, {"epoch": 1, "oracle_iou": 0.1})
    assert decision == TrialScheduler.CONTINUE
    assert not halving.stopped
