"""How well the engine finds what is wrong: named defects of graded severity made from clean photos, changes that must
not fire, and what each check said of them. `defects/` and `harmless.py` make the pictures, `running.py` measures them,
`results.py` counts, `page.py` shows, `calibration.py` fits thresholds to what was measured.

It isn't part of the engine: a change here changes no measurement, so the engine's version doesn't count it.
"""
