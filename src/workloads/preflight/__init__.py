"""A look at the job before its program runs: see docs/doctor.md."""
