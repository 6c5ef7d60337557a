"""What was typed, shown again and hidden where it is secret."""

import subprocess
import sys
from pathlib import Path

import pytest

from ablate import invocation
from tests.command import ROOT

SHOW = """
import pathlib, subprocess, sys
from ablate import invocation as typed
typed.hide_credentials()
print(typed.command())
print(pathlib.Path("/proc/self/cmdline").read_text().split(chr(0)))
print(typed.arguments())
"""
SECRET = ["data=https://user:geheim@host/a", "out=s3://key:geheim@bucket/b", "mirror=http://c,http://u:geheim@d", "x=1"]


@pytest.fixture
def module(tmp_path):
    (tmp_path / "show.py").write_text(SHOW)
    return tmp_path


def shown(folder, *command):
    environment = {"PYTHONPATH": f"{ROOT}", "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_every_password_in_any_argument_is_out_of_sight_and_none_is_lost(module):
    command, visible, arguments = shown(module, sys.executable, "-m", "show", *SECRET)
    assert "geheim" not in command + visible
    assert "data=https://host/a" in visible
    assert "mirror=http://c,http://d" in visible
    assert arguments == str(SECRET)


def test_a_command_is_shown_as_it_was_typed(module):
    command, *_ = shown(module, sys.executable, "-m", "show", "where=a b")
    assert command == f"{Path(sys.executable).name} -m show 'where=a b'"


def test_a_command_that_uv_runs_is_shown_with_it(module):
    """uv waits for what it runs, so that its own arguments are there to be read; a stand-in does the same."""
    (module / "uv").symlink_to(sys.executable)
    program = "import os, subprocess, sys; subprocess.run([sys.argv[2], *sys.argv[3:]], env=os.environ | {'UV': 'uv'})"
    (module / "run.py").write_text(program)
    command, *_ = shown(module, str(module / "uv"), "run.py", "run", sys.executable, "-m", "show", "space=smoke")
    assert command == f"uv run.py run {sys.executable} -m show space=smoke"


def test_paths_with_an_at_are_no_passwords():
    assert invocation.public(["images=/a@b/c", "where=model=unet"]) == ["images=/a@b/c", "where=model=unet"]
