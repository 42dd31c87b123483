"""Rules of selection on embeddings of one's own: choose, measure against chance, report.

`tables.compare` does all of it in memory, for notebooks; `python -m experiments select` reads
files and writes files.
"""
