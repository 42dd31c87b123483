"""stub"""
EXPERIMENT = "diffusion_spectrum"


def draw(dataset):
    raise NotImplementedError
