"""Population based training: what Tune's scheduler decides, and what is left of it when a run is killed."""

import json
from types import SimpleNamespace

import pytest
from ray import tune
from ray.tune.experiment import Trial

from ablate.errors import UsageError
from ablate.results import search_record
from ablate.results.search_record import FINISHED
from ablate.search.pbt import Population, inside
from ablate.spaces.search import Pbt, Search, check
from ablate.spaces.space import pinned, product
from ablate.training import checkpoint
from tests import results_factory as factory
from tests.search_steps import DOMAINS, RESOURCES, planned, quiet_board

UNET = pinned(model="unet", augment="jitter")
RULE = Pbt(every=1, quantile=0.25)  # the tiny data's trials have two epochs: one round
SCORES = (0.3, 0.1, 0.9, 0.4)  # of the members after an epoch


class TuneTrial:
    """What Tune's scheduler asks of a trial."""

    experiment_tag, checkpoint = "", "Tune's own"

    def __init__(self, job):
        self.config = {"job": job.model_dump_json()}
        self.status = Trial.PENDING
        self.trial_id = job.name
        self.temporary_state = SimpleNamespace(saving_to=None)
        of_checkpoints = SimpleNamespace(checkpoint_config=SimpleNamespace(num_to_keep=None))
        self.run_metadata = SimpleNamespace(checkpoint_manager=of_checkpoints)

    def is_finished(self):
        return self.status in (Trial.TERMINATED, Trial.ERROR)

    def set_config(self, config):
        self.config = config

    def set_experiment_tag(self, tag):
        pass


class Run:
    """A run of a population as Tune would lead it: members that train at once, with scores that the test chooses."""

    def __init__(self, out, root):
        self.out = out
        self.planned = planned(out, root, sampler="random", samples=4, cells=UNET, rule=RULE)
        self.population = Population(self.planned, RULE, 0, self.planned.found(), RESOURCES, quiet_board())
        self.trials = [TuneTrial(job) for job in self.population.jobs]
        for trial in self.trials:
            self.population.on_trial_add(self, trial)

    search_alg = None

    def get_trials(self):
        return self.trials

    def get_live_trials(self):
        return [trial for trial in self.trials if not trial.is_finished()]

    def job(self, number):
        [trial] = json.loads(self.trials[number].config["job"])["trials"]
        return trial

    def train(self, number, epoch, score):
        """An epoch of a member: its checkpoint, and its report."""
        rows = [{"val_iou": score}] * epoch
        checkpoint.write_state(
            self.out / "checkpoints" / f"{self.job(number)['training']}.ckpt", {"code": "", "rows": rows}
        )
        trial = self.trials[number]
        trial.status = Trial.PAUSED  # Tune's own order, of the report and the pause, has no effect on the rule
        return self.population.on_trial_result(self, trial, {"epoch": epoch, "val_iou": score})

    def end(self, number, status=Trial.TERMINATED):
        """The last epoch of a member, or the death of its process."""
        self.trials[number].status = status
        if status == Trial.TERMINATED:
            trial = next(
                job.trials[0] for job in self.population.jobs if job.trials[0].trial == self.job(number)["trial"]
            )
            factory.commit(self.out, trial, 0.5)


def records(out):
    [found] = search_record.searches(out).values()
    return found


def one_round(run):
    for number, score in enumerate(SCORES):
        run.train(number, 1, score)


def test_all_members_are_recorded_before_any_begins_the_first_of_them_the_default(tiny_root, tmp_path):
    run = Run(tmp_path, tiny_root)
    found = records(tmp_path)
    assert [one.is_default for one in found] == [True, False, False, False]
    assert [job.trials[0].trial for job in run.population.jobs] == [one.trial for one in found]
    assert len({one.segments[0].training for one in found}) == 4


def test_a_round_waits_for_all_and_then_the_worst_continues_with_the_best_ones_network(tiny_root, tmp_path):
    run = Run(tmp_path, tiny_root)
    for number in (0, 1, 2):
        run.train(number, 1, SCORES[number])
        assert run.population.choose_trial_to_run(run) is run.trials[number + 1]
    run.train(3, 1, SCORES[3])
    found = records(tmp_path)
    assert [len(one.segments) for one in found] == [1, 2, 1, 1]
    ended, new = found[1].segments
    assert (ended.until, ended.score, new.parent, new.after, new.until) == (1, 0.1, 2, 1, 2)
    assert run.job(1)["trial"] == found[1].trial
    assert run.job(1)["training"] == new.training
    assert {field: run.job(1)["config"][field] for field in DOMAINS} == new.values != found[2].values
    assert checkpoint.epochs(tmp_path, new.training) == 1
    assert checkpoint.epochs(tmp_path, ended.training) == 0, "it is gone"
    assert run.population.choose_trial_to_run(run) is not None


def test_what_a_round_draws_follows_from_the_seed_and_the_scores_alone(tiny_root, tmp_path):
    for name, order in (("a", (0, 1, 2, 3)), ("b", (3, 2, 0, 1))):
        run = Run(tmp_path / name, tiny_root)
        for number in order:
            run.train(number, 1, SCORES[number])
    assert [one.segments for one in records(tmp_path / "a")] == [one.segments for one in records(tmp_path / "b")]


@pytest.mark.parametrize("status", [Trial.TERMINATED, Trial.ERROR])
def test_a_round_does_not_wait_for_a_member_that_has_ended(status, tiny_root, tmp_path):
    run = Run(tmp_path, tiny_root)
    for number in (0, 1, 2):
        run.train(number, 1, SCORES[number])
    run.trials[3].status = status
    assert run.population.choose_trial_to_run(run) in run.trials[:3]
    assert [len(one.segments) for one in records(tmp_path)] == [1, 2, 1, 1]


@pytest.mark.parametrize("trained", [(), (1,), (1, 2, 3), (0, 1, 2, 3)])
def test_a_population_that_was_killed_has_the_same_round_when_it_is_repeated(trained, tiny_root, tmp_path):
    one_round(Run(tmp_path / "whole", tiny_root))
    killed = Run(tmp_path / "killed", tiny_root)
    for number in trained:
        killed.train(number, 1, SCORES[number])
    again = Run(tmp_path / "killed", tiny_root)
    if len(trained) < 4:
        one_round(again)
    assert [one.segments for one in records(tmp_path / "killed")] == [
        one.segments for one in records(tmp_path / "whole")
    ]
    assert [again.job(number)["training"] for number in range(4)] == [
        one.segments[-1].training for one in records(tmp_path / "killed")
    ]


def test_a_round_that_has_taken_place_is_not_repeated(tiny_root, tmp_path):
    run = Run(tmp_path, tiny_root)
    one_round(run)
    before = records(tmp_path)
    again = Run(tmp_path, tiny_root)
    for number, score in enumerate(SCORES):
        again.population.on_trial_result(again, again.trials[number], {"epoch": 1, "val_iou": score})
    assert records(tmp_path) == before


def test_a_finished_member_has_no_job_and_one_that_failed_is_tried_again(tiny_root, tmp_path):
    run = Run(tmp_path, tiny_root)
    run.end(0)
    factory.commit_failed(tmp_path, run.population.jobs[1].trials[0], "OSError: no space")
    factory.commit_failed(tmp_path, run.population.jobs[2].trials[0], "NonFiniteLossError: nan")
    again = Run(tmp_path, tiny_root)
    assert [one.status in FINISHED for one in again.planned.found()] == [True, False, True, False]
    assert [job.trials[0].name[-2:] for job in again.population.jobs] == ["01", "03"]


def test_a_network_that_is_gone_is_an_error_that_names_it(tiny_root, tmp_path):
    one_round(Run(tmp_path, tiny_root))
    training = records(tmp_path)[1].segments[-1].training
    checkpoint.discard(tmp_path, training)
    with pytest.raises(UsageError, match=f"the checkpoint of .*-01 is gone \\({training}\\)"):
        Run(tmp_path, tiny_root)


def test_records_of_populations_that_were_cut_into_legs_can_be_read(tmp_path):
    legs = [
        {"training": "t1", "parent": 0, "after": 0, "until": 2, "values": {"a": 1}, "score": 0.5, "failed": None},
        {"training": "t2", "parent": 3, "after": 2, "until": 4, "values": {"a": 2}, "score": None, "failed": "OSError"},
    ]
    known = {"search": "h1", "space": "mine", "objective": "val_iou", "cell": 0, "number": 0, "is_default": False}
    known |= {"trial": "s1", "name": "n", "given": {}, "values": {"a": 2}, "domains": {}, "data": "demo", "legs": legs}
    record = search_record.Member.model_validate(known)
    assert [(one.training, one.parent, one.until) for one in record.segments] == [("t1", 0, 2), ("t2", 3, 4)]
    search_record.write(tmp_path, record)
    assert search_record.searches(tmp_path) == {"h1": [record]}
    assert '"legs"' in (tmp_path / "searches" / "h1" / "s1.json").read_text()


@pytest.mark.parametrize(
    ("domain", "changed", "value"),
    [
        (tune.uniform(0.0, 0.3), 0.35, 0.3),
        (tune.loguniform(1e-4, 1e-1), 8e-5, 1e-4),
        (tune.randint(1, 9), 10, 8),
        (tune.quniform(0.0, 1.0, 0.25), 0.6, 0.5),
        (tune.choice(["bce", "dice"]), "dice", "dice"),
    ],
)
def test_changed_values_stay_in_their_domain(domain, changed, value):
    assert inside(domain, changed) == value
    assert domain.is_valid(value)


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
