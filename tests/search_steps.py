"""A search without Ray: what Tune would be told, step by step."""

from ray import tune
from ray.tune.search import Searcher
from rich.console import Console

from ablate.config import RunConfig
from ablate.runner.board import Board
from ablate.runner.plan import TrainingJob
from ablate.runner.preflight import data_root
from ablate.search.planned_search import PlannedSearch
from ablate.search.suggestions import Suggestions
from ablate.spaces.search import Search, cells_of, check, search_id
from ablate.spaces.space import product
from tests import results_factory as factory

DOMAINS = {"jitter_hue": tune.uniform(0.0, 0.3), "learning_rate": tune.loguniform(1e-4, 1e-1)}
CELLS = product(model=["unet", "segnet"], augment=["jitter"])


RESOURCES = {"CPU": 1.0}


def planned(out, root, sampler="tpe", samples=6, domains=DOMAINS, cells=CELLS, rule=None):
    """A search on some data, as a command that names it would have it."""
    search = Search(cells=cells, domains=domains, samples=samples, sampler=sampler, scheduler=rule)
    check(search, "mine")
    run, data = RunConfig(space="mine"), data_root(str(root))
    found = cells_of(run, search, data.manifest)
    return PlannedSearch(run, search, data, out, found, search_id(search, found, data.manifest))


def quiet_board():
    return Board([], Console(quiet=True), 99)


class Run:
    """A run of a search in this process: trials that end at once, with a score that the test chooses."""

    def __init__(self, out, root, sampler="tpe", score=None, **search):
        self.out = out
        self.score = score or (lambda config: config.jitter_hue)
        self.jobs = {}
        plan = planned(out, root, sampler, **search)
        self.suggestions = Suggestions(plan, plan.found(), RESOURCES, quiet_board(), None)

    def start(self, tune_id):
        """The job that Tune would start, or None at the end."""
        suggestion = self.suggestions.suggest(tune_id)
        if suggestion == Searcher.FINISHED:
            return None
        job = self.jobs[tune_id] = TrainingJob.model_validate_json(suggestion["job"])
        return job

    def finish(self, tune_id):
        """As when a trial has committed its rows and says so."""
        [trial] = self.jobs[tune_id].trials
        score = self.score(trial.config)
        factory.commit(self.out, trial, score)
        self.suggestions.on_trial_complete(tune_id, {"rows": [{"val_iou": score, "seconds": 1.0}], "failed": None})

    def fail(self, tune_id, reason="OSError: no space"):
        """As when a trial has given up."""
        [trial] = self.jobs[tune_id].trials
        factory.commit_failed(self.out, trial, reason)
        self.suggestions.on_trial_complete(tune_id, {"rows": [], "failed": reason})

    def to_its_end(self):
        """Trains all that is left, one after the other; gives the trials in their order."""
        trained = []
        while job := self.start(f"tune-{len(self.jobs)}"):
            trained.append(job.trials[0])
            self.finish(f"tune-{len(self.jobs) - 1}")
        return trained
