"""Ctrl-C and SIGTERM, in processes that are at a known point when they are asked to end."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from ablate import interruption
from tests.command import ROOT, interruptible

SIGNALS = [signal.SIGINT, signal.SIGTERM]
COMMAND = """
import ctypes, os, signal, time
from ablate import interruption

def ready():
    print("ready", flush=True)
    for _ in range(600):  # a signal that comes just before a system call does not interrupt it
        time.sleep(0.05)

{body}
"""


def start(folder, body, init=""):
    """Starts `python -m package.command` of a package made for it, and waits until it says that it is ready."""
    package = folder / "package"
    package.mkdir()
    loading = "from ablate import interruption\ninterruption.while_loading()\n"
    (package / "__init__.py").write_text(loading + textwrap.dedent(init))
    (package / "command.py").write_text(COMMAND.format(body=textwrap.dedent(body)))
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "preexec_fn": interruptible}
    command = [sys.executable, "-m", "package.command"]
    process = subprocess.Popen(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, **options)
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process, number):
    process.send_signal(number)
    text, _ = process.communicate(timeout=30)
    return process.returncode, text


@pytest.mark.parametrize("number", SIGNALS)
def test_while_modules_load_it_is_one_line(tmp_path, number):
    process = start(
        tmp_path, "", init="import time\nprint('ready', flush=True)\nfor _ in range(600):\n    time.sleep(0.05)"
    )
    told = "ablate: interrupted before anything had begun; repeat the command\n"
    assert ended(process, number) == (130, told)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_command_hears_of_it_as_an_interrupt(tmp_path, number):
    body = """
    try:
        with interruption.handled("repeat"):
            ready()
    except KeyboardInterrupt:
        print(interruption.asked())
    """
    assert ended(start(tmp_path, body), number) == (0, "True\n")


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("text", ["ready()", "exec('ready()')"])  # as libraries make dataclasses
def test_whatever_was_broken_off_the_status_is_that_of_an_interrupt(tmp_path, number, text):
    body = f"""
    try:
        with interruption.handled("repeat"):
            {text}
    except KeyboardInterrupt:
        interruption.leave()
    """
    assert ended(start(tmp_path, body), number) == (130, "")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_block_that_must_not_be_broken_off_is_asked_and_ends_by_itself(tmp_path, number):
    body = """
    with interruption.handled("repeat"), interruption.deferred():
        print("ready", flush=True)
        while not interruption.asked():
            time.sleep(0.01)
        print("in order")
    """
    assert ended(start(tmp_path, body), number) == (0, "in order\n")


def test_one_of_its_own_threads_can_ask_too(tmp_path):
    body = """
    import threading
    with interruption.handled("repeat"), interruption.deferred():
        print("ready", flush=True)
        threading.Thread(target=interruption.ask).start()
        while not interruption.asked():
            time.sleep(0.01)
        print("in order")
    """
    with start(tmp_path, body) as process:
        assert process.communicate(timeout=30)[0] == "in order\n"


def test_a_second_one_breaks_that_block_off_too(tmp_path):
    body = """
    try:
        with interruption.handled("repeat"), interruption.deferred():
            print("ready", flush=True)
            while not interruption.asked():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(30)
    except KeyboardInterrupt:
        print("broken off")
    """
    assert ended(start(tmp_path, body), signal.SIGINT) == (0, "broken off\n")


def test_another_handler_of_sigterm_set_later_never_runs(tmp_path):
    body = """
    libc = ctypes.CDLL(None)
    handler = ctypes.CFUNCTYPE(None, ctypes.c_int)(lambda number: os._exit(7))  # in C, as Ray's
    try:
        with interruption.handled("repeat"):
            libc.signal(signal.SIGTERM, handler)
            ready()
    except KeyboardInterrupt:
        print("ours")
    """
    assert ended(start(tmp_path, body), signal.SIGTERM) == (0, "ours\n")


def test_what_does_not_end_is_left_and_the_way_to_go_on_is_told(tmp_path):
    body = """
    interruption.PATIENCE = 0.2
    with interruption.handled("repeat me"), interruption.deferred():
        ready()
        time.sleep(30)
    """
    status, text = ended(start(tmp_path, body), signal.SIGTERM)
    assert (status, text) == (130, "not ended after 0 s: left as it is. To continue: repeat me\n")


def test_processes_that_are_started_hear_of_sigterm(tmp_path):
    body = """
    import subprocess
    child = subprocess.Popen(["sleep", "30"], preexec_fn=lambda: None)  # as Ray starts its own
    child.terminate()
    print("ready", flush=True)
    print(child.wait(10), flush=True)
    """
    with start(tmp_path, body) as process:
        assert process.stdout.readline() == f"{-signal.SIGTERM}\n"


def test_a_module_that_imports_the_package_keeps_its_own_handlers():
    before = signal.getsignal(signal.SIGINT)
    interruption.while_loading()
    assert signal.getsignal(signal.SIGINT) is before


def test_one_that_comes_when_the_command_has_ended_says_so(tmp_path):
    body = """
    with interruption.handled("repeat"):
        pass
    ready()
    """
    told = "ablate: interrupted while it ended; what is finished is kept\n"
    assert ended(start(tmp_path, body), signal.SIGTERM) == (130, told)


def test_how_to_go_on_is_told_where_nothing_was_left_that_would_have(tmp_path):
    body = """
    import pydantic
    from ablate.cli import run_command

    def main(config):
        with interruption.deferred():
            print("ready", flush=True)
            while not interruption.asked():
                time.sleep(0.01)
        return interruption.STATUS

    run_command(pydantic.create_model("Nothing", out=(str, "")), main)
    """
    status, text = ended(start(tmp_path, body), signal.SIGTERM)
    assert status == 130
    assert text.startswith("python -m package.command: interrupted; to continue, repeat it: ")
    assert text.count("\n") == 1


def test_processes_of_a_pool_hear_of_sigterm_and_so_does_who_started_them(tmp_path):
    body = """
    import multiprocessing

    if __name__ == "__main__":
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            pool.apply(os.getpid)
        # The pool has ended its process by SIGTERM, and waited for it.
        try:
            with interruption.handled("repeat"):
                ready()
        except KeyboardInterrupt:
            print("in order")
    """
    assert ended(start(tmp_path, body), signal.SIGTERM) == (0, "in order\n")
