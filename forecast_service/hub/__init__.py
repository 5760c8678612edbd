"""Forecasts as the hubverse, the standard of forecast hubs, takes them: tables of model output, a whole hub as files.

https://hubverse.io describes the standard; its schemas have version 6.0.0 here.
"""
