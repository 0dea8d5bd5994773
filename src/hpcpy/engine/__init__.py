"""Container engines, build tools and virtual environments: found on PATH, or provided.

`hpcpy.engine.setup.ensure` is the way in; `docs/reference/engine.md` tells the user.
"""
