"""Notes on how trials were trained."""

from ablate.config import trial_config
from ablate.identity import code_digest
from ablate.report.captions import mixtures, network_notes
from ablate.stats import scores
from ablate.stats.summary import summaries
from tests.results_factory import write, write_plan


def notes(out):
    write_plan(out)
    [group] = scores.build(out)
    return " ".join(mixtures(group.trials))


def test_trials_of_different_ingredients_are_no_different_versions(tmp_path):
    chosen = {"train_names": "forest", "train_images": 100}
    for fields in ({}, {"pasta": 3.0}, {"adapt": "mean_teacher", "unlabelled": "real"}, chosen):
        write(tmp_path, ran={"code_digest": code_digest(trial_config(fields))}, **fields)
    assert "versions" not in notes(tmp_path)


def test_trials_of_other_code_are_told(tmp_path):
    write(tmp_path, ran={"code_digest": code_digest(trial_config({"pasta": 3.0}))}, pasta=3.0)
    write(tmp_path, ran={"code_digest": "another"}, pasta=1.0)
    assert "different versions of the code, 1 of 2 trials by today's" in notes(tmp_path).replace(
        "\N{NO-BREAK SPACE}", " "
    )


def test_false_alarms_on_photographs_that_were_backgrounds_are_told(tmp_path):
    """Where every setting has it, so that no setting's name tells it, too."""
    write(tmp_path, paste=0.5, transductive=True)
    write_plan(tmp_path)
    [group] = scores.build(tmp_path)
    told = " ".join(network_notes(group.tables[0], summaries(group), starred=True))
    assert "Not comparable, false alarms of crop" in told.replace("\N{NO-BREAK SPACE}", " ")
