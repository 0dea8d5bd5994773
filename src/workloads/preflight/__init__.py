"""A look at the job before its program runs: see docs/how-to/doctor.md."""
