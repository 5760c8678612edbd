"""How good forecasts are: backtest, real-time backtest, scores, track record, frozen forecasts."""
