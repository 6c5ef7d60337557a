"""How far runs are, from the files of their results alone."""

import contextlib
import json
import os
import platform
import re
import time
from urllib.parse import quote

import boto3
import pytest
import requests

from ablate.errors import UsageError
from ablate.results import run_status, runs, search_record
from ablate.results.log_folder import LogFolder
from ablate.results.run_status import RunStatus
from ablate.results.trial_log import last_process
from ablate.status import StatusConfig, main
from tests import command, tiny_data
from tests.results_factory import planned, write, write_failed
from tests.runner.test_trainable import job, steps
from tests.stores import upload

COMMAND = "python -m ablate.run space=mine trial.epochs=8 out=there"
HOUR = 3600


def write_run(out, trials, at="r20260101T000000-aaaa", age=HOUR, **about):
    """A plan, written so many seconds ago."""
    started = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - age))
    record = {"started_at": started, "space": "mine", "command": COMMAND, "trials": trials, "to_run": trials} | about
    (out / "runs").mkdir(parents=True, exist_ok=True)
    path = out / "runs" / f"{at}.json"
    path.write_text(json.dumps(record))
    aged(path, age)
    return at


def aged(path, age):
    os.utime(path, (time.time() - age,) * 2)


def epoch_line(number, second, **about):
    row = {"epoch": number, "val_iou": number / 10, "seconds": 9.0, "images_per_second": 50.0} | about
    return f"{at(second)} {json.dumps(row)}\n"


def at(second):
    return f"2026-01-01 {second // HOUR:02d}:{second // 60 % 60:02d}:{second % 60:02d},250"


def begins(second=0, process=7, node="node-1"):
    return f"{at(second)} unet-crop begins in process: {process} on {node}\n"


def write_log(out, trial, text, age=0.0):
    (out / "logs").mkdir(parents=True, exist_ok=True)
    path = out / "logs" / f"{trial}.log"
    path.write_text(text)
    aged(path, age)
    return path


def look(out, run=None) -> RunStatus:
    [known] = [one for one in runs.read(out) if run in {None, one.run}]
    [found] = run_status.status(out, LogFolder(str(out)), [known])
    return found


def states(found):
    return {one.trial: one.state for one in found.trials}


def printed(capsys, **config):
    status = main(StatusConfig(**{name: str(value) if name == "out" else value for name, value in config.items()}))
    return status, capsys.readouterr().out


def test_a_trial_that_trains_is_known_by_what_its_process_writes(tmp_path):
    work = job(tiny_data.write(tmp_path / "root"), tmp_path / "out")
    last = steps(work, most=3)
    trial = work.trials[0]
    write_run(tmp_path / "out", [trial.trial])
    [found] = look(tmp_path / "out").trials
    assert (found.state, found.name, found.process, found.node) == ("running", trial.name, os.getpid(), platform.node())
    assert (found.epoch, found.epochs, found.val_iou) == (2, 8, last["val_iou"])
    steps(work, most=3)
    assert look(tmp_path / "out").complete


def test_every_trial_is_in_one_state_and_says_what_is_known_of_it(tmp_path, capsys):
    done, failed = write(tmp_path, arm="full"), write_failed(tmp_path, "RuntimeError: no\nsense")
    write_run(tmp_path, [done, failed, "s-runs", "s-waits", "s-silent"])
    write_log(tmp_path, "s-runs", begins() + epoch_line(1, 10) + epoch_line(2, 20))
    write_log(tmp_path, "s-silent", begins() + epoch_line(1, 10) + f"{at(15)} Traceback\nOSError: gone\n", age=120)
    log = write_log(tmp_path, failed, begins())
    found = look(tmp_path)
    assert states(found) == {
        done: "done",
        failed: "failed",
        "s-runs": "running",
        "s-waits": "waiting",
        "s-silent": "silent",
    }
    status, text = printed(capsys, out=tmp_path)
    assert status == 1
    assert "5 trials: 1 done, 1 failed, 1 running, 1 silent, 1 waiting" in text
    assert re.search(r"^unet-crop  2 of 8   20\.0 %        50  node-1        7 +(just now|\d+ s ago)$", text, re.M)
    assert f"  OSError: gone\n  {tmp_path}/logs/s-silent.log\n" in text
    assert f"unet-crop-none-s0\n  RuntimeError: no sense\n  {log}\n" in text
    assert "repeat" not in text


def test_trials_that_share_a_training_are_one_line(tmp_path, capsys):
    write_run(tmp_path, ["s1", "s2", "s3"])
    for trial, process in (("s1", 7), ("s2", 7), ("s3", 8)):
        write_log(tmp_path, trial, begins(process=process) + epoch_line(1, 10))
    text = printed(capsys, out=tmp_path)[1]
    assert "3 trials: 0 done, 3 running" in text
    assert [line.split("  ")[0] for line in text.splitlines()[-2:]] == ["unet-crop, 1 more", "unet-crop"]


def test_how_to_continue_is_said_once_nothing_shows_a_sign_of_life(tmp_path, capsys):
    write_run(tmp_path, ["s1", "s2"])
    write_log(tmp_path, "s1", begins() + epoch_line(1, 10) + epoch_line(2, 20), age=50)
    assert "repeat" not in printed(capsys, out=tmp_path)[1]
    aged(tmp_path / "logs" / "s1.log", 70)
    status, text = printed(capsys, out=tmp_path)
    assert status == 1
    assert text.endswith(f"it goes on where it ended.\n  {COMMAND}\n")


def test_a_run_that_has_just_been_planned_is_alive_and_one_that_failed_can_be_repeated(tmp_path, capsys):
    write_run(tmp_path, ["s1"], age=300)
    assert look(tmp_path).alive
    assert "repeat" not in printed(capsys, out=tmp_path)[1]
    failed = write_failed(tmp_path)
    write_run(tmp_path, [failed], "r3", age=300)
    aged(tmp_path / "trials" / f"{failed}.parquet", 200)
    status, text = printed(capsys, out=tmp_path)
    assert status == 1
    assert text.endswith(f"To try the failed trials again, repeat the command:\n  {COMMAND}\n")


@pytest.mark.parametrize(("age", "alive"), [(400, True), (700, False)])
def test_between_two_trials_a_process_may_take_long_to_start(tmp_path, age, alive):
    done = write(tmp_path)
    write_run(tmp_path, [done, "s1"])
    aged(tmp_path / "trials" / f"{done}.parquet", age)
    assert look(tmp_path).alive == alive


@pytest.mark.parametrize(("age", "state"), [(450, "running"), (550, "silent")])
def test_silence_is_measured_by_what_the_epochs_of_a_trial_last(tmp_path, age, state):
    write_run(tmp_path, ["s1"])
    write_log(tmp_path, "s1", begins() + "".join(epoch_line(number, 100 * number) for number in (1, 2, 3)), age=age)
    assert states(look(tmp_path)) == {"s1": state}


@pytest.mark.parametrize(("age", "state"), [(400, "running"), (700, "silent")])
def test_a_process_may_take_long_to_start(tmp_path, age, state):
    write_run(tmp_path, ["s1"])
    write_log(tmp_path, "s1", begins(), age=age)
    assert states(look(tmp_path)) == {"s1": state}


TRAINS = f"{at(5)} the pictures that it trains on lie in the host's memory\n"


@pytest.mark.parametrize(("age", "state"), [(3000, "running"), (4000, "silent")])
def test_a_first_epoch_that_nobody_can_estimate_may_take_long(tmp_path, capsys, age, state):
    write_run(tmp_path, ["s1"], age=2 * HOUR)
    write_log(tmp_path, "s1", begins() + TRAINS, age=age)
    assert states(look(tmp_path)) == {"s1": state}
    text = printed(capsys, out=tmp_path)[1]
    assert "unet-crop  0 of 8" in text
    assert "long overdue" in text if state == "running" else "takes longer than expected" in text


@pytest.mark.parametrize(("age", "state"), [(900, "running"), (1100, "silent")])
@pytest.mark.parametrize("of", ["s1", "s2"])
def test_a_first_epoch_is_estimated_by_those_before_a_resume_or_of_other_trials(tmp_path, of, age, state):
    """An epoch takes 200 s; between the two processes passed hours."""
    write_run(tmp_path, ["s1"] if of == "s1" else ["s2", "s1"])
    epochs = "".join(begins(20000 * n) + epoch_line(1, 20000 * n + 10) + epoch_line(2, 20000 * n + 210) for n in (0, 1))
    if of == "s2":
        write_log(tmp_path, "s2", epochs, age=age)
    resumed = f"{at(40010)} continuing after epoch 2\n"
    write_log(tmp_path, "s1", (epochs if of == "s1" else "") + begins(40000, process=8) + TRAINS + resumed, age=age)
    assert states(look(tmp_path))["s1"] == state


@pytest.mark.parametrize(
    ("photographs", "age", "state"), [(100, 500, "running"), (100, 700, "silent"), (10**4, 900, "running")]
)
def test_scoring_may_take_longer_than_epochs_and_by_how_many_photographs_there_are(
    tmp_path, capsys, photographs, age, state
):
    write_run(tmp_path, ["s1"])
    scoring = f"{at(30)} scoring {photographs} photographs\n"
    write_log(tmp_path, "s1", begins() + TRAINS + epoch_line(7, 10) + epoch_line(8, 20) + scoring, age=age)
    assert states(look(tmp_path)) == {"s1": state}
    assert "unet-crop  scoring" in printed(capsys, out=tmp_path)[1]


def test_what_a_real_process_says_of_its_scoring_is_understood(tmp_path):
    work = job(tiny_data.write(tmp_path / "root"), tmp_path / "out")
    steps(work)
    log = (tmp_path / "out" / "logs" / f"{work.trials[0].trial}.log").read_text()
    found = last_process(log)
    assert (found.doing, found.photographs, found.finished) == ("scoring", 13, 3)
    assert last_process(log[: log.index("scoring")]).doing == "training"
    again = last_process(log + begins() + f"{at(1)} the network is trained already; scoring it\n")
    assert (again.doing, again.epoch, again.finished) == ("scoring", 3, 0)


def test_no_age_is_negative_where_clocks_differ(tmp_path, capsys):
    """The files' clock is an hour ahead; the last of them was written now."""
    write_run(tmp_path, ["s1", "s2"], started_at="2126-01-01T00:00:00+00:00")
    ahead = time.time() + HOUR
    for process, ago in ((1, 0), (2, 30)):
        log = write_log(tmp_path, f"s{process}", begins(process=process) + epoch_line(1, 10))
        os.utime(log, (ahead - ago, ahead - ago))
    found = look(tmp_path)
    assert [round(one.seen_seconds) for one in found.trials] == [0, 30]
    assert (found.age_seconds, found.seen_seconds) == (0, 0)
    text = printed(capsys, out=tmp_path)[1]
    assert "UTC, just now; last sign of life just now" in text
    assert "30 s ago" in text


def test_what_an_earlier_run_left_of_a_trial_does_not_count_where_it_is_repeated(tmp_path):
    failed, stopped = write_failed(tmp_path), write(tmp_path, arm="full", ran={"status": "stopped"})
    for trial in (failed, stopped, "s1"):
        write_log(tmp_path, trial, begins() + epoch_line(1, 10), age=20)
    aged(tmp_path / "trials" / f"{failed}.parquet", 20)
    write_run(tmp_path, [failed, stopped, "s1"], age=10)
    assert set(states(look(tmp_path)).values()) == {"waiting"}
    write_log(tmp_path, failed, begins())
    assert states(look(tmp_path)) == {failed: "running", stopped: "waiting", "s1": "waiting"}


def test_a_finished_trial_is_repeated_only_if_both_clocks_say_so(tmp_path):
    done = write(tmp_path)  # started in January 2026, by its row
    mark = tmp_path / "trials" / f"{done}.parquet"
    aged(mark, HOUR)
    write_run(tmp_path, [done], age=10)
    assert states(look(tmp_path)) == {done: "waiting"}
    write_run(tmp_path, [done], age=10, started_at="2025-12-31T00:00:00+00:00")
    assert states(look(tmp_path)) == {done: "done"}
    write_run(tmp_path, [done], age=10, to_run=[])
    assert states(look(tmp_path)) == {done: "done"}
    write_run(tmp_path, [done], age=2 * HOUR)
    assert states(look(tmp_path)) == {done: "done"}


def test_a_process_that_continues_is_where_the_one_before_was():
    before = begins() + epoch_line(1, 10) + epoch_line(2, 20) + epoch_line(3, 30) + "its process was killed\n"
    found = last_process(before + begins(40, 8, "node-2") + f"{at(50)} continuing after epoch 2\n")
    assert (found.process, found.node, found.epoch, found.val_iou, found.epoch_seconds) == (8, "node-2", 2, 0.2, 10.0)
    assert found.last_line == "continuing after epoch 2"
    anew = last_process(before + begins(40, 8, "node-2"))
    assert (anew.epoch, anew.val_iou) == (0, None)


def test_what_is_broken_in_a_log_is_passed_over():
    text = "\0\ufffd\n" + begins() + epoch_line(1, 10, val_iou=None) + epoch_line(2, 20)[:60]
    found = last_process(text)
    assert (found.epoch, found.val_iou, found.epoch_seconds) == (1, None, 9.0)
    assert last_process("nothing of ours\n") is None
    assert last_process("") is None


def test_the_last_process_is_found_in_a_log_of_any_length(tmp_path):
    for trial, filler in (("s1", 100), ("s2", 2**21)):
        write_log(tmp_path, trial, begins() + "x" * filler + "\n" + epoch_line(1, 10))
    ends = LogFolder(str(tmp_path)).ends(["s1", "s2", "s3"])
    assert {trial: last_process(end).epoch for trial, end in ends.items()} == {"s1": 1, "s2": 1}


def member(number, trial, segments=(), **values):
    return search_record.Member(
        search="h1",
        space="tune",
        objective="val_iou",
        cell=0,
        number=number,
        is_default=number == 0,
        trial=trial,
        name=f"member-{number}",
        given={"epochs": 5},
        values=values,
        domains={},
        data="demo",
        segments=segments,
    )


def test_of_a_search_its_suggestions_are_counted_and_what_diverged_is_a_result(tmp_path, capsys):
    stopped = write(tmp_path, ran={"status": "stopped", "reason": "no better"}, search="h1")
    diverged = write_failed(tmp_path, "NonFiniteLossError: nan", arm="full")
    for number, trial in enumerate((stopped, diverged)):
        search_record.write(tmp_path, member(number, trial))
    write_run(tmp_path, [], search="h1")
    assert states(look(tmp_path)) == {stopped: "stopped", diverged: "diverged"}
    assert not look(tmp_path).complete  # more may be suggested
    for trial in (stopped, diverged):
        aged(tmp_path / "trials" / f"{trial}.parquet", 100)
    assert look(tmp_path).complete
    search_record.write(tmp_path, member(2, "s-new"))
    write_log(tmp_path, "s-new", begins() + epoch_line(1, 10))
    status, text = printed(capsys, out=tmp_path)
    assert status == 1
    assert "3 trials, of a search, so far: 0 done, 1 stopped early, 1 diverged, 1 running" in text
    assert "member-2  1 of 5" in text


def test_a_search_that_died_is_not_complete_before_it_has_all_its_trials(tmp_path, capsys):
    write_run(tmp_path, [], search="h1", samples=2)
    status, text = printed(capsys, out=tmp_path)
    assert status == 1
    assert "2 trials, of a search, 0 suggested so far: 0 done" in text
    assert text.endswith(f"repeat it: it goes on where it ended.\n  {COMMAND}\n")
    found = json.loads(printed(capsys, out=tmp_path, format="json")[1])
    assert (found["trials"], found["samples"], found["left"], found["complete"]) == (2, 2, 2, False)
    for number, arm in enumerate(("crop", "full")):
        assert printed(capsys, out=tmp_path)[0] == 1
        done = write(tmp_path, arm=arm, search="h1")
        search_record.write(tmp_path, member(number, done))
    status, text = printed(capsys, out=tmp_path)
    assert (status, text.splitlines()[-1]) == (0, "2 trials, of a search: 2 done")


def test_a_search_of_a_plan_that_tells_no_number_is_not_complete_without_trials(tmp_path, capsys):
    write_run(tmp_path, [], search="h1")
    status, text = printed(capsys, out=tmp_path)
    assert status == 1
    assert text.endswith(f"repeat it: it goes on where it ended.\n  {COMMAND}\n")


def test_members_of_a_population_wait_for_each_other(tmp_path):
    segment = search_record.Segment(training="t1", parent=0, after=0, until=6, values={})
    for number, age in enumerate((500, 5)):
        search_record.write(tmp_path, member(number, f"s{number}", (segment,)))
        write_log(tmp_path, f"s{number}", begins() + epoch_line(1, 10), age=age)
    write_run(tmp_path, [], search="h1")
    found = look(tmp_path)
    assert states(found) == {"s0": "waiting", "s1": "running"}
    assert [one.epochs for one in found.trials] == [6, 6]
    aged(tmp_path / "logs" / "s1.log", 500)
    assert states(look(tmp_path)) == {"s0": "silent", "s1": "silent"}


def test_a_trial_whose_process_works_on_another_one_waits(tmp_path):
    write_run(tmp_path, ["s1", "s2", "s3"])
    write_log(tmp_path, "s1", begins() + epoch_line(1, 10), age=20)
    write_log(tmp_path, "s2", begins().replace("unet", "segnet"), age=10)
    write_log(tmp_path, "s3", begins(process=8) + epoch_line(1, 10), age=20)
    assert states(look(tmp_path)) == {"s1": "waiting", "s2": "running", "s3": "running"}


def test_the_latest_run_is_shown_or_another_or_all(tmp_path, capsys):
    done = write(tmp_path)
    first = write_run(tmp_path, [done], "r1")
    write_run(tmp_path, [done, "s1"], "r2", age=5)
    assert printed(capsys, out=tmp_path)[1].startswith("run r2  space=mine")
    status, text = printed(capsys, out=tmp_path, run=first)
    assert (status, text.startswith("run r1")) == (0, True)
    status, text = printed(capsys, out=tmp_path, all=True)
    assert (status, [line.split()[0] for line in text.splitlines()[-2:]]) == (1, ["r1", "r2"])
    for config, says in (
        ({"run": "r3"}, "run=r3: no such run; allowed: r1, r2; all=true lists them"),
        ({"run": "r1", "all": True}, "run=r1 and all=true exclude each other"),
    ):
        with pytest.raises(UsageError, match=says):
            main(StatusConfig(out=str(tmp_path), **config))


def test_json_holds_the_same_for_programs(tmp_path, capsys):
    done, failed = write(tmp_path, arm="full"), write_failed(tmp_path)
    write_run(tmp_path, [done, failed, "s1"])
    write_log(tmp_path, "s1", begins() + epoch_line(1, 10, val_iou=float("nan")))
    status, text = printed(capsys, out=tmp_path, format="json")
    found = json.loads(text)
    assert status == 1
    assert found["counts"] == {
        "done": 1,
        "stopped": 0,
        "diverged": 0,
        "failed": 1,
        "running": 1,
        "silent": 0,
        "waiting": 0,
    }
    assert (found["trials"], found["left"], found["complete"], found["alive"]) == (3, 1, False, True)
    assert (found["run"], found["command"], found["search"]) == ("r20260101T000000-aaaa", COMMAND, None)
    [of_failed, running] = found["not_done"]
    assert (of_failed["state"], of_failed["reason"], of_failed["log"]) == (
        "failed",
        "RuntimeError: out of memory",
        None,
    )
    assert (running["epoch"], running["epochs"], running["val_iou"], running["node"]) == (1, 8, None, "node-1")
    assert json.loads(printed(capsys, out=tmp_path, format="json", all=True)[1])[0]["run"] == found["run"]


def test_a_run_in_a_store_is_seen_from_anywhere(tmp_path, s3, monkeypatch, capsys):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    failed = write_failed(tmp_path / "out")
    write_run(tmp_path / "out", [failed, "s1", "s2"])
    write_log(tmp_path / "out", failed, begins())
    write_log(tmp_path / "out", "s1", begins() + epoch_line(1, 10))
    for folder in ("runs", "trials", "logs"):  # in the order in which a run writes them
        upload(s3, tmp_path / "out" / folder, f"bucket/status/{folder}")
    status, text = printed(capsys, out="s3://key:secret@bucket/status")
    assert status == 1
    assert "3 trials: 0 done, 1 failed, 1 running, 1 waiting" in text
    assert "unet-crop  1 of 8" in text
    assert f"  s3://bucket/status/logs/{failed}.log\n" in text
    assert "secret" not in text
    assert not [*(tmp_path / "cache").rglob("*.log")]  # where this node's own trials would be writing theirs


@pytest.fixture
def password(s3_port):
    """What a store asks for from now on, as a URL has it."""
    server = f"http://127.0.0.1:{s3_port}"
    account = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
    with contextlib.closing(boto3.client("iam", endpoint_url=server, **account)) as accounts:
        accounts.create_user(UserName="owner")
        rule = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [rule]})
        accounts.put_user_policy(UserName="owner", PolicyName="all", PolicyDocument=document)
        key = accounts.create_access_key(UserName="owner")["AccessKey"]
    requests.post(f"{server}/moto-api/reset-auth", data="0", timeout=60)
    yield f"{quote(key['AccessKeyId'], safe='')}:{quote(key['SecretAccessKey'], safe='')}"
    requests.post(f"{server}/moto-api/reset-auth", data="inf", timeout=60)


def test_a_password_that_is_not_typed_opens_the_logs_too(tmp_path, s3, s3_port, request, monkeypatch, capsys):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    write_run(tmp_path / "out", ["s1"])
    write_log(tmp_path / "out", "s1", begins() + epoch_line(1, 10))
    for folder in ("runs", "logs"):
        upload(s3, tmp_path / "out" / folder, f"bucket/untyped/{folder}")
    place = f"bucket/untyped?endpoint_override=http://127.0.0.1:{s3_port}&region=us-east-1"
    monkeypatch.setenv("ABLATE_OUT_URL", f"s3://{request.getfixturevalue('password')}@{place}")
    assert "unet-crop  1 of 8" in printed(capsys, out=f"s3://{place}")[1]
    assert LogFolder(f"s3://{place}").ends(["s1", "gone"]).keys() == {"s1"}


def test_the_command_says_it_plainly_and_by_its_exit_status(tmp_path):
    out = tmp_path / "out"
    done = write(out)
    none = command.run("ablate.status", f"out={out}")
    assert (none.returncode, none.stderr.count("\n"), "no run was started there" in none.stderr) == (2, 1, True)
    write_run(out, [done], age=5, to_run=[])
    told = command.run("ablate.status", f"out={out}", PYTHONWARNINGS="error")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.splitlines()[-1] == "1 trial: 1 done"
    assert "\033" not in told.stdout


def test_what_the_plan_says_of_a_trial_is_shown(tmp_path, capsys):
    write_run(tmp_path, ["s1"], command="x", to_run={"s1": {"name": "unet-best", "epochs": 20}})
    write_log(tmp_path, "s1", begins() + epoch_line(1, 10))
    assert "unet-best  1 of 20" in printed(capsys, out=tmp_path)[1]


def test_planned_trials_need_no_more_than_their_plan(tmp_path):
    trial = planned().trial
    write_run(tmp_path, [trial], command="python -m ablate.run space=mine")
    [found] = look(tmp_path).trials
    assert (found.state, found.name, found.epochs, found.log) == ("waiting", None, None, None)
