"""A client of Dask's that ends leaves no error for asyncio to report."""

from __future__ import annotations

import sys

import pytest
from needed import needs
from running import ran

pytestmark = needs("distributed")
# The last turn of a loop, in which the time-out of the next message comes.
ENDS_AT_THE_TIME_OUT = """
import asyncio, gc, time
from distributed.batched import BatchedSend
loop = asyncio.new_event_loop()
async def wait_for_messages():
    sender = BatchedSend("2ms")
    sender.next_deadline = time.time() + 0.01
    sender.start(None)
    await asyncio.sleep(0.001)
loop.run_until_complete(wait_for_messages())
time.sleep(0.02)
loop.call_soon(loop.stop)
loop.run_forever()
loop.close()
gc.collect()
print("closed")
"""
# Messages are sent together, as many as come within the interval.
SENDS = """
import asyncio
from distributed.batched import BatchedSend
sent = []
class Comm:
    def closed(self):
        return False
    async def write(self, messages, **_):
        sent.append(messages)
        return 1
    async def close(self):
        sent.append("closed")
async def main():
    sender = BatchedSend("20ms")
    sender.start(Comm())
    for number in range(3):
        sender.send(number)
    await asyncio.sleep(0.01)
    sender.send(3)
    sender.send(4)
    await asyncio.sleep(0.05)
    sender.send(5)
    await sender.close()
asyncio.run(main())
print(sent)
"""


def run(program: str) -> tuple[int, str, str]:
    done = ran(sys.executable, "-c", program)
    return done.returncode, done.stdout, done.stderr


def test_a_loop_that_ends_at_a_time_out_is_quiet() -> None:
    # "Future exception was never retrieved" without dask-closing.patch.
    assert run(ENDS_AT_THE_TIME_OUT) == (0, "closed\n", "")


@pytest.mark.long
def test_messages_are_sent_together_and_all_of_them() -> None:
    assert run(SENDS) == (0, "[[0, 1, 2], [3, 4], [5], 'closed']\n", "")
