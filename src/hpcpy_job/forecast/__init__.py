"""How long many ranks would wait for their start: counted, probed, and modelled."""
