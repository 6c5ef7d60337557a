from datasets import translate
from datasets.arms.i2i_location import ByLocation
from datasets.build.workers import gpu_share


class Learned:
    digest = "d"


class LearnedByCounting(Learned):
    wants_gpu = False


def test_tasks_share_gpus_only_where_there_are_some_and_they_help():
    assert gpu_share(False, 16, 2.0) == (0.0, 16)
    assert gpu_share(True, 16, 0.0) == (0.0, 16)
    assert gpu_share(True, 16, 1.0) == (0.25, 4)
    assert gpu_share(True, 2, 1.0) == (0.25, 2)
    assert gpu_share(True, 64, 8.0) == (0.25, 32)


def test_what_was_learned_wants_a_gpu_unless_it_says_otherwise():
    assert translate.wants_gpu(Learned())
    assert not translate.wants_gpu(LearnedByCounting())
    assert not translate.wants_gpu(None)
    assert ByLocation({"a": Learned()}, {}).wants_gpu
    assert not ByLocation({"a": LearnedByCounting()}, {}).wants_gpu
