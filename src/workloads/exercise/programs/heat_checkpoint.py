# save writes `field` to the .npy file at `path`, a str, where an older checkpoint may be. If the
# program is killed meanwhile, or the disk is full, the older one must still be there as a whole:
# np.save(path, field) would have cut it first. So write another file in the same folder, and have
# it take the name by os.replace(new, path), which the system does at once or not at all.
#
# Hint: np.save adds .npy to a name that has another ending.

import os

import numpy as np


def save(path, field):
    """Write the field to the .npy file at `path`."""
    # Hole: write a new file, then let it take the old one's name
    new = path + ".new.npy"
    np.save(new, field)
    os.replace(new, path)
    # End of the hole.


# Part 2, which is harder: save_two.
#
# Keep two checkpoints: save_two does what save does, and the older one stays, as path + ".before".
# There must be a whole checkpoint at `path` at every moment. os.link(path, other) gives a file a
# second name, which must be free: also after a save that was interrupted anywhere.
#
# Hint: os.link refuses a name that is taken: os.remove it before.


def save_two(path, field):
    """Write the field to `path`; what was there is then path + ".before"."""
    # Hole: a second name for the old one, then save
    if os.path.exists(path):
        if os.path.exists(path + ".before"):
            os.remove(path + ".before")
        os.link(path, path + ".before")
    save(path, field)
    # End of the hole.
