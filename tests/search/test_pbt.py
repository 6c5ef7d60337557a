"""Population based training: who goes on with whom, in one run as over several."""

import numpy as np
import pytest
from ray import tune

from ablate.errors import UsageError
from ablate.results import search_record
from ablate.search.exploit import explored, next_round
from ablate.spaces.search import Pbt, Search, check
from ablate.spaces.space import pinned, product
from tests.search_steps import DOMAINS, Run

UNET = pinned(model="unet", augment="jitter")
RULE = Pbt(every=1, quantile=0.25)  # the tiny data's trials have two epochs: two rounds


def population(out, root, **more):
    return Run(out, root, sampler="random", rule=RULE, samples=4, **more)


def legs(out):
    return {(one.cell, one.number): one.legs for found in search_record.searches(out).values() for one in found}


def test_the_worst_go_on_with_a_best_ones_network_and_values_near_its_own():
    values = [{"jitter_hue": 0.05 * (1 + number), "learning_rate": 1e-3} for number in range(5)]
    scores = [0.5, 0.1, 0.9, 0.4, None]
    found = next_round(scores, values, 0.4, DOMAINS, np.random.RandomState(0))
    assert [parent for parent, _ in found][:4:2] == [0, 2]
    assert {found[1][0], found[4][0]} <= {0, 2}
    for number in (0, 2, 3):
        assert found[number] == (number, values[number])
    for number in (1, 4):
        assert found[number][1] != values[found[number][0]]


def test_of_many_failures_each_is_replaced():
    values = [{"jitter_hue": 0.1, "learning_rate": 1e-3}] * 4
    found = next_round([None, None, 0.2, None], values, 0.25, DOMAINS, np.random.RandomState(0))
    assert [parent for parent, _ in found] == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("domain", "value"),
    [
        (tune.uniform(0.0, 0.3), 0.29),
        (tune.loguniform(1e-4, 1e-1), 1e-4),
        (tune.randint(1, 9), 8),
        (tune.quniform(0.0, 1.0, 0.25), 0.75),
        (tune.choice(["bce", "dice"]), "dice"),
    ],
)
def test_values_stay_in_their_domain(domain, value):
    rng = np.random.RandomState(0)
    for _ in range(100):
        new = explored({"field": value}, {"field": domain}, rng)["field"]
        assert type(new) is type(value)
        assert new in domain.categories if hasattr(domain, "categories") else domain.lower <= new <= domain.upper
        assert domain.is_valid(new)


def test_every_member_trains_all_its_epochs_and_the_last_leg_is_scored(tiny_root, tmp_path):
    run = population(tmp_path, tiny_root)
    trained = run.to_its_end()
    assert len(trained) == 2 * 4 * 2
    assert len({trial.training for trial in trained}) == len(trained)
    assert len({trial.trial for trial in trained}) == 8
    assert [job.until for job in run.jobs.values()].count(None) == 8
    for of_member in legs(tmp_path).values():
        assert [(leg.after, leg.until) for leg in of_member] == [(0, 1), (1, 2)]


def test_a_round_waits_for_all_of_its_cell(tiny_root, tmp_path):
    run = population(tmp_path, tiny_root, cells=UNET)
    for name in "abcd":
        assert run.start(name).until == 1
    assert run.start("e") is None
    assert not run.suggestions.ended
    for name in "abcd":
        run.finish(name)
    second = run.start("e")
    assert (second.until, second.origin) == (None, legs(tmp_path)[0, 0][0].training)


@pytest.mark.parametrize("finished", [0, 1, 3, 5, 7])
def test_a_population_that_was_killed_ends_as_if_it_had_not_been(finished, tiny_root, tmp_path):
    population(tmp_path / "whole", tiny_root).to_its_end()
    killed = population(tmp_path / "killed", tiny_root)
    for number in range(finished):
        killed.start(f"a{number}")
        killed.finish(f"a{number}")
    killed.start("b")
    done = {job.trials[0].training for name, job in killed.jobs.items() if name != "b"}
    again = population(tmp_path / "killed", tiny_root).to_its_end()
    assert not done & {trial.training for trial in again}
    assert legs(tmp_path / "killed") == legs(tmp_path / "whole")
    assert population(tmp_path / "killed", tiny_root).to_its_end() == []


def test_a_trial_that_ended_after_its_run_was_killed_is_not_repeated(tiny_root, tmp_path):
    run = population(tmp_path, tiny_root)
    trained = run.to_its_end()
    [found] = search_record.searches(tmp_path).values()
    last = found[-1].legs[-1].model_copy(update={"score": None})
    search_record.write(tmp_path, found[-1].model_copy(update={"legs": (*found[-1].legs[:-1], last)}))
    assert trained
    assert population(tmp_path, tiny_root).to_its_end() == []


def test_a_member_whose_leg_failed_goes_on_with_anothers_network(tiny_root, tmp_path):
    run = population(tmp_path, tiny_root, cells=UNET)
    for name in "abcd":
        run.start(name)
    run.suggestions.on_trial_complete("a", {"rows": [], "failed": "NonFiniteLossError: nan"})
    for name in "bcd":
        run.finish(name)
    first, second = legs(tmp_path)[0, 0]
    assert first.failed == "NonFiniteLossError: nan"
    assert second.parent != 0
    run.to_its_end()
    assert all(len(of_member) == 2 and of_member[1].over for of_member in legs(tmp_path).values())


def test_a_round_that_fails_as_a_whole_is_tried_again_by_the_next_run(tiny_root, tmp_path):
    run = population(tmp_path, tiny_root, cells=UNET)
    for name in "abcd":
        run.start(name)
        run.finish(name)
    for name in "efgh":
        run.start(name)
    for name in "efgh":
        run.fail(name)
    assert run.start("i") is None
    assert len(population(tmp_path, tiny_root, cells=UNET).to_its_end()) == 4


def failed_at_its_end(out, root, reason):
    """A population whose last leg failed, as `h`."""
    run = population(out, root, cells=UNET)
    for name in "abcdefg":
        run.start(name)
        run.finish(name)
    run.start("h")
    run.fail("h", reason)
    return run


def test_a_last_leg_that_failed_is_tried_again_by_the_next_run(tiny_root, tmp_path):
    run = failed_at_its_end(tmp_path, tiny_root, "OSError: no space")
    assert run.start("i") is None
    [again] = population(tmp_path, tiny_root, cells=UNET).to_its_end()
    assert again == run.jobs["h"].trials[0]
    assert not [*(tmp_path / "checkpoints").iterdir()]


def test_a_member_that_diverged_at_its_end_is_a_result(tiny_root, tmp_path):
    failed_at_its_end(tmp_path, tiny_root, "NonFiniteLossError: nan")
    assert population(tmp_path, tiny_root, cells=UNET).to_its_end() == []


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"sampler": "tpe"}, "write sampler='random'"),
        ({"domains": {"width": tune.choice([4, 8])}}, "width cannot change while a network trains"),
        ({"scheduler": Pbt(quantile=0.6)}, "at most 0.5"),
        ({"samples": 1}, "at least 2 members"),
    ],
)
def test_what_a_population_cannot_do_is_refused(search, message):
    fields = {"domains": DOMAINS, "samples": 4, "sampler": "random", "scheduler": RULE} | search
    with pytest.raises(UsageError, match=message):
        check(Search(cells=product(model=["unet"]), **fields), "mine")
