"""What several closed forms integrate and solve with: nodes, lattices, lines, roots."""
