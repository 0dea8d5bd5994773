"""Container engines, build tools and virtual environments: found on PATH, or provided."""
