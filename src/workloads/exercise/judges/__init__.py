"""What checks an answer: an empty string for a right one, else what is wrong first."""
