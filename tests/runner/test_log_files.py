import logging

from ablate.runner.log_files import LogFiles
from tests.runner.test_trainable import job
from tests.tiny_data import write


def test_what_any_module_says_of_a_trial_is_in_its_log_until_that_is_closed(tmp_path):
    work = job(write(tmp_path / "root"), tmp_path / "out")
    files = LogFiles(logging.getLogger("ablate.runner.job_worker.one"))
    files.open(work)
    logging.getLogger("ablate.training.step").info("steps run as a graph")
    files.close()
    logging.getLogger("ablate.training.step").info("of another trial")
    text = (tmp_path / "out" / "logs" / f"{work.trials[0].trial}.log").read_text()
    assert text.count("steps run as a graph") == 1
    assert "of another trial" not in text
