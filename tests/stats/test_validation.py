"""Rank correlations against scipy, their intervals against simulation; what a search's fields have to do with it."""

import math

import numpy as np
import pytest
import scipy.stats

from ablate.results.search_record import Found, Member
from ablate.stats import validation
from ablate.stats.importance import field_importances
from ablate.stats.validation import spearman
from tests.results_factory import write

RNG = np.random.default_rng(0)


def test_the_correlation_is_scipys_with_ties_too():
    for number in (5, 17, 40):
        one, other = RNG.integers(0, 9, number) / 10, RNG.normal(size=number)
        assert spearman(one, other)[0] == pytest.approx(scipy.stats.spearmanr(one, other).statistic)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_intervals_hold_the_truth_in_about_95_of_100_cases(rho):
    truth = 6 / math.pi * math.asin(rho / 2)  # Spearman's of two normal variables whose correlation is rho
    held = 0
    for _ in range(1000):
        one = RNG.normal(size=20)
        other = rho * one + math.sqrt(1 - rho**2) * RNG.normal(size=20)
        _, low, high = spearman(one, other)
        held += low <= truth <= high
    assert 920 <= held <= 980


def test_where_nothing_varies_there_is_no_number():
    assert all(map(math.isnan, spearman([0.5] * 6, RNG.normal(size=6))))
    rho, low, high = spearman(range(6), range(6))
    assert rho == 1.0
    assert math.isnan(low)
    assert math.isnan(high)
    with pytest.raises(ValueError, match="needs 5"):
        spearman([1, 2], [1, 2])


def test_every_done_trial_is_a_point_those_of_searches_too(tmp_path):
    for seed in range(6):
        write(tmp_path, 0.1 * seed, val_iou=0.5 + 0.05 * seed, seed=seed, search="h1" if seed % 2 else None)
    [points] = validation.by_photographs(tmp_path)
    assert points["search"].notna().sum() == 3
    [found] = validation.agreements(points)
    assert (found.points, found.rho) == (6, pytest.approx(1.0))


def test_seeds_of_one_configuration_are_no_points_of_their_own_beside_another(tmp_path):
    for number in range(5):
        for seed in range(3):
            noise = 0.01 * (-1) ** seed
            identity = {"learning_rate": 0.1 + number, "seed": seed}
            write(tmp_path, 0.1 * number + 0.1 + noise, val_iou=0.5 + 0.05 * number + noise, **identity)
    [points] = validation.by_photographs(tmp_path)
    assert len(points) == 15
    assert [one.points for one in validation.agreements(points)] == [5]


def test_too_few_trials_have_no_correlation(tmp_path):
    for seed in range(4):
        write(tmp_path, 0.1 * seed, val_iou=0.5 + 0.05 * seed, seed=seed)
    assert validation.by_photographs(tmp_path) == []


def found(number, values, scores):
    known = {"search": "h", "space": "s", "objective": "val_iou", "cell": 0, "number": number, "is_default": False}
    known |= {"trial": f"s{number}", "name": f"n{number}", "given": {}, "values": values, "domains": {}, "data": "demo"}
    return Found(member=Member.model_validate(known), row={"status": "done"}, epochs=[{"val_iou": x} for x in scores])


def test_a_field_that_decides_the_score_is_the_most_influential_and_one_that_never_varied_has_none():
    rates, losses = RNG.uniform(size=40), RNG.choice(["bce", "dice"], size=40)
    members = [
        found(
            n, {"width": 8, "noise": RNG.uniform(), "loss": str(loss), "rate": rate}, [2 - rate + (loss == "bce")] * 3
        )
        for n, (rate, loss) in enumerate(zip(rates, losses, strict=True))
    ]
    result = field_importances(members)
    assert [one.field for one in result.fields][-2:] == ["noise", "width"]
    by_field = {one.field: one for one in result.fields}
    assert by_field["rate"].strength < -0.4
    assert by_field["loss"].strength > 0.4
    assert by_field["loss"].is_choice
    assert math.isnan(by_field["width"].strength)
    assert {name for name, one in by_field.items() if one.settled} == {"rate", "loss"}


def test_fields_without_a_part_in_the_score_are_rarely_called_settled():
    def draw():
        chosen = RNG.choice(["bce", "dice", "bce_dice"], size=12)
        return [
            found(n, {"a": RNG.uniform(), "b": RNG.uniform(), "c": RNG.uniform(), "loss": str(loss)}, [RNG.uniform()])
            for n, loss in enumerate(chosen)
        ]

    called = [any(one.settled for one in field_importances(draw()).fields) for _ in range(200)]
    assert sum(called) <= 20  # 5 % are expected, the family of a draw's fields together


def test_yes_or_no_is_a_choice_and_a_trial_without_a_score_is_no_reason_to_say_nothing():
    members = [found(n, {"freeze_encoder": n % 2 == 0, "rate": n / 10}, [n / 10]) for n in range(12)]
    members.append(found(12, {"freeze_encoder": True, "rate": 9.0}, [None]))
    by_field = {one.field: one for one in field_importances(members).fields}
    assert by_field["freeze_encoder"].is_choice
    assert by_field["rate"].strength == pytest.approx(1.0)


def test_trials_are_compared_after_as_many_epochs_as_all_had():
    members = [found(n, {"rate": n / 10}, [n / 10] * (2 + n)) for n in range(8)]
    result = field_importances(members)
    assert (result.epochs, result.trials) == (2, 8)
    assert result.fields[0].strength == pytest.approx(1.0)
    assert field_importances(members[:7]) is None
