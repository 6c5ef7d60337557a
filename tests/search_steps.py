"""A search without Ray: what Tune would be told, step by step."""

from ray import tune
from ray.tune.search import Searcher
from rich.console import Console

from ablate.config import RunConfig
from ablate.data.manifest import read_manifest
from ablate.results import search_record
from ablate.runner.board import Board
from ablate.search.asha import Halving
from ablate.search.pbt import Population
from ablate.search.searcher import SearchRun
from ablate.search.suggestions import Suggestions
from ablate.spaces.search import Search, cells_of, check, search_id
from ablate.spaces.space import product
from tests import results_factory as factory

DOMAINS = {"jitter_hue": tune.uniform(0.0, 0.3), "learning_rate": tune.loguniform(1e-4, 1e-1)}
CELLS = product(model=["unet", "segnet"], augment=["jitter"])


class Run:
    """A run of a search in this process: trials that end at once, with a score that the test chooses."""

    def __init__(self, out, root, sampler="tpe", samples=6, domains=DOMAINS, cells=CELLS, score=None, rule=None):
        search = Search(cells=cells, domains=domains, samples=samples, sampler=sampler, scheduler=rule)
        check(search, "mine")
        manifest = read_manifest(root)
        run = RunConfig(space="mine")
        self.out, self.cells = out, cells_of(run, search, manifest)
        self.score = score or (lambda config: config.jitter_hue)
        identity = search_id(search, self.cells, manifest)
        self.jobs = {}
        self.halving = Halving(None, [2] * len(self.cells), "val_iou")
        searched = SearchRun(
            identity=identity,
            space="mine",
            search=search,
            cells=self.cells,
            data="demo",
            manifest=manifest,
            out=out,
            job=lambda trial: factory.job(trial, out),
            board=Board([], Console(quiet=True), 99),
        )
        found = search_record.found(out, search_record.searches(out).get(identity, []))
        self.suggestions = Population(searched, rule, found) if rule else Suggestions(searched, found, self.halving)

    def start(self, tune_id):
        """The job that Tune would start, or None at the end."""
        suggested = self.suggestions.suggest(tune_id)
        if suggested in (None, Searcher.FINISHED):
            return None
        job = self.jobs[tune_id] = factory.Job.model_validate(suggested["job"])
        assert job.origin is None or self.checkpoint(job.origin).is_file(), "it cannot begin"
        return job

    def checkpoint(self, training):
        return self.out / "checkpoints" / f"{training}.ckpt"

    def finish(self, tune_id):
        """As when a trial has committed its rows and says so."""
        [trial] = self.jobs[tune_id].trials
        score = self.score(trial.config)
        if self.jobs[tune_id].until is None:
            factory.commit(self.out, trial, score)
        else:
            self.checkpoint(trial.training).parent.mkdir(exist_ok=True)
            self.checkpoint(trial.training).touch()
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
