"""stub"""
EXPERIMENT = "diffusion_phase"


def draw(dataset):
    raise NotImplementedError
