"""Three talks about Python in HPC, slide by slide: what they measured, and the same here."""
