"""What a dead process died of, and when a trial is given up: from what Ray says, and its log."""

import pickle
from types import SimpleNamespace

import pytest
from ray.exceptions import ActorDiedError, OutOfMemoryError, RayActorError

from ablate.results.trial_log import BEGINS
from ablate.runner.actor_deaths import MOST, UNKNOWN, Deaths, KilledForMemoryError, cause_of_death

DIED = "The actor died unexpectedly before finishing this task.\nThe actor is dead because its "
KILLED = f"{DIED}worker process has died. "
CUT_OFF = f"{KILLED}Worker exit type: SYSTEM_ERROR Worker exit detail: ... connection error code 2. End of file."
EXITED = f"{KILLED}Worker exit type: SYSTEM_ERROR Worker exit detail: Worker exits with an exit code 4."
TERMINATED = f"{KILLED}Worker exits with an exit code 1. The process receives a SIGTERM."
LOST = f"{DIED}node has died."
MEMORY = "2 worker(s) were killed.\nTop 10 memory users: PID\tMEM(GB)\tCOMMAND\n77\t2.38\tray::T\n78\t0.1\tray::T\n"


@pytest.fixture
def log(tmp_path):
    return tmp_path / "trial.log"


@pytest.mark.parametrize(
    ("error", "reason", "own"),
    [
        (RayActorError(error_msg=CUT_OFF), "its process was killed", None),
        (RayActorError(error_msg=EXITED), "its process ended itself with exit code 4", True),
        (RayActorError(error_msg=TERMINATED), "its process was terminated", False),
        (RayActorError(error_msg=LOST), "its node was lost", False),
        (RayActorError(error_msg="...\nImportError: no x", actor_init_failed=True), "ended: ImportError: no x", True),
        (KilledForMemoryError(MEMORY), "killed: out of memory; lower max_concurrent=", None),
        (None, "its process was killed", None),
    ],
)
def test_a_death_is_told_in_a_line(error, reason, own, log):
    death = cause_of_death(error, log)
    assert reason in death.reason
    assert len(death.reason.splitlines()) == 1
    assert death.own is own


def test_a_node_that_lacks_something_is_named_and_no_fault_of_the_trial(log):
    said = "...\nRuntimeError: unfit node 0a1b: no module named torch (on gpu1)"
    death = cause_of_death(RayActorError(error_msg=said, actor_init_failed=True), log)
    assert (death.reason, death.own, death.unfit_node) == ("no module named torch (on gpu1)", False, "0a1b")


def test_the_memory_of_others_is_not_a_trial_s_own_fault(log):
    for pid, own in ((77, True), (78, False)):
        log.write_text(f"a {BEGINS}: 5 on here\na {BEGINS}: {pid} on here\n")
        assert cause_of_death(KilledForMemoryError(MEMORY), log).own is own


def test_a_crash_is_read_from_the_log_of_the_last_process_alone(log):
    crash = "Fatal Python error: Segmentation fault\n\nCurrent thread ..."
    log.write_text(f"a {BEGINS}: 1 on here\n{crash}\n")
    assert cause_of_death(ActorDiedError(), log).reason == "its process crashed: Segmentation fault"
    log.write_text(f"a {BEGINS}: 1 on here\n{crash}\na {BEGINS}: 2 on here\n")
    assert cause_of_death(ActorDiedError(), log).reason == "its process was killed"


def test_it_survives_the_way_to_the_driver():
    again = pickle.loads(pickle.dumps(KilledForMemoryError(MEMORY)))
    assert isinstance(again, RayActorError)
    assert str(again) == MEMORY
    assert not isinstance(OutOfMemoryError(MEMORY), RayActorError)  # where it is one, the stand-in is not needed


class Trial:
    """As much of Tune's as counts: it is tried again while its failures are no more than it may have."""

    def __init__(self, folder):
        self.trial_id, self.num_failures, self.max_failures = "1", 0, MOST
        self._file = folder / "error.pkl"

    @property
    def pickled_error_file(self):
        return str(self._file)

    def dies(self, deaths, error, log):
        self.num_failures += 1
        given_up = self.num_failures > self.max_failures
        self._file.write_bytes(pickle.dumps(error))
        deaths.died(self, log)
        return given_up


@pytest.fixture
def life(tmp_path, log):
    deaths, trial = Deaths(), Trial(tmp_path)
    dies = lambda said: trial.dies(deaths, RayActorError(error_msg=said), log)  # noqa: E731
    reports = lambda epoch: deaths.reported(trial, {"epoch": epoch})  # noqa: E731
    return SimpleNamespace(dies=dies, reports=reports)


def test_a_process_that_never_begins_is_tried_some_times(life):
    assert [life.dies(CUT_OFF) for _ in range(UNKNOWN)] == [False] * (UNKNOWN - 1) + [True]


def test_one_that_was_killed_twice_before_it_began_has_done_nothing_wrong(life):
    assert not any([life.dies(CUT_OFF), life.dies(CUT_OFF)])
    life.reports(0)
    assert not any([life.dies(CUT_OFF), life.dies(CUT_OFF)])


def test_what_others_have_done_to_it_is_no_reason_to_give_it_up(life):
    assert not any(life.dies(LOST) for _ in range(MOST))
    assert life.dies(LOST)


def test_one_that_has_begun_is_not_given_up_for_being_killed(life):
    for _ in range(MOST):
        life.reports(0)
        assert not life.dies(CUT_OFF)
    life.reports(0)
    assert life.dies(CUT_OFF)


def test_what_ends_itself_twice_in_one_epoch_is_given_up(life):
    life.reports(3)
    assert not life.dies(EXITED)
    life.reports(3)
    assert life.dies(EXITED)


def test_each_epoch_begins_the_count_anew(life):
    for epoch in range(3 * MOST):
        life.reports(epoch)
        assert not life.dies(EXITED)


def test_all_that_ray_says_is_in_the_trial_s_log(life, log):
    life.dies(EXITED)
    assert EXITED in log.read_text()
