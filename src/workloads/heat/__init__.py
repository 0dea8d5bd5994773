"""The heat equation on a square plate: a problem whose parts talk to their neighbours."""
