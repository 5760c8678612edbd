"""Measurements of speed, accuracy and robustness. No test depends on speed."""

from models.runtime import prepare

prepare()  # before numpy is imported, as in every process that serves or fits
