"""What a page says first."""

import pytest

from ablate.report.page.highlights import highlights
from ablate.stats import scores
from ablate.stats.summary import differences, summaries
from tests.results_factory import SCATTERED, photos, write

LOCATIONS = {str(number): 9 for number in range(10)}


def said(out):
    [group] = scores.build(out)
    return " ".join(highlights(summaries(group), differences(group), group.photographs))


def write_arms(out, shots, seeds):
    for arm, mean in (("full", 0.2), ("crop", 0.5)):
        for seed in range(seeds):
            write(out, mean + 0.01 * seed, of=shots, arm=arm, seed=seed)


def test_what_several_seeds_settled_is_told_with_the_number_of_questions(tmp_path):
    write_arms(tmp_path, photos(LOCATIONS, boxes=SCATTERED), seeds=3)
    assert "Settled (intervals by Holm's correction for 1 question): crop better than full (+30.0 points" in said(
        tmp_path
    )


def test_of_one_seed_nothing_is_told_but_what_to_ask(tmp_path):
    write_arms(tmp_path, photos(LOCATIONS, boxes=SCATTERED), seeds=1)
    assert "One seed decides nothing about a setting; seeds=3" in said(tmp_path)
    assert "better" not in said(tmp_path)


@pytest.mark.parametrize("seeds", [1, 3])
def test_below_the_best_constant_box_nothing_is_highest_or_better(tmp_path, seeds):
    write_arms(tmp_path, photos(LOCATIONS), seeds)  # the animal is always in one place
    told = said(tmp_path)
    assert "No setting reaches the image-weighted mean IoU of the best constant box, 100.0 %." in told
    assert not any(praise in told for praise in ("Highest", "better than"))
