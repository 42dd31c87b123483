"""Linear algebra of graphs on the host, in 64 bits, whose rounding does not see the weights."""
