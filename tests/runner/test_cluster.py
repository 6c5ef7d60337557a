"""What a trial may occupy, and how many fit, on clusters of several nodes."""

import pytest

from ablate.config import Resources, RunConfig
from ablate.errors import UsageError
from ablate.runner.cluster import Cluster, Node, connect, resources

SMALL = Cluster(None, "", (Node(4, 0), Node(4, 0), Node(4, 0)))
BOX = Cluster(None, "", (Node(16, 1),))
MIXED = Cluster(None, "", (Node(0, 0), Node(32, 0), Node(8, 1), Node(6, 2)))


def asked(cluster, **wanted):
    return resources(RunConfig(space="smoke", trial_resources=Resources(**wanted)), cluster)


@pytest.mark.parametrize(
    ("cluster", "wanted", "each"),
    [
        (SMALL, {}, {"CPU": 1}),
        (SMALL, {"cpu": 4}, {"CPU": 4}),
        (MIXED, {}, {"CPU": 3, "GPU": 1}),  # the node with 6 cores has 2 GPUs
        (MIXED, {"gpu": 2}, {"CPU": 6, "GPU": 2}),
        (MIXED, {"gpu": 0.5}, {"CPU": 1, "GPU": 0.5}),
        (MIXED, {"gpu": 1, "cpu": 1}, {"CPU": 1, "GPU": 1}),
        (MIXED, {"gpu": 0}, {"CPU": 1}),
        (BOX, {}, {"CPU": 16, "GPU": 1}),
        (BOX, {"gpu": 0.5}, {"CPU": 8, "GPU": 0.5}),
        (BOX, {"gpu": 0.3}, {"CPU": 4, "GPU": 0.3}),
        (Cluster(None, "", (Node(10, 1),)), {"gpu": 0.7}, {"CPU": 7, "GPU": 0.7}),
        (Cluster(None, "", (Node(2, 4),)), {}, {"CPU": 1, "GPU": 1}),
        (MIXED, {"gpu": 0, "cpu": 32}, {"CPU": 32}),
        (MIXED, {"gpu": 2, "cpu": 6}, {"CPU": 6, "GPU": 2}),
    ],
)
def test_a_trial_occupies_what_was_asked_for_where_a_node_has_it(cluster, wanted, each):
    assert asked(cluster, **wanted) == each


@pytest.mark.parametrize(
    ("cluster", "wanted", "message"),
    [
        (
            SMALL,
            {"cpu": 6},
            "trial_resources.cpu=6: a trial runs on one node, and the largest has 4; "
            "give trial_resources.cpu=4 or less$",
        ),
        (MIXED, {"gpu": 3}, "trial_resources.gpu=3: .* the largest has 2; give trial_resources.gpu=2 or less$"),
        (SMALL, {"gpu": 0.5}, "trial_resources.gpu=0.5: .* the largest has 0; give trial_resources.gpu=0$"),
        (
            MIXED,
            {"cpu": 16},
            "trial_resources.cpu=16 trial_resources.gpu=1: .* none has both: .* give trial_resources.cpu=8 or less, or "
            "trial_resources.gpu=0$",
        ),
        (
            MIXED,
            {"cpu": 8, "gpu": 2},
            "trial_resources.cpu=8 trial_resources.gpu=2: .* none has both: .* give trial_resources.cpu=6 or less, or "
            "trial_resources.gpu=1 or less$",
        ),
    ],
)
def test_what_no_single_node_has_is_refused_in_one_line_with_what_to_type(cluster, wanted, message):
    with pytest.raises(UsageError, match=message) as refusal:
        asked(cluster, **wanted)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("cluster", "each", "trials"),
    [
        (SMALL, {"CPU": 1.0}, 12),
        (SMALL, {"CPU": 3.0}, 3),
        (MIXED, {"CPU": 1.0, "GPU": 1.0}, 3),
        (MIXED, {"CPU": 4.0, "GPU": 0.25}, 3),
        (MIXED, {"CPU": 1.0}, 46),
        (Cluster(None, "", (Node(7, 0),)), {"CPU": 0.07}, 100),
        (SMALL, {"CPU": 5.0}, 1),
    ],
)
def test_as_many_trials_fit_as_fit_on_each_node(cluster, each, trials):
    assert cluster.room_for(each) == trials


@pytest.mark.parametrize(("gpu", "trials"), [(None, 1), (0.5, 2), (0.3, 3), (0.25, 4), (0.0625, 16)])
def test_the_cores_that_a_trial_takes_by_default_keep_none_from_a_gpu(gpu, trials):
    assert BOX.room_for(asked(BOX, gpu=gpu)) == trials


def test_a_cluster_has_what_its_nodes_have_together():
    assert (MIXED.cpus, MIXED.gpus) == (46, 3)


def test_a_cache_that_cannot_be_written_is_told_before_ray_starts(monkeypatch):
    monkeypatch.setenv("ABLATE_CACHE", "/proc/nowhere")
    with pytest.raises(UsageError, match=r"the cache /proc/nowhere cannot be written: .*ABLATE_CACHE=/a/folder"):
        connect()


@pytest.mark.parametrize(
    ("cluster", "each", "trials", "room"),
    [
        (Cluster(None, "", (Node(64, 0), Node(16, 4))), {"CPU": 1, "GPU": 1}, 2, 2),  # a head without GPUs, and workers
        (Cluster(None, "", (Node(2, 0),)), {"CPU": 1}, 1, 1),
        (Cluster(None, "", (Node(64, 0),)), {"CPU": 1}, 5, 5),
        (SMALL, {"CPU": 1}, 6, 6),
        (SMALL, {"CPU": 1}, 4, 3),  # nodes that are equal share equally
        (SMALL, {"CPU": 1}, 1, 3),  # one on each is as few as can be
    ],
)
def test_a_larger_share_of_the_cores_lets_fewer_trials_run_at_a_time(cluster, each, trials, room):
    shared = cluster.shared(trials, each)
    assert shared.items() >= {name: each[name] for name in each if name != "CPU"}.items()
    assert sum(node.room_for(shared) for node in cluster.nodes) == room


def test_graphs_are_refused_where_trials_have_no_gpu():
    with pytest.raises(UsageError, match=r"^execution=graph: only GPUs have it; type execution=auto"):
        resources(RunConfig(space="smoke", execution="graph"), SMALL)
    assert resources(RunConfig(space="smoke", execution="compiled"), SMALL) == {"CPU": 1}
