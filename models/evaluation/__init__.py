"""How good it is: backtest, real-time backtest, scores, track record; a forecast never asks it."""
