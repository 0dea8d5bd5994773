"""NumPy's arrays as they lie in memory: views, strides, broadcasting and copies."""
