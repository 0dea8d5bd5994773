"""Pinned files into the cache: verified, resumed, from the first source that has them."""
