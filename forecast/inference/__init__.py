"""The model and its inference: from published growth to joint draws of the index; PyMC only in ``reference``."""
