"""What this machine and this job offer, and what is wrong with them, in plain words."""
