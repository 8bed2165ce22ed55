from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bot.store.group_commit import GroupCommit


class Book:
    """Records each group that is committed; a commit can be held back, and may fail."""

    def __init__(self) -> None:
        self.pages: list[list[int]] = []
        self.fault: Exception | None = None
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def commit(self, items: Sequence[int]) -> list[int]:
        self.began.set()
        await asyncio.sleep(0)
        await self.may_end.wait()
        if self.fault:
            raise self.fault
        self.pages.append(list(items))
        return [item * 2 for item in items]


async def test_items_that_arrive_during_a_commit_share_the_next_one() -> None:
    book = Book()
    group = GroupCommit(book.commit, max_items=1_000)
    assert await asyncio.gather(*(group.submit(i) for i in range(100))) == [
        2 * i for i in range(100)
    ]
    assert [len(page) for page in book.pages] == [100]

    async def ten_more(start: int) -> None:
        for i in range(10):
            await group.submit(start + i)

    book.pages.clear()
    await asyncio.gather(*(ten_more(1_000 * i) for i in range(50)))
    assert len(book.pages) <= 20
    assert sorted(i for page in book.pages for i in page) == sorted(
        1_000 * i + k for i in range(50) for k in range(10)
    )


async def test_groups_keep_the_order_of_arrival_and_the_size_limit() -> None:
    book = Book()
    group = GroupCommit(book.commit, max_items=7)
    await asyncio.gather(*(group.submit(i) for i in range(30)))
    assert [i for page in book.pages for i in page] == list(range(30))
    assert max(len(page) for page in book.pages) == 7


async def test_a_fault_reaches_everybody_in_its_group_and_nobody_after() -> None:
    book = Book()
    group = GroupCommit(book.commit, max_items=100)
    book.fault = OSError("full")
    faults = await asyncio.gather(*(group.submit(i) for i in range(5)), return_exceptions=True)
    assert [str(fault) for fault in faults] == ["full"] * 5
    book.fault = None
    assert await group.submit(21) == 42


async def test_a_cancelled_leader_cancels_nobody_else() -> None:
    book = Book()
    group = GroupCommit(book.commit, max_items=100)
    book.may_end.clear()
    tasks = [asyncio.create_task(group.submit(i)) for i in range(5)]
    await book.began.wait()
    tasks[0].cancel()
    book.may_end.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [2, 4, 6, 8]


async def test_an_item_cancelled_while_waiting_is_left_out() -> None:
    book = Book()
    group = GroupCommit(book.commit, max_items=100)
    book.may_end.clear()
    first = asyncio.create_task(group.submit(1))
    await book.began.wait()
    late = [asyncio.create_task(group.submit(i)) for i in (2, 3)]
    # Each runs until it waits in line.
    await asyncio.sleep(0)
    late[0].cancel()
    book.may_end.set()
    assert await first == 2
    assert await late[1] == 6
    with pytest.raises(asyncio.CancelledError):
        await late[0]
    assert book.pages == [[1], [3]]


async def test_idle_waits_for_everything_handed_in() -> None:
    book = Book()
    group = GroupCommit(book.commit, max_items=2)
    tasks = [asyncio.create_task(group.submit(i)) for i in range(5)]
    await asyncio.sleep(0)
    await group.drain()
    assert [i for page in book.pages for i in page] == list(range(5))
    await asyncio.gather(*tasks)
