from ablate.data.published import PUBLISHED
from datasets.raw import table1
from datasets.raw.camera_traps import Rule
from datasets.raw.skipped import Considered

PAPER = Rule(("deer",), range(7, 20))


def rows(counts, split="test", reason="selected"):
    return [
        Considered("photograph", f"{location}-{split}-{index}", "a.jpg", split, reason, location)
        for location, count in counts.items()
        for index in range(count)
    ]


def test_the_published_counts_are_complete():
    assert len(PUBLISHED) == 26
    assert sum(PUBLISHED.values()) == 2003
    assert PUBLISHED["34"] == 1017


def test_locations_are_counted_in_the_order_of_their_numbers():
    lines = table1.table(
        rows({"10": 2, "9": 1, "creek": 3}) + rows({"9": 4}, "empty") + rows({"9": 7}, reason="dark"), False
    )
    assert [line.split() for line in lines[3:]] == [
        ["9", "1", "4"],
        ["10", "2", "0"],
        ["creek", "3", "0"],
        ["all", "6", "4"],
    ]


def test_differences_from_the_published_counts_are_shown_per_location():
    here = dict(PUBLISHED) | {"34": 1000, "99": 5, "120": 0}
    lines = {line.split()[0]: line.split()[1:] for line in table1.table(rows(here), True)[3:]}
    assert lines["34"] == ["1,000", "0", "1,017", "-17"]
    assert lines["99"] == ["5", "0", "0", "+5"]
    assert lines["120"] == ["0", "0", "5", "-5"]
    assert lines["2"] == ["1", "0", "1", "+0"]
    assert lines["all"] == ["1,986", "0", "2,003", "-17"]


def test_the_papers_photographs_are_told_to_be_the_papers():
    assert "These are the paper's photographs" in table1.table(rows(PUBLISHED), True)[-1]


def test_only_the_papers_question_to_the_whole_of_caltechs_data_is_compared():
    asked = (PAPER, PUBLISHED, 63_025)
    assert table1.is_the_papers(*asked)
    assert table1.is_the_papers(Rule(("deer",), range(7, 20), excluded=frozenset({"a"})), *asked[1:])
    for rule in (
        Rule(("deer", "bobcat"), range(7, 20)),
        Rule(("deer",), None),
        Rule(("deer",), range(7, 20), locations=frozenset({"34"})),
    ):
        assert not table1.is_the_papers(rule, *asked[1:])
    assert not table1.is_the_papers(PAPER, set(PUBLISHED) - {"120"}, 63_025)
    assert not table1.is_the_papers(PAPER, PUBLISHED, 488)
