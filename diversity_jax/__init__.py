"""Theory and simulation, side by side, for high-dimensional learning problems.

Subjects are subpackages (`attention`, ...); what they share lies beside them: `mixtures`
(Gaussian mixtures), `seeds` (named random streams and jobs over seeds), `results` (labelled
results on disk) and `datasets` (real data). Import the module that is needed; importing the
package alone costs next to nothing.
"""

__version__ = "0.1.0"
