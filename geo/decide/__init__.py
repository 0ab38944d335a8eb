"""Decide: model areas, sites, scenarios, and whether it worked.

::

    rules         what a choice of sites must keep; names the rule that cannot be kept
    solver        exact choices with HiGHS, started by a heuristic, with a bound always
    sites         the questions: cover most people, shorten walks, cover all, be fair, respect capacity
    candidates    vacant properties through a gate, and actions on existing places, as options
    aims          what is to be reached, as one question that can be asked again
    plans         which first, what more money buys, what if one falls through
    model_areas   a longlist of areas × criteria → Pareto front, ranks, how sure when members disagree
    portfolio     several areas under quotas; comparison areas fixed before the start
    records       a decision as a file that can be computed again
    scenarios     what if: places opened, closed, moved, changed; streets added
    verification  did it work, compared with areas where nothing was done
    territories   areas of work for coordinators: connected, of like load
"""
