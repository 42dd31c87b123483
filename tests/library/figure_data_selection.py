"""Made-up datasets of the figures on the stages of diversity selection; see `figure_data`."""


def selection_probe(maker):
    epochs = (1, 3, 10, 30)
    names = ("entropy", "against_margin", "against_distance", "probe", "regressor")
    variables = {name: maker.draws(2, ("epoch", len(epochs))) for name in names}
    made = maker.dataset(
        {**variables, "bayes": maker.draws(2)}, labels=["kmeans", "true"], kept=["0.2", "0.2"]
    )
    return made.assign_coords(epoch=list(epochs))
