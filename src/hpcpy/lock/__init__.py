"""The locks of ``env/``, resolved anew: ``python3 -m hpcpy lock``."""
