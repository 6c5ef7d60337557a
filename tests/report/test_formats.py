"""Tables for a paper or a page."""

import re

import pytest

from ablate.report.__main__ import ReportConfig, main
from ablate.report.formats import latex, markdown
from tests.results_factory import photos, write, write_failed

SHOTS = photos({"2": 31, "10": 40}, {"2": 2})


@pytest.fixture
def out(tmp_path):
    write(tmp_path, {"2": 0.25, "10": 0.5}, of=SHOTS)
    write(tmp_path, {"2": 0.75, "10": 0.5}, of=SHOTS, augment="jitter")
    write_failed(tmp_path, "disk_full & 100 % gone", arm="i2i")
    return tmp_path


def test_latex_is_balanced_and_escaped(out):
    text = latex(out)
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 6
    for block in re.findall(r"\\begin\{tabular\}\{([lr]+)\}(.*?)\\end\{tabular\}", text, re.S):
        columns, rows = len(block[0]), [line for line in block[1].splitlines() if line.endswith(r"\\")]
        assert rows
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {columns - 1}
    assert r"disk\_full \& 100 \% gone" in text
    assert r"\textbf{75.0}" in text


def test_markdown_has_rows_of_one_length_and_the_best_in_bold(out):
    text = markdown(out)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert "| 2 | 31 | 25.0 | **75.0** | failed |" in rows or "| 2 | 31 | 25.0 | failed | **75.0** |" in rows
    for block in re.split(r"\n\n", text):
        widths = {line.count("|") for line in block.splitlines() if line.startswith("|")}
        assert len(widths) <= 1
    assert "disk_full & 100 % gone" in text


@pytest.mark.parametrize("render", [latex, markdown])
def test_without_results_it_says_so(render, tmp_path):
    assert "No trial has finished yet." in render(tmp_path)


@pytest.mark.parametrize("render", [latex, markdown])
def test_without_a_finished_trial_the_reason_is_there(render, tmp_path):
    write_failed(tmp_path, "out of memory")
    assert "out of memory" in render(tmp_path)


def test_the_command_writes_both(out, tmp_path):
    tex, page = tmp_path / "t.tex", tmp_path / "t.md"
    main(ReportConfig(out=str(out), latex=str(tex), markdown=str(page)))
    assert tex.read_text() == latex(out)
    assert page.read_text() == markdown(out)
