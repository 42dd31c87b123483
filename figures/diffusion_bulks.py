"""stub"""
EXPERIMENT = "diffusion_bulks"


def draw(dataset):
    raise NotImplementedError
