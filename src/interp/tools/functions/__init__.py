"""Write which function of which object is where in the executable: `python -m functions`."""
