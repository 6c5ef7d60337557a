"""The page, as a person uses it: in a browser."""

import numpy as np
import pytest
from scipy import stats

from ablate.data import root
from ablate.report.page import page
from tests.browser import opened
from tests.report.page.scene import SHOTS, write_photographs, write_results
from tests.results_factory import write


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    write_results(folder / "out", write_photographs(folder / "data"))
    path = folder / "report.html"
    path.write_text(page(folder / "out", root.at(str(folder / "data"))))
    return path


@pytest.fixture
def shown(written):
    with opened(written) as page:
        yield page


def ious(page):
    texts = page.locator(".gallery .card .what").all_inner_texts()
    return [float(text.split("IoU ")[1].split(" %")[0]) for text in texts if "IoU" in text]


def choose(page, section, **values):
    for name, value in values.items():
        page.locator(f".{section} select[name={name}]").select_option(value)


def test_every_table_has_its_numbers_and_failures_their_reason(shown):
    text = shown.locator("main").inner_text()
    assert "U-Net: mean box IoU in percent" in text
    assert "failed: full, seed 0: RuntimeError: <out of memory>" in text
    cell = shown.locator("table.heat").first.locator("tr", has_text="34").locator("td.heat").first
    of_sequences = np.arange(30).reshape(10, 3) % 10  # of equal length, so that theirs is an ordinary t interval
    low, high = stats.t.interval(0.95, 9, 30 + of_sequences.mean(), stats.sem(of_sequences.mean(axis=1)))
    assert cell.inner_text().split() == ["34.5", f"[{low:.1f},", f"{high:.1f}]"]


def test_every_figure_is_drawn_when_it_comes_into_sight(shown):
    figures = shown.locator("figure.chart")
    assert figures.count() >= 10
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
        figure.locator("svg.marks").wait_for()
        assert figure.locator(".plot").get_attribute("aria-label")


def test_the_gallery_filters_and_sorts(shown):
    assert ious(shown) == sorted(ious(shown), reverse=True)
    choose(shown, "gallery", location="41", setting="crop + jitter", order="low")
    assert ious(shown) == [10.0 + number for number in range(9)]
    assert shown.locator(".gallery .count").inner_text() == "10 of 10 predictions"
    choose(shown, "gallery", outcome="false_alarm", location="34")
    assert shown.locator(".gallery .card").count() == 1
    choose(shown, "gallery", outcome="oversized")
    assert shown.locator(".gallery .count").inner_text() == "0 of 0 predictions"


def test_more_photographs_are_shown_when_asked_for(shown):
    assert shown.locator(".gallery .card").count() == 48
    shown.locator(".gallery .more").click()
    assert shown.locator(".gallery .card").count() == 92
    assert not shown.locator(".gallery .more").is_visible()


def test_a_photograph_opens_large_and_arrow_keys_go_on(shown):
    first = shown.locator(".gallery .card").first
    first.focus()
    shown.keyboard.press("Enter")
    assert "1 of 92" in shown.locator("dialog").inner_text()
    shown.keyboard.press("ArrowRight")
    assert "2 of 92" in shown.locator("dialog").inner_text()
    shown.keyboard.press("Escape")
    assert not shown.locator("dialog").is_visible()
    assert first.evaluate("(card) => card === document.activeElement")


def test_pictures_tell_what_is_on_them_to_those_who_cannot_see(shown):
    choose(shown, "gallery", location="5", setting="crop")
    label = shown.locator(".gallery .card svg").first.get_attribute("aria-label")
    assert label == "Photograph 5-3, location 5: 1 true box, one predicted box; partial, IoU 33.0 %"


def test_a_against_b_shows_the_largest_differences_first(shown):
    choose(shown, "pairs", a="1", b="0", order="largest")
    titles = shown.locator(".couple b").all_inner_texts()
    told = [title for title in titles if "by" in title]
    assert told[0] in {"A better by 20.0 points", "B better by 20.0 points"}
    assert "A better on 34, B better on 9, equal on 0 of 43 photographs" in shown.locator(".pairs .count").inner_text()
    choose(shown, "pairs", order="b")
    assert shown.locator(".couple").first.locator("p").inner_text() == "B better by 20.0 points"


def test_a_against_b_begins_with_two_settings_of_one_network_and_one_seed(tmp_path):
    digest = write_photographs(tmp_path / "data")
    for augment in ("none", "jitter"):
        for seed in (0, 1):
            write(tmp_path / "out", 0.3, of=SHOTS, augment=augment, seed=seed, photos_digest=digest)
    path = tmp_path / "report.html"
    path.write_text(page(tmp_path / "out", root.at(str(tmp_path / "data"))))
    with opened(path) as shown:
        chosen = [shown.locator(f".pairs select[name={name}] option:checked").inner_text() for name in ("a", "b")]
    assert chosen == ["U-Net, crop + jitter, seed 0", "U-Net, crop, seed 0"]


def test_each_location_has_a_page_that_can_be_linked_to(written):
    with opened(written) as page:
        page.goto(f"{written.as_uri()}#p0-location-41")
        page.reload()
        page.locator("body[data-ready]").wait_for()
        assert page.locator("article.location:visible h4").inner_text() == "Location 41"
        page.locator("article.location:visible .jump").click()
        assert page.locator(".gallery select[name=location]").input_value() == "41"
        page.locator(".locations button.previous").click()
        assert page.locator("article.location:visible h4").inner_text() == "Location 34"


def test_why_the_winner_flips_is_told_here_and_of_the_paper(shown):
    text = " ".join(shown.locator("main").inner_text().split())
    assert "In the paper crop + jitter wins on average, because location 34 holds half of all photographs" in text
    paper = shown.locator("table", has_text="printed average")
    rows = {
        row.locator("th").inner_text(): row.locator("td").all_inner_texts() for row in paper.locator("tr").all()[1:]
    }
    assert rows["image-weighted"] == ["0.6", "10.1", "20.8", "31.9", "29.1"]
    assert rows["macro"] == ["1.3", "18.1", "25.9", "24.5", "25.5"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_phone(written, scheme):
    with opened(written, viewport={"width": 360, "height": 740}, color_scheme=scheme) as page:
        for figure in page.locator("figure.chart").all():
            figure.scroll_into_view_if_needed()
            figure.locator("svg.marks").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_theme_follows_the_system_and_can_be_turned(written):
    with opened(written, color_scheme="dark") as page:
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(ground)
        page.locator("#theme").click()
        assert page.evaluate(ground) == "rgb(255, 255, 255)" != dark
