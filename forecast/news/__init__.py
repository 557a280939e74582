"""Why a probability moved: figures between two runs, refits on sets of them, fair shares."""
