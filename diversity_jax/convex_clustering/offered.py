"""What `tables.cluster` takes unless told otherwise; nothing heavy is imported here."""

NEIGHBOURS, GAMMAS, DECAY, TOLERANCE = 10, 60, 0.5, 1e-6
FAINTEST = 1e-2  # weight of the longest edges, in that of the shortest
