"""The runner: it owns loops over points and seeds, chunks, saving, progress, resume and shards."""
