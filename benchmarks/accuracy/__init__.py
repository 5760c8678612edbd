"""The accuracy of forecasts, compared with statsforecast's models."""
