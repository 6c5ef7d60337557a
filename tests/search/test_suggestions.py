"""What Tune is told: which trial comes next, and which is stopped, in one run as over several."""

from types import SimpleNamespace

import numpy as np
import pytest
from ray import tune

from ablate.results import search_record
from ablate.search.asha import CellAsha
from ablate.spaces.search import Asha
from ablate.spaces.space import product
from tests import results_factory as factory
from tests.search_steps import Run


def hues(trials, model):
    return [trial.config.jitter_hue for trial in trials if trial.config.model == model]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_each_cell_gets_its_samples_the_same_ones_as_long_as_nothing_is_known(sampler, tiny_root, tmp_path):
    trained = Run(tmp_path, tiny_root, sampler).to_its_end()
    assert len({trial.trial for trial in trained}) == len(trained) == 12
    unet, segnet = hues(trained, "unet"), hues(trained, "segnet")
    assert unet[0] == segnet[0] == 0.1  # the default comes first
    assert unet[:4] == segnet[:4]
    if sampler == "random":
        assert unet == segnet


@pytest.mark.parametrize("sampler", ["tpe", "random"])
@pytest.mark.parametrize("finished", [0, 1, 3, 7])
def test_a_search_that_was_killed_trains_nothing_twice_and_ends_with_as_many(sampler, finished, tiny_root, tmp_path):
    killed = Run(tmp_path, tiny_root, sampler)
    for number in range(finished):
        killed.start(f"a{number}")
        killed.finish(f"a{number}")
    under_way = [killed.start(f"b{number}").trials[0].trial for number in range(2)]
    done = {job.trials[0].trial for name, job in killed.jobs.items() if name.startswith("a")}

    again = [trial.trial for trial in Run(tmp_path, tiny_root, sampler).to_its_end()]
    assert not done & set(again)
    assert set(under_way) <= set(again)
    assert len(done) + len(again) == len(done | set(again)) == 12
    assert Run(tmp_path, tiny_root, sampler).to_its_end() == []


def test_a_random_search_goes_on_with_new_draws_however_many_there_were(tiny_root, tmp_path):
    first = Run(tmp_path, tiny_root, "random", samples=130, cells=product(model=["unet"], augment=["jitter"]))
    assert len(first.to_its_end()) == 130
    more = Run(tmp_path, tiny_root, "random", samples=140, cells=product(model=["unet"], augment=["jitter"]))
    assert len(more.to_its_end()) == 10


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_values_with_which_training_diverges_are_the_worst_and_are_not_tried_again(sampler, tiny_root, tmp_path):
    run = Run(tmp_path, tiny_root, sampler, cells=product(model=["unet"], augment=["jitter"]))
    bad = run.start("a").trials[0]
    run.fail("a", "NonFiniteLossError: the training loss of epoch 1 is nan")
    again = Run(tmp_path, tiny_root, sampler, cells=product(model=["unet"], augment=["jitter"])).to_its_end()
    assert bad.trial not in {trial.trial for trial in again}
    assert len(again) == 5


def test_a_larger_search_goes_on_with_a_smaller_one(tiny_root, tmp_path):
    small = Run(tmp_path, tiny_root, samples=2).to_its_end()
    more = Run(tmp_path, tiny_root, samples=5).to_its_end()
    assert len(small) + len(more) == len({trial.trial for trial in [*small, *more]}) == 10


def test_a_trial_that_a_grid_has_done_counts_and_is_not_trained(tiny_root, tmp_path):
    first = Run(tmp_path / "elsewhere", tiny_root).start("a").trials[0]
    factory.commit(tmp_path, first.model_copy(update={"search": None}), 0.5)
    trained = Run(tmp_path, tiny_root).to_its_end()
    assert first.trial not in {trial.trial for trial in trained}
    assert len(trained) == 11
    assert sum(len(found) for found in search_record.searches(tmp_path).values()) == 12


def test_where_there_are_no_other_values_a_search_ends(tiny_root, tmp_path):
    few = {"batch_size": tune.choice([2, 4, 8])}
    trained = Run(
        tmp_path, tiny_root, domains=few, cells=product(model=["unet"]), score=lambda config: 0.5
    ).to_its_end()
    assert {trial.config.batch_size for trial in trained} == {2, 4, 8}


def test_tpe_learns_where_the_score_is_high_better_than_chance(tiny_root, tmp_path):
    def best_half(sampler):
        run = Run(tmp_path / sampler, tiny_root, sampler, samples=24, cells=product(model=["unet"], augment=["jitter"]))
        return np.mean(hues(run.to_its_end(), "unet")[12:])

    assert best_half("tpe") > best_half("random") + 0.03


def test_a_trial_that_failed_teaches_nothing_and_is_tried_again_by_the_next_run(tiny_root, tmp_path):
    run = Run(tmp_path, tiny_root)
    job = run.start("a")
    run.suggestions.on_trial_complete("a", error=True)
    assert job.trials[0].trial in {trial.trial for trial in Run(tmp_path, tiny_root).to_its_end()}


def result(epoch, val_iou):
    return {"epoch": epoch, "val_iou": val_iou}


def trial(name, cell=0):
    return SimpleNamespace(trial_id=name, config={"cell": cell})


def decisions(asha, scores, cell=0, epochs=9):
    """After which epoch each trial is stopped, one after the other; None where it is not."""
    ends = []
    for name, score in scores.items():
        one = trial(name, cell)
        asha.on_trial_add(None, one)
        ends.append(None)
        for epoch in range(1, epochs + 1):
            if asha.on_trial_result(None, one, result(epoch, score)) == "STOP":
                ends[-1] = epoch
                break
        asha.on_trial_remove(None, one)
    return ends


SCORES = {"a": 0.9, "b": 0.1, "c": 0.95, "d": 0.92}


def test_what_does_worse_is_stopped_at_a_rung():
    asha = CellAsha(Asha(grace=2, reduction=3), [9], "val_iou")
    assert decisions(asha, SCORES) == [None, 2, None, 6]
    assert asha.stopped == {"b", "d"}


def test_what_earlier_runs_found_counts_as_if_it_had_been_one():
    first, second = (CellAsha(Asha(grace=2, reduction=3), [9], "val_iou") for _ in range(2))
    before = {name: SCORES[name] for name in ("a", "b")}
    ends = decisions(first, before)
    for (name, score), end in zip(before.items(), ends, strict=True):
        second.replay(0, name, [result(epoch, score) for epoch in range(1, (end or 9) + 1)])
    assert decisions(second, {name: SCORES[name] for name in ("c", "d")}) == [None, 6]


def test_a_cell_is_not_stopped_for_anothers_sake():
    asha = CellAsha(Asha(grace=2, reduction=3), [9, 9], "val_iou")
    decisions(asha, SCORES, cell=0)
    assert decisions(asha, {"e": 0.01}, cell=1) == [None]


def test_an_epoch_without_a_score_stops_nothing():
    asha = CellAsha(Asha(), [9], "val_iou")
    decisions(asha, SCORES)
    one = trial("e")
    asha.on_trial_add(None, one)
    assert asha.on_trial_result(None, one, result(0, None)) == "CONTINUE"


def test_epochs_of_earlier_runs_whose_score_is_gone_are_passed_over():
    """As an oracle's are whose photographs changed: of the earlier trial only the last epoch can be compared with."""
    asha = CellAsha(Asha(grace=1, reduction=2), [2], "oracle_iou")
    asha.replay(0, "earlier", [{"epoch": 1, "oracle_iou": None}, {"epoch": 2, "oracle_iou": 0.9}])
    now = trial("now")
    asha.on_trial_add(None, now)
    assert asha.on_trial_result(None, now, {"epoch": 1, "oracle_iou": 0.1}) == "CONTINUE"
    assert asha.on_trial_result(None, now, {"epoch": 2, "oracle_iou": 0.1}) == "STOP"
