"""Escape times of the Mandelbrot set in double precision, exact to the bit."""
