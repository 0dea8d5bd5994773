"""A client of Dask's that ends leaves no error for asyncio to report."""

from needed import needs

from running import printed, python

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


def test_a_loop_that_ends_at_a_time_out_is_quiet() -> None:
    # "Future exception was never retrieved" without recipes/patches/stack/dask-closing.patch.
    assert printed(python("-c", ENDS_AT_THE_TIME_OUT)) == "closed\n"
