"""Modules that nobody wrote, with the parameters of LLNL's Pynamic at NERSC's size.

Pynamic stands for a program of many compiled modules and libraries.  `generate` writes
modules in C of our own, and `made` compiles them; `llnl` has LLNL's own generator do both.
`wheel` packs them.
"""
