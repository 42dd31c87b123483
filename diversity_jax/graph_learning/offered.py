"""What `tables.detect` and `detector` take unless told otherwise; nothing heavy is imported."""

NEIGHBOURS, CONFIDENCE, REGULARISATION, TOP = 10, 1.0, 0.1, 20
LEVELS = 50  # different texts of a column that is still one of categories
CLASSES = 50  # different numbers of a label that are still classes
SHOWN = 3  # nearest disagreeing rows of each of the top rows
WHOLE = 6_000  # rows up to which every row is looked at without its own label
LOOKED_AT = 128  # of more rows so many, the most unusual
SCORES = {
    "soft": "|l - y|, l the soft harmonic solution: low where a row has few to be judged by",
    "left-out": "|l - y|, l without the row's own label: near 1 where it has few to judge by",
    "neighbours": "the share of other labels among the row's neighbours, by weight",
}
