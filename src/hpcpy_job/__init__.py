"""What looks at a job, or runs a program of the user's in it."""

import hpcpy_common  # noqa: F401 - which refuses an old Python
