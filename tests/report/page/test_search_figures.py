"""Searches on the page."""

import pytest

from ablate.report.page import page
from ablate.results import search_record
from ablate.results.search_record import Member
from tests.browser import opened
from tests.results_factory import write


@pytest.fixture
def out(tmp_path):
    """A search of two cells, one of ten trials over a number and a choice with markup in it, one of two."""
    for cell, count in enumerate((10, 2)):
        for number in range(count):
            trial = write(
                tmp_path, 0.3 + 0.01 * number, val_iou=0.5 + 0.02 * number, seed=10 * cell + number, search="h1"
            )
            member = Member(
                search="h1",
                space="hunt",
                objective="val_iou",
                cell=cell,
                number=number,
                is_default=number == 0,
                trial=trial,
                name=f"net{cell}-hunt-{number}",
                given={},
                values={"learning_rate": 10.0 ** -(1 + number % 4), "model": "</script><b>x" if number % 2 else "unet"},
                domains={"learning_rate": "loguniform 0.0001 to 0.1", "model": "one of ..."},
                data="demo",
            )
            search_record.write(tmp_path, member)
    return tmp_path


def test_searches_alone_make_a_page_with_their_figures_and_the_command(out, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(page(out, None))
    with opened(path) as shown:
        assert shown.locator("h3").all_inner_texts() == [
            "Search hunt: learning_rate, model",
            "Does the validation on synthetic images predict the IoU on photographs?",
        ]
        titles = shown.locator("figure.chart h4").all_inner_texts()
        assert titles == [
            "Values and scores (cell 0)",
            "What has to do with the score (cell 0)",
            "Values and scores (cell 1)",
            "Validation against photographs",
        ]
        for figure in shown.locator("figure.chart").all():
            figure.scroll_into_view_if_needed()
            figure.locator("svg.marks").wait_for()
        assert "space=one" in shown.locator("pre.command").inner_text()
        assert shown.get_by_role("link", name="Searches").is_visible()
