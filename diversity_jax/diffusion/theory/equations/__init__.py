"""The fixed points behind spectrum, losses and times: how they are solved and how they answer."""
