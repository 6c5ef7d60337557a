import gc
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ablate import identity, plugins
from ablate.config import Evaluation, Training, TrialConfig, fields_of, trial_config
from ablate.identity import BIRTH_DEFAULTS, Identities, code_digest, score_id, training_id

# Never edit these: a changed id makes every user's finished trials be trained again.
GOLDEN = {
    "paper's U-Net, crop": ({}, "t25705d3b603b684f"),
    "jitter": ({"augment": "jitter"}, "t04dedb5d3f5dc4ac"),
    "demo": ({"model": "segnet", "arm": "i2i", "width": 8, "learning_rate": 3e-3}, "td54077128dbb0246"),
    "pretrained": ({"model": "unet_resnet50"}, "t353ba9085959f1b5"),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_ids_are_what_they_have_always_been(case):
    layer, expected = GOLDEN[case]
    assert training_id(trial_config(layer), "0" * 64) == expected


GOLDEN_SCORES = {
    "forward": ({}, "s061bf932b151ca8d"),
    "reverse": ({"direction": "reverse"}, "s0dfc8b0f1d8ee697"),
}


@pytest.mark.parametrize("case", GOLDEN_SCORES)
def test_score_ids_are_what_they_have_always_been(case):
    layer, expected = GOLDEN_SCORES[case]
    training = training_id(trial_config(layer), "0" * 64)
    assert training == GOLDEN["paper's U-Net, crop"][1]
    assert score_id(trial_config(layer), training, "1" * 64) == expected


def test_every_field_has_a_birth_default_and_a_role():
    assert set(BIRTH_DEFAULTS) == set(TrialConfig.model_fields)
    assert set(fields_of(Training)) | set(fields_of(Evaluation)) == set(TrialConfig.model_fields)
    assert not set(fields_of(Training)) & set(fields_of(Evaluation))


def test_photographs_and_evaluation_fields_change_the_score_but_not_the_training():
    one, other = trial_config({}), trial_config({"threshold": 0.4})
    assert training_id(one, "arm") == training_id(other, "arm")
    assert len({score_id(one, "arm", "photos"), score_id(other, "arm", "photos"), score_id(one, "arm", "others")}) == 3


def test_the_arm_and_every_training_field_change_the_training():
    ids = {
        training_id(trial_config(layer), arm)
        for layer, arm in [
            ({}, "arm"),
            ({}, "another arm"),
            ({"seed": 1}, "arm"),
            ({"epochs": 5}, "arm"),
            ({"augment": "jitter"}, "arm"),
            ({"augment": "jitter", "jitter_hue": 0.2}, "arm"),
        ]
    }
    assert len(ids) == 6


def test_fields_that_the_parts_do_not_read_do_not_count():
    plain = trial_config({})
    assert training_id(trial_config({"encoder_weights": "none"}), "arm") == training_id(plain, "arm")
    assert training_id(trial_config({"jitter_hue": 0.3}), "arm") == training_id(plain, "arm")
    resnet = {"model": "unet_resnet50"}
    assert training_id(trial_config(resnet), "a") != training_id(trial_config(resnet, {"encoder_weights": "none"}), "a")


def test_a_part_given_by_path_counts_by_its_content(tmp_path: Path):
    source = "def build(*, width):\n    ...\n"
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in ("a", "b"):
        (tmp_path / folder / "net.py").write_text(source)
    ids = [training_id(trial_config({"model": str(tmp_path / folder / "net.py")}), "arm") for folder in ("a", "b")]
    assert ids[0] == ids[1]
    (tmp_path / "b" / "net.py").write_text(source + "# changed\n")
    assert training_id(trial_config({"model": str(tmp_path / "b" / "net.py")}), "arm") != ids[0]


def test_trials_that_are_planned_together_see_one_state_of_a_parts_file(tmp_path):
    path = tmp_path / "net.py"
    path.write_text("def build(*, width):\n    ...\n")
    config, together = trial_config({"model": str(path)}), Identities()
    before, code = together.ids(config, "arm", {}, "photos"), together.code_digest(config)
    path.write_text("def build(*, encoder):\n    return 1\n")
    assert together.ids(config, "arm", {}, "photos") == before
    assert together.code_digest(config) == code
    assert Identities().ids(config, "arm", {}, "photos") != before
    assert Identities().code_digest(config) != code


def test_the_code_digest_tells_networks_apart():
    digests = {code_digest(trial_config({"model": model})) for model in ("unet", "segnet", "unet_resnet50")}
    assert len(digests) == 3


def test_the_code_digest_does_not_depend_on_the_process():
    code = "from ablate.config import TrialConfig; from ablate.identity import code_digest; "
    digests = {
        subprocess.run(
            [sys.executable, "-c", code + "print(code_digest(TrialConfig()))"],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }
    assert len(digests) == 1


SOURCE = '''"""What it is."""
# Why.
def build(*, width: int = 8) -> int:
    """Says more."""
    print(f"{width:>{2 * width}}")
    return width + 1
'''


def digest_of(folder, text):
    path = folder / "net.py"
    path.write_text(text)
    return plugins.source_digest(path)


def test_what_code_does_is_what_counts(tmp_path):
    digest = digest_of(tmp_path, SOURCE)
    same = SOURCE.replace("What it is.", "Other words.").replace("# Why.\n", "").replace('"""Says more."""', '"more"')
    assert digest_of(tmp_path, same.replace("width + 1", "(width\n            + 1)")) == digest
    for before, after in {"+ 1": "+ 2", "width: int": "depth: int", "= 8": "= 8.0", "build": "built"}.items():
        assert digest_of(tmp_path, SOURCE.replace(before, after)) != digest
    assert digest_of(tmp_path, SOURCE.replace("return width + 1", "pass")) != digest


def test_the_digest_of_code_is_the_same_under_every_python(tmp_path):
    """A worker's Python may be newer than the driver's; the value is that of Python 3.11."""
    assert digest_of(tmp_path, SOURCE)[:16] == "d18fec5f5c87c16a"


class Cycle:
    """Garbage whose collection, wherever it happens, lets other threads go on."""

    def __init__(self):
        self.me = self

    def __del__(self):
        time.sleep(0.001)


def test_code_can_be_digested_by_several_threads_at_once(tmp_path):
    """`ast.parse` alone is not safe for that under Python 3.11."""
    path = tmp_path / "many.py"
    path.write_text(SOURCE * 3)
    thresholds = gc.get_threshold()
    gc.set_threshold(50)

    def digests(_):
        for _ in range(100):
            Cycle()
            plugins.source_digest(path)

    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(digests, range(2)))
    finally:
        gc.set_threshold(*thresholds)


def test_a_module_that_was_imported_stays_what_it_was(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("x = 1\n")
    before = identity._imported(path)
    path.write_text("x = 2\n")
    assert identity._imported(path) == before != plugins.source_digest(path)


def test_a_part_s_docstring_changes_its_name_but_not_its_code(tmp_path):
    first, second = ((tmp_path / folder / "net.py") for folder in ("a", "b"))
    for path, said in ((first, "One."), (second, "Two.")):
        path.parent.mkdir()
        path.write_text(SOURCE.replace("What it is.", said))
    one, other = (trial_config({"model": str(path)}) for path in (first, second))
    assert training_id(one, "arm") != training_id(other, "arm")
    assert code_digest(one) == code_digest(other)


def test_whatever_trains_or_scores_counts_in_what_a_trial_ran():
    """A module that is not listed can change what trials compute, and nobody would be told."""
    package = Path(identity.__file__).parent
    counted = {path for pattern in identity._TRIAL_CODE for path in package.glob(pattern)}
    keeps_only = {package / "training" / name for name in ("__init__.py", "checkpoint.py", "oracle.py")}
    adapts = {package / "training" / f"{name}.py" for name in ("mean_teacher",)}  # counted where a trial adapts
    assert set((package / "training").glob("*.py")) - keeps_only - adapts <= counted


def test_how_an_encoder_learns_says_nothing_of_a_frozen_one():
    frozen = {"model": "unet_timm", "freeze_encoder": True}
    ways = [{}, {"freeze_norm": True}, {"encoder_rate": 0.1}]
    assert len({training_id(trial_config(frozen, way), "arm") for way in ways}) == 1
    assert len({training_id(trial_config(frozen, {"freeze_encoder": False}, way), "arm") for way in ways}) == 3


def test_what_a_training_looks_at_is_part_of_its_id():
    config = trial_config({"fda": 0.1, "unlabelled": "real"})
    assert identity.looks_at(config) == {"unlabelled": ("real", "test")}
    ids = {training_id(config, "arm", {"unlabelled": digest}) for digest in ("one", "another")}
    assert len(ids | {training_id(trial_config({"fda": 0.1}), "arm", {"unlabelled": "one"})}) == 3
    assert identity.looks_at(trial_config({"paste": 0.5, "adapt": "mean_teacher"})) == {
        "empty": ("real", "empty"),
        "unlabelled": ("adapt", "train"),
    }


def test_which_photographs_counts_only_where_some_are_looked_at():
    assert identity.looks_at(trial_config({})) == {}
    ids = {training_id(trial_config({"unlabelled": which}), "arm") for which in ("adapt", "real")}
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("fields", "file"),
    [
        ({"pasta": 3.0}, "augment/recipes/pasta.py"),
        ({"pasta": 3.0}, "augment/recipes/__init__.py"),
        ({"adapt": "mean_teacher"}, "training/mean_teacher.py"),
        ({"model": "unet_timm"}, "models/_timm_encoder.py"),
        ({"model": "smp"}, "models/_pretrained.py"),
    ],
)
def test_code_counts_where_a_trial_runs_it(fields, file, monkeypatch):
    with_it, without = trial_config(fields), trial_config({})
    before = [code_digest(config) for config in (with_it, without)]
    digest = identity._imported
    monkeypatch.setattr(identity, "_imported", lambda path: "changed" if path.match(file) else digest(path))
    after = [code_digest(config) for config in (with_it, without)]
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_a_network_that_knows_no_freezing_keeps_its_encoders_rate(tmp_path):
    net = tmp_path / "net.py"
    net.write_text("def build(*, encoder_rate):\n    return None\n")
    rates = [{"model": str(net), "freeze_encoder": True, "encoder_rate": rate} for rate in (1.0, 0.1)]
    assert len({training_id(trial_config(fields), "arm") for fields in rates}) == 2
