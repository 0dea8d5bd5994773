"""A small program to trace: two threads and a little recursion."""

import threading


def fib(n: int) -> int:
    return 1 if n < 2 else fib(n - 1) + fib(n - 2)


def twice() -> None:
    threads = [threading.Thread(target=fib, args=(5,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


twice()
fib(4)
