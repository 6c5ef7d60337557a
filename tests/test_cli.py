import pytest

from ablate.cli import help_text, parse
from ablate.config import RunConfig
from ablate.errors import UsageError


def test_values_take_the_type_of_their_field():
    run = parse(RunConfig, ["space=smoke", "seeds=3", "trial.epochs=5", "trial_resources.gpu=0.5", "dry_run=true"])
    assert run.seeds == 3
    assert run.trial == {"epochs": 5}
    assert run.trial_resources.gpu == 0.5
    assert run.dry_run is True


def test_text_is_never_guessed_to_be_a_number():
    assert parse(RunConfig, ["space=12e45678"]).space == "12e45678"
    assert parse(RunConfig, ["space=x", "trial.model=007"]).trial == {"model": "007"}


def test_none_clears_what_may_be_missing():
    assert parse(RunConfig, ["space=x", "seeds=none"]).seeds is None
    assert parse(RunConfig, ["space=x", "trial.encoder_weights=none"]).trial == {"encoder_weights": "none"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["space=x", "trail.epochs=5"], "trail.epochs=: no such key; did you mean 'trial.epochs'?"),
        (["space=x", "trial.epochs=many"], "trial.epochs=many: input should be a valid integer"),
        (["space=x", "trial.epochs=0"], "trial.epochs=0: input should be greater than or equal to 1"),
        (["space=x", "rerun=all"], "rerun=all: input should be 'missing' or 'changed'"),
        (["space=x", "space=y"], "space is given twice"),
        (["paper_grid"], "'paper_grid' is not key=value"),
        ([], "space= is missing"),
    ],
)
def test_a_bad_argument_is_one_line_that_names_it(arguments, said):
    with pytest.raises(UsageError) as caught:
        parse(RunConfig, arguments)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_positional_argument_may_hold_an_equals_sign():
    run = parse(RunConfig, ["out=here", "SELECT 1 WHERE iou = 1"], positional="space")
    assert (run.out, run.space) == ("here", "SELECT 1 WHERE iou = 1")


def test_help_names_every_key_with_its_default_and_meaning():
    text = help_text(RunConfig, "python -m ablate.run")
    for key in ("space=", "out=", "trial.image_size=", "ray.address=", "trial_resources.gpu="):
        assert key in text
    assert "[480] side of the square network input" in text
    assert "(required)" in text
