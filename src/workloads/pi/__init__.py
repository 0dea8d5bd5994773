"""Pi by counting how many random points fall into a quarter of a circle."""
