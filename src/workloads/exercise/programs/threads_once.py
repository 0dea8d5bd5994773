# Threads share a dict `cache`, and call once(cache, lock, key, make) at the same time. Return
# cache[key]; whoever comes first makes it, by make(key), which takes long. It is made once.
#
# `if key not in cache: cache[key] = make(key)` looks, and then acts: between both another thread
# looks, too, and finds nothing. The GIL does not help, as it changes hands between two lines, and
# without a GIL both look at the same instant. So hold `lock`, a threading.Lock, from the look to
# the writing.
#
# Hint: `with lock:` frees it also when make raises an error.

import threading


def once(cache, lock, key, make):
    """Return cache[key], which the first thread makes."""
    # Hole: look, make and write under the lock
    with lock:
        if key not in cache:
            cache[key] = make(key)
        return cache[key]
    # End of the hole.


# Part 2, which is harder: each_once.
#
# once makes one key after the other, as all wait for one lock. Make two keys at the same time, and
# each of them once: by a lock for each key, in the dict `locks`, which is empty at first. `lock`
# guards `locks`.
#
# Hint: locks.setdefault(key, threading.Lock()) returns the key's own lock, an old one or a new one.


def each_once(cache, locks, lock, key, make):
    """Return cache[key], which the first thread makes, while others make other keys."""
    # Hole: the key's own lock under `lock`; then look, make and write under the key's own
    with lock:
        own = locks.setdefault(key, threading.Lock())
    with own:
        if key not in cache:
            cache[key] = make(key)
        return cache[key]
    # End of the hole.
