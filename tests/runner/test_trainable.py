"""The trainable in this process, step by step: what it records of where its numbers come from."""

import importlib.metadata
import json
import logging
import math

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file, save_file

import ablate
from ablate.config import RunConfig
from ablate.data import root as data
from ablate.data.manifest import REAL, read_manifest, write_manifest
from ablate.errors import UsageError
from ablate.report import print_tables
from ablate.results.reader import read_rows
from ablate.runner import plan as planning
from ablate.runner import preflight
from ablate.runner.commit import trained_on
from ablate.runner.trainable import GridTrial
from ablate.spaces.space import Space, product
from ablate.stats.scores import VAL_IOU, build
from ablate.training import checkpoint
from tests import tiny_data
from tests.rows import rows
from tests.runner.test_plan import with_reverse

FIELDS = {"model": "unet", "arm": "crop", "epochs": 3}


@pytest.fixture
def root(tmp_path):
    return tiny_data.write(tmp_path / "root")


def job(root, out, **fields):
    trials = planning.plan(RunConfig(space="given", trial=FIELDS | fields), Space(({},)), read_manifest(root))
    [found] = planning.jobs(RunConfig(space="given"), data.at(str(root)), out, trials, {"CPU": 1.0})
    return found


def steps(job, most=10):
    """Runs a job to its end, or for some steps: the first begins, each other is an epoch; gives the last report."""
    trial = GridTrial({"job": job.model_dump_json()})
    for _ in range(most):
        report = trial.step()
        if report["done"]:
            break
    trial.stop()
    return report


def logged(job):
    return (job.out / "logs" / f"{job.trials[0].trial}.log").read_text()


def row(job):
    [found] = read_rows(job.out, "trials", [job.trials[0].trial]).to_pylist()
    return found


def with_other_code(job):
    """As a driver plans it whose code is not that of this process."""
    trials = tuple(trial.model_copy(update={"code": "the driver's"}) for trial in job.trials)
    return job.model_copy(update={"trials": trials})


def new_photographs(root):
    """Other photographs in place of the old ones: three of them, all at one location."""
    manifest = read_manifest(root)
    rng = tiny_data.np.random.default_rng(77)
    samples = [tiny_data.photograph(rng, f"new{number}", "9", animal=True) for number in range(3)]
    real = tiny_data.write_arm(root, REAL, {"test": samples, "empty": []})
    write_manifest(root, manifest.model_copy(update={"arms": manifest.arms | {REAL: real}}))


def test_a_row_says_by_what_arithmetic_on_which_device_and_by_what_code(root, tmp_path):
    work = job(root, tmp_path / "out", precision="auto")
    assert steps(work)["done"]
    found = row(work)
    assert (found["precision"], found["precision_used"], found["score_precision"]) == ("auto", "float32", "float32")
    assert found["device"] == found["score_device"] != ""
    assert found["code_digest"] == work.trials[0].code
    epochs = read_rows(work.out, "epochs").to_pylist()
    assert {(one["device"], one["precision_used"], one["code_digest"]) for one in epochs} == {
        (found["device"], "float32", found["code_digest"])
    }


def test_only_images_of_the_wanted_names_are_trained_on_and_all_are_validated_on(root, tmp_path):
    def losses(work):
        assert steps(work)["done"]  # were names chosen in validation too, none of val000 to val005 would be left
        return [one["train_loss"] for one in read_rows(work.out, "epochs", [work.trials[0].trial]).to_pylist()]

    ten = tiny_data.write(tmp_path / "ten", train=10)  # train000 to train009, as here
    few = job(root, tmp_path / "out", train_names="train00")
    trained = losses(few)
    assert "chosen by name and number: 10 of 16 training pictures\n" in logged(few)
    assert trained == losses(job(ten, tmp_path / "out"))


def test_a_choice_that_leaves_too_few_images_fails_at_once_with_the_reason(root, tmp_path):
    work = job(root, tmp_path / "out", train_names="train00", train_images=11)
    assert "has 10 source images for training with trial.train_names=train00" in steps(work, most=1)["failed"]


def test_the_log_tells_what_was_decoded_and_where_it_lies(root, tmp_path, monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    work = job(root, tmp_path / "out")
    steps(work, most=1)
    assert "crop/train: 16 pictures decoded to 32 px in " in logged(work)
    assert "the pictures that it trains on lie in the host's memory\n" in logged(work)


def test_a_library_that_another_package_provides_costs_its_version_and_not_the_row(root, tmp_path, monkeypatch):
    def version(name, known=importlib.metadata.version):
        if name in {"ablate", "opencv-python-headless"}:  # a checkout on the path, and OpenCV with windows
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    work = job(root, tmp_path / "out")
    assert steps(work)["done"]
    versions = json.loads(row(work)["versions"])
    assert versions["ablate"] == ablate.__version__
    assert versions["opencv-python-headless"] is None
    assert torch.__version__.startswith(versions["torch"])


def test_a_training_that_went_on_elsewhere_names_both_places():
    rows = [{"device": "a card", "precision_used": "bfloat16"}] * 2 + [{"device": "cpu", "precision_used": "float32"}]
    assert trained_on(rows) == {
        "device": "a card + cpu",
        "precision_used": "bfloat16 + float32",
        "execution_used": None,
        "code_digest": None,
    }


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_given_and_not_there_is_an_error_before_training(root, tmp_path):
    work = job(root, tmp_path / "out").model_copy(update={"gpu": True})
    report = steps(work, most=1)
    assert report["done"]
    assert "a GPU was given to this trial" in report["failed"]
    assert "trial_resources.gpu=0" in report["failed"]
    assert (row(work)["status"], row(work)["device"]) == ("failed", None)
    assert not (work.out / "checkpoints").exists()


@pytest.fixture
def crowded(tmp_path, monkeypatch):
    """A network that runs out of memory as often as is asked for; the CPU stands for the GPU."""
    monkeypatch.setattr("ablate.runner.job_worker.device", lambda gpu: torch.device("cpu"))
    left = tmp_path / "left"
    source = f"""
from pathlib import Path
import torch
from torch import nn

class Crowded(nn.Conv2d):
    def forward(self, image_b3hw):
        left = Path({str(left)!r})
        if int(left.read_text()):
            left.write_text(str(int(left.read_text()) - 1))
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().forward(image_b3hw)

def build():
    return Crowded(3, 1, 3, padding=1)
"""
    (tmp_path / "crowded.py").write_text(source)

    def out_of_memory(times):
        left.write_text(str(times))
        return str(tmp_path / "crowded.py")

    return out_of_memory


def test_a_trial_that_others_crowd_out_begins_again_alone_and_has_not_failed(root, tmp_path, crowded):
    model = crowded(1)
    work = job(root, tmp_path / "out", model=model).model_copy(update={"gpu": 0.5, "max_failures": 0})
    assert steps(work)["failed"] is None
    assert row(work)["status"] == "done"
    assert "out of GPU memory beside other trials; it waits until they have left" in logged(work)


def test_a_trial_that_does_not_fit_alone_fails_and_says_what_to_type(root, tmp_path, crowded):
    model = crowded(2)
    work = job(root, tmp_path / "out", model=model).model_copy(update={"gpu": 0.5, "max_failures": 0})
    assert "lower trial.batch_size= or trial.image_size=" in steps(work)["failed"]
    assert row(work)["status"] == "failed"


def test_what_a_part_of_a_trial_logs_is_in_the_trials_log(root, tmp_path, crowded):
    model = crowded(0)
    work = job(root, tmp_path / "out", model=model)
    trial = GridTrial({"job": work.model_dump_json()})
    trial.step()
    logging.getLogger("ablate.training.fitting_batches").warning("going on in batches of 4")
    trial.stop()
    logging.getLogger("ablate.training.fitting_batches").warning("of another trial")
    assert logged(work).count("going on in batches of 4") == 1
    assert "of another trial" not in logged(work)


def test_a_worker_with_other_code_says_so_and_stamps_its_own(root, tmp_path):
    mine = job(root, tmp_path / "out")
    report = steps(with_other_code(mine))
    assert report["code_digest"] == row(mine)["code_digest"] == mine.trials[0].code
    assert "other code lies here" in logged(mine)
    assert planning.progress(mine.out, mine.trials).done == mine.trials


def test_a_network_of_the_driver_s_code_that_other_code_scores_is_not_called_the_driver_s(root, tmp_path):
    mine = job(root, tmp_path / "out")
    steps(mine)
    for file in mine.out.glob("*/s*.parquet"):
        file.unlink()
    theirs = with_other_code(mine)
    weights = mine.out / "weights" / f"{mine.trials[0].training}.safetensors"
    save_file(load_file(weights), weights, {"code": "the driver's", "rows": json.dumps(rows_of(mine))})
    steps(theirs)
    assert (row(mine)["code_digest"], row(mine)["score_code"]) == ("the driver's", mine.trials[0].code)
    assert planning.progress(mine.out, theirs.trials).changed == theirs.trials


def rows_of(job):
    return [{"val_iou": 0.5, "seconds": 1.0, "images_per_second": 1.0, "oracle_iou": None, "epoch": 1}]


def test_a_failure_too_is_stamped_with_the_code_that_failed(root, tmp_path):
    mine = job(root, tmp_path / "out", learning_rate=1e30)
    steps(with_other_code(mine))
    assert row(mine)["status"] == "failed"
    assert row(mine)["code_digest"] == mine.trials[0].code


def test_why_a_checkpoint_is_not_gone_on_with_is_logged(root, tmp_path):
    work = job(root, tmp_path / "out")
    steps(work, most=3)
    path = work.out / "checkpoints" / f"{work.trials[0].training}.ckpt"
    state = torch.load(path, weights_only=True)
    torch.save(state | {"code": "yesterday's"}, path)
    assert steps(work)["done"]
    assert "beginning anew: the checkpoint after epoch 2 is of other code (yesterday's)" in logged(work)
    assert "continuing after" not in logged(work)
    steps(job(root, tmp_path / "undisturbed"))
    first, second = (read_rows(folder, "epochs").to_pandas() for folder in (work.out, tmp_path / "undisturbed"))
    assert first["train_loss"].tolist() == second["train_loss"].tolist()


def test_half_a_checkpoint_is_told_of_and_not_gone_on_with(root, tmp_path):
    work = job(root, tmp_path / "out")
    steps(work, most=3)
    path = work.out / "checkpoints" / f"{work.trials[0].training}.ckpt"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert steps(work, most=1)["notice"] == "begins anew: its checkpoint cannot be read"
    assert f"beginning anew: {path} cannot be read: " in logged(work)
    assert steps(work)["done"]


def test_the_oracle_of_new_photographs_is_not_that_of_the_old_ones(root, tmp_path):
    """Two of an epoch's numbers are about the new photographs, those whose networks are kept; the others are gone."""
    out = tmp_path / "out"
    old = job(root, out, oracle=True)
    steps(old)
    assert all(one["oracle_iou"] is not None for one in read_rows(out, "epochs").to_pylist())
    new_photographs(root)
    new = job(root, out, oracle=True)
    assert new.trials[0].training == old.trials[0].training
    assert new.trials[0].trial != old.trials[0].trial
    report = steps(new)
    assert "trained already" in logged(new)
    scored = read_rows(out, "images", [new.trials[0].trial]).to_pandas()["iou"].mean()
    rows = read_rows(out, "epochs", [new.trials[0].trial]).sort_by("epoch").to_pylist()
    assert rows[-1]["oracle_iou"] == pytest.approx(scored)
    assert report["oracle_iou"] == rows[-1]["oracle_iou"]  # what a search would maximise
    best = max(range(3), key=lambda index: rows[index]["val_iou"])
    assert [one["oracle_iou"] is not None for one in rows] == [index in {best, 2} for index in range(3)]
    before = read_rows(out, "epochs", [old.trials[0].trial]).sort_by("epoch").to_pylist()
    assert all(one["oracle_iou"] is not None for one in before)


def test_an_oracle_s_numbers_of_other_photographs_are_gone_when_a_training_goes_on(root, tmp_path):
    out = tmp_path / "out"
    steps(job(root, out, oracle=True), most=2)
    new_photographs(root)
    report = steps(job(root, out, oracle=True), most=2)
    assert [one["oracle_iou"] is None for one in report["rows"]] == [True, False]


def test_the_oracle_does_not_depend_on_how_the_first_of_several_trials_is_scored(root, tmp_path):
    seen = []
    for threshold in (0.3, 0.5):
        work = job(root, tmp_path / str(threshold), oracle=True, threshold=threshold)
        steps(work)
        seen.append([one["oracle_iou"] for one in read_rows(work.out, "epochs").to_pylist()])
    assert seen[0] == seen[1]


def test_without_validation_images_nothing_is_validated_and_nothing_chosen_by_it(tmp_path):
    root = tiny_data.write(tmp_path / "root", val=0)
    work = job(root, tmp_path / "out")
    assert steps(work)["done"]
    assert (row(work)["val_iou"], row(work)["epoch"]) == (None, 3)
    [network] = build(work.out)[0].tables
    assert math.isnan(network.scores(("other", VAL_IOU))["crop"][0])
    choosing = work.trials[0].config.model_copy(update={"selection": "best_val"})
    with pytest.raises(UsageError, match=r"trial\.selection=best_val: the arm crop has no validation images"):
        preflight.check(data.at(str(root)), [choosing])


def test_weights_of_a_version_that_recorded_less_are_scored_all_the_same(root, tmp_path):
    work = job(root, tmp_path / "out", oracle=True)
    steps(work)
    code, rows = checkpoint.weights_record(work.out, work.trials[0].training)
    older = [{key: value for key, value in one.items() if key not in {"device", "oracle_photos"}} for one in rows]
    path = work.out / "weights" / f"{work.trials[0].training}.safetensors"
    save_file(load_file(path), path, {"code": code, "rows": json.dumps(older)})
    for file in work.out.glob("*/s*.parquet"):
        file.unlink()
    assert steps(work)["done"]
    assert (row(work)["device"], row(work)["score_device"][:4]) == (None, "cpu ")
    assert pq.read_table(work.out / "epochs" / f"{work.trials[0].trial}.parquet")["oracle_iou"].null_count < 3


def test_another_threshold_scores_again_without_training(root, tmp_path):
    out = tmp_path / "out"
    first, other = job(root, out), job(root, out, threshold=0.3)
    steps(first)
    before = {path.name: path.stat().st_mtime_ns for path in (out / "weights").iterdir()}
    assert steps(other)["done"]
    assert "trained already" in logged(other)
    assert [row(work)["threshold"] for work in (first, other)] == [0.5, 0.3]
    assert row(first)["training"] == row(other)["training"]
    assert {path.name: path.stat().st_mtime_ns for path in (out / "weights").iterdir()} == before


def test_both_directions_are_scored_from_one_training_and_told_apart(root, tmp_path, capsys):
    both, out = with_reverse(root, tmp_path / "both"), tmp_path / "out"
    run = RunConfig(space="given", trial=FIELDS)
    trials = planning.plan(run, product(direction=["forward", "reverse"]), read_manifest(both))
    [work] = planning.jobs(run, data.at(str(both)), out, trials, {"CPU": 1.0})
    assert steps(work)["done"]
    iou = [read_rows(out, "images", [trial.trial])["iou"].to_pylist() for trial in trials]
    assert len(iou[0]) == len(iou[1]) == 13
    assert iou[0] != iou[1]
    assert len({row["training"] for row in read_rows(out, "trials").to_pylist()}) == 1
    assert [len(group.trials) for group in build(out)] == [1, 1]  # of other pictures: in no table together
    print_tables(out, [trial.trial for trial in trials], trials)
    assert capsys.readouterr().out.count("direction=reverse") >= 2


def in_one_process(*jobs):
    """Runs jobs to their ends, one after the other, as Tune does with a process that it uses again."""
    trial = GridTrial({"job": jobs[0].model_dump_json()})
    for number, each in enumerate(jobs):
        if number:
            assert trial.reset({"job": each.model_dump_json()})
        while not (report := trial.step())["done"]:
            pass
        assert report["failed"] is None
    trial.stop()


def test_a_process_that_is_used_again_gives_the_rows_of_a_fresh_one(root, tmp_path):
    rude = tmp_path / "rude.py"
    rude.write_text(
        "import torch\nfrom ablate.models import unet\n\n\n"
        "def build(*, width):\n    network = unet.build(width=width).float()\n"
        "    torch.set_default_dtype(torch.float64)\n    torch.set_num_threads(2)\n"
        "    torch.use_deterministic_algorithms(False)\n    torch.rand(3)\n"
        "    torch.backends.cudnn.benchmark = True\n"
        "    return network\n"
    )
    fresh, used = (job(root, tmp_path / name, augment="jitter") for name in ("fresh", "used"))
    in_one_process(fresh)
    in_one_process(job(root, tmp_path / "rude", model=str(rude)), used)
    for table in ("images", "epochs"):
        assert rows(fresh.out, table).equals(rows(used.out, table))
    assert row(used)["device"] == row(fresh)["device"]  # with the number of threads


def test_a_process_whose_gpu_is_in_disorder_takes_no_other_job(root, tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text(
        "from ablate.training.step import RecordingError\n\n\ndef build():\n    raise RecordingError('it waits')\n"
    )
    first, second = job(root, tmp_path / "broken", model=str(broken)), job(root, tmp_path / "out")
    trial = GridTrial({"job": first.model_dump_json()})
    assert trial.step()["failed"] == "RecordingError: it waits"
    assert trial.reset({"job": second.model_dump_json()})
    with pytest.raises(RuntimeError, match="in disorder"):
        trial.step()
    trial.stop()


def test_each_trial_of_a_process_has_a_peak_of_memory_of_its_own(root, tmp_path):
    large, small = (job(root, tmp_path / "out", image_size=size, epochs=1) for size in (256, 32))
    in_one_process(large, small)
    assert row(small)["peak_memory_mb"] < row(large)["peak_memory_mb"] - 20
