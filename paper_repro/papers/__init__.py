"""One file per paper, with its CLAIMS."""
