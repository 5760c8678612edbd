"""What each shipped scenario does to the core target, compared with the baseline, in a sentence.

``tests/models/scenarios/test_directions.py`` holds each to it, ally by ally.
"""

from __future__ import annotations

from collections.abc import Mapping

DIRECTIONS: Mapping[str, str] = {
    "baseline": "Nothing: the other scenarios are compared with it.",
    "trend": "The share falls where pledges and plans raise it in the baseline, and rises where an ally plans to spend "
    "less than its history suggests.",
    "pledge": "No ally falls. An ally whose baseline is below 3.5 % in the deadline year comes to about one half.",
    "national-plan": "Rises or stays for an ally whose plans reach 3.5 % or that has none; falls for one whose plans "
    "end below 3.5 % and below its baseline.",
    "exemption": "Falls to nearly nothing for every ally.",
    "stall": "Rises for an ally that is above 3.5 % today, falls for all others; related spending falls for all.",
    "gdp-shock": "Rises for every ally, since output is lost and the money stays.",
    "hague-path": "No ally falls. An ally whose baseline is below 3.5 % in 2035 comes to about one half.",
    "national-plans": "For allies with plans of their own as the scenario National plan; the others stay.",
    "spain-exemption": "Spain falls to nearly nothing; the others stay.",
    "reluctance": "Belgium and Slovakia fall; the others stay.",
    "peace-dividend": "Falls for every ally.",
    "us-withdrawal": "The United States fall. No other ally falls, and more of them are at 3.5 % in 2035.",
    "border-war": "Rises for every European ally, and most in 2028 and 2029 for those that border Russia or Belarus; "
    "Canada and the United States keep their median and become less certain.",
    "recession-fixed-money": "The share falls for every ally by 2035. While money is fixed it is higher than it would "
    "be with the same money and no recession.",
    "euro-debt-crisis": "Falls for every ally of the euro area; the others stay.",
    "creative-accounting": "Core rises in the United Kingdom and Italy alone; related spending and the total rise for "
    "every ally.",
}
