import itertools
import threading

import pytest

from ablate.data.thread_map import thread_map


def ours():
    return [thread for thread in threading.enumerate() if thread.name.startswith("thread_map")]


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_results_come_in_the_order_of_the_items(count):
    slow = threading.Event()

    def work(item):
        if item == 0 and count > 2:
            slow.wait(timeout=60)  # all that is ahead of it is made before it
        elif item == 3:
            slow.set()
        return item * item

    assert [*thread_map(work, range(count), 3, 4)] == [item * item for item in range(count)]
    assert ours() == []


def test_it_is_ahead_by_so_many_and_no_more():
    taken = []
    made = threading.Semaphore(0)
    items = (taken.append(item) or item for item in itertools.count())
    results = thread_map(lambda item: made.release() or item, items, 2, 3)
    for number in range(5):
        assert next(results) == number
        assert taken == [*range(number + 4)]
    for _ in taken:
        assert made.acquire(timeout=60)  # also what nobody has asked for yet
    results.close()


def test_an_exception_comes_in_its_result_s_place_and_ends_the_threads():
    def work(item):
        if item == 3:
            raise ValueError("the third")
        return item

    results, found = thread_map(work, itertools.count(), 2, 5), []
    with pytest.raises(ValueError, match="the third"):
        found.extend(results)
    assert found == [0, 1, 2]
    assert ours() == []


def test_closing_it_ends_the_threads():
    results = thread_map(lambda item: item, itertools.count(), 2, 8)
    assert next(results) == 0
    assert ours() != []
    results.close()
    assert ours() == []


def test_each_thread_begins_as_it_is_told():
    local = threading.local()
    assert {*thread_map(lambda _: local.told, range(20), 3, 3, lambda: setattr(local, "told", True))} == {True}
