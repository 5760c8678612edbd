"""Make the figures of this example. Nothing in them is real: six countries of fiction and a seeded random walk."""

import csv
import math
import random
from pathlib import Path

FOLDER = Path(__file__).parent
# Code, code of two letters (both from the ranges that ISO 3166 leaves to users), name, share of 1995, drift a year.
COUNTRIES = (
    ("XBO", "XB", "Borduria", 1.1, 0.004),
    ("XFR", "XF", "Freedonia", 1.9, 0.012),
    ("XGF", "XG", "Grand Fenwick", 0.7, 0.020),
    ("XLA", "XL", "Laputa", 2.6, 0.008),
    ("XRU", "XR", "Ruritania", 1.6, 0.010),
    ("XSY", "XS", "Syldavia", 1.2, 0.022),
)
FIRST, LAST = 1995, 2025


def write(name, header, rows):
    with (FOLDER / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def main():
    chance = random.Random(3)  # noqa: S311  not for secrets
    shares, gdp = [], []
    world = {year: chance.gauss(0, 0.01) for year in range(FIRST - 1, LAST + 6)}
    for code, _, _, share, drift in COUNTRIES:
        level, nominal = math.log(share), 100.0 * chance.uniform(0.5, 3)
        for year in range(FIRST, LAST + 1):
            level += drift + 0.5 * world[year] + chance.gauss(0, 0.025)
            shares.append((code, year, f"{math.exp(level):.2f}", "true" if year == LAST else "false", "rd_2025"))
        for year in range(FIRST, LAST + 6):
            projected = year > LAST
            real = 2.0 if projected else 2.0 + 100 * world[year] + chance.gauss(0, 0.8)
            nominal *= (1 + real / 100) * 1.02
            kind = "projection" if projected else "actual"
            gdp.append((code, year, f"{nominal:.3f}", f"{real:.3f}", "2.000", kind, "outlook"))
    write("members", ("iso3", "iso2", "name", "region", "source"), [(*c[:3], "Fiction", "made_up") for c in COUNTRIES])
    write("core_share", ("iso3", "year", "share_pct", "estimate", "source"), shares)
    write("gdp", ("iso3", "year", "nominal_lcu_bn", "real_growth_pct", "deflator_growth_pct", "kind", "source"), gdp)
    header = ("iso3", "component", "target_pct", "year", "stance", "stated_on", "summary", "source")
    common = [(c[0], "core", "3.0", 2030, "pledged", "2020-09-30", "Party to the common aim: 3 % by 2030.", "made_up")
              for c in COUNTRIES]  # fmt: skip
    own = [
        ("XSY", "core", "2.8", 2028, "law", "2024-05-01", "The research act sets 2.8 % from 2028 on.", "made_up"),
        ("XBO", "core", "2.0", 2030, "reluctant", "2025-02-01", "The minister calls 2 % enough.", "made_up"),
    ]
    write("pledges", header, [*common, *own])
    terms = ("2026-01-01", "", "made up: free for any use", "none: synthetic")
    write(
        "sources",
        ("source", "title", "publisher", "date", "public_address", "terms", "confidence"),
        [(key, title, "this example", *terms) for key, title in (
            ("rd_2025", "Synthetic shares of R&D"), ("outlook", "Synthetic outlook"), ("made_up", "Made up"))],
    )  # fmt: skip


if __name__ == "__main__":
    main()
