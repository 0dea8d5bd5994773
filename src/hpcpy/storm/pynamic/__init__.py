"""Modules that nobody wrote, with the parameters of LLNL's Pynamic at NERSC's size.

Pynamic stands for a program of many compiled modules and libraries.  `generate` writes
C, `made` compiles it; no line of it is Pynamic's.
"""
