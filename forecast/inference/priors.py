"""Every prior and every constant of tuning that fitting knows, each with its unit, its reason and where it comes from.

"Public panels" are the five of ``docs/benchmark.md``: monthly statistics of three countries, chosen on years that are
scored among them (``docs/model.md`` says what that means for the scores). "Simulated worlds" are those of
``docs/calibration.md``. A constant without a named source is one of accuracy: making it finer changes no digit that is
shown.

Invariant: no other module of the room states a number of its own, and the tables of ``docs/model.md`` say what stands
here (held by ``tests/test_priors.py``).
"""

from __future__ import annotations

from typing import Final

import numpy as np

# Shape of the log index, figures with gaps

SHAPE_NAMES: Final = ("level", "slope", "season", "ar", "irregular", "ar_logit", "growth", "revision")
"""Order of the shape parameters."""
SHAPE_CENTRE: Final = np.array([-1.15, -3.0, -1.9, -0.8, -0.3, 0.8, -0.5, -2.5])
"""Prior mean of log sd over scale of level, slope, season, autoregression and irregular, of the logit of the
autoregression, and of log sd over scale of growth (ratios alone) and of the restatement of cumulative figures. Source:
public panels; growth: cities of Hunan and provinces' GDP."""
SHAPE_SPREAD: Final = np.array([0.8, 0.9, 0.8, 0.8, 0.75, 1.0, 1.2, 1.0])
"""Prior sd of the same: a factor of two or three either way. Source: public panels."""
AR_MAX: Final = 0.97
"""Largest autoregression a period: beyond it the level takes over."""
GROWTH_KEPT: Final = 0.6
"""Autoregression, a period of eleven a year, of year-on-year growth that is a process of its own. Source: cities of
Hunan, where .3 to .8 score alike."""
SLOPE_KEPT_A_YEAR: Final = 0.40
"""Share of a slope that is left after a year: growth of regional statistics reverts within about a year. Source:
public panels."""
DRIFT_SD_A_YEAR: Final = 0.5
"""Prior sd of long-run growth a year, scales: places drift apart by about half of what they fluctuate in a period."""
ROOT_TREND_A_YEAR: Final = 0.05
"""Prior mean of the root's long-run growth, log a year: Chinese real growth of 2015-2019 was 6-7 % (statistical
communiques), prices aside."""
ROOT_TREND_SD_A_YEAR: Final = 0.05
"""Prior sd of the same, log a year: none to a doubling."""
PROFILE_SD: Final = {"levels": 0.02, "profile": 0.08, "flat": 0.20}
"""Sd of a period's log base weight, by where the weights come from: last year's published levels, a profile stated in
the data set, the flat default. Months of Chinese investment differ by some 20 % around the flat profile (the share of
January to August lies between .66 and .73)."""
RATIO_PROFILE_SHARE: Final = 0.5
"""Share of that uncertainty that a place has of its own, its parent's seasonality aside; an assumption."""
LEAST_LEVEL: Final = 1e-9
"""Least level over the largest: below it sums lose their digits, and only draws of a huge scale come there."""

# Scale

SCALE_BY_LEVEL: Final = {"nation": 0.012, "province": 0.015, "city": 0.03, "county": 0.05, "zone": 0.05}
"""Prior median of the scale, log points a period: the smaller a place, the noisier (a county of Ankang lost 29 % in
2020; ``data/ankang-2020``)."""
SCALE_SD: Final = 1.2
"""Prior sd of the log of the siblings' common scale: indicators differ by a factor of ten (income to investment)."""
UNIT_SCALE_SD: Final = 0.5
"""Prior sd of a sibling's log scale around the common one."""
LOG_SCALE_SD: Final = float(np.hypot(SCALE_SD, UNIT_SCALE_SD))
"""Prior sd of the log of a place's scale where figures are regular: as where they have gaps, each sibling by itself."""
SCALE_GRID: Final = np.exp(np.linspace(-4.2, 4.2, 57))
"""Scales over which the likelihood is integrated, over the prior median: three prior sds either way."""

# Volatility

VOLATILITY_SD: Final = 0.4
"""Sd of the log of how stirred times are. Source: spread of z by year, cities of Hunan and provinces' GDP."""
VOLATILITY_KEPT_A_YEAR: Final = 0.5
"""Share of it that is left after a year: a half-life of half a year to two does about as well on the public panels."""
VOLATILITY_COMMON: Final = 0.5
"""Share of its variance that siblings have in common; an assumption between none and all."""
VOLATILITY_REACH: Final = 3.0
"""Sds at which it is cut: uncut, a tiny erratic product explodes."""
VOLATILITY_NODES: Final = 25
"""Nodes of the filter, of either."""
VOLATILITY_OFFSETS: Final = 1.2
"""Largest log of the scale over that of a constant one."""

# Figures

ROUNDING_SD_PP: Final = 0.1 / np.sqrt(12)
"""Sd of rounding to one decimal, points."""
DERIVED_FACTOR: Final = np.sqrt(2)
"""Noise of a derived figure over that of a published one: the difference of two rounded ones (exact in 35 of 36 checks
against published figures of Ankang, else within 0.1-0.2)."""
LEAST_PUBLISHED: Final = -0.9995
"""Growth in place of a published -100.0 %, whose logarithm does not exist: what rounds to it, fraction."""
FIRST_YEARS: Final = 2
"""Years of growth before the target year that the grid has at least, so that base effects can be carried."""

# Regular figures: prior of the shapes

DESIGN_NAMES: Final = ("level", "slope", "season", "ar", "irregular", "ar_logit", "growth", "lasting_logit")
"""Order of the shape parameters of regular figures."""

DESIGN_CENTRE: Final = np.array([*SHAPE_CENTRE[:5], 1.6, SHAPE_CENTRE[6], 0.0])
"""Prior mean of the shapes: that above, restatement aside, which is the noise here, with autoregression of .8 a period
rather than .67, and of the logit of the share of a slope that lasts, over ``LASTING_LOGIT``. Source: public panels."""
DESIGN_SPREAD: Final = np.array([*SHAPE_SPREAD[:7], 1.5])
"""Prior sd of the same."""
SLOPE_KEPT: Final = 0.85**11
"""Share of a slope that is left after a year, a sixth. Source: public panels."""
SLOPE_LASTS: Final = 0.95
"""Share of a slope of the other kind that is left after a year: published real growth persists. Source: provinces'
GDP."""
LASTING_LOGIT: Final = {"monthly": -8.0, "quarterly": 0.0}
"""Prior mean of the logit of the share of a slope's variance that lasts: by quarter as likely as not; by month next to
none, as a share that is learnt there costs the public panels 6 % of CRPS (employment 24 %)."""
TREND_SD_A_YEAR: Final = 0.11
"""Prior sd of a linear trend a year, scales: next to none, the damped slope does it. Source: public panels."""
POOL: Final = 5.0
"""Siblings that the prior of the shapes weighs as much as, when the siblings' own is learnt."""
POOL_SPREAD: Final = 0.8
"""Spread of siblings' shapes around their own mean, over that of all places: with a narrower one, learnt or not, the
public panels score the same and fewer points of the design count."""
POOL_STEPS: Final = 6
"""Steps of EM for their mean: the seventh moves it by a hundredth of a prior sd."""

# Regular figures: noise

NOISE_RATIOS: Final = 0.004 * 1.4 ** np.arange(26)
"""Grid of the sd of rounding and revision over the scale: from nothing to where a place moves by noise alone. With
steps of 1.6, or an end at 1.8, simulated worlds that do were given too large a scale."""
ROUNDED: Final = 0.36
"""Slope of the log of noise over rounding in its normal score where figures are rounded alone: rounding is known but
for dependence of the figures. Source: public panels."""
REVISED: Final = 1.2
"""How much steeper it is where they are revised on top, which is so for a third of the places; the same quantiles as a
mixture of both kinds that the public panels were fitted with."""
REVISED_FROM: Final = 0.35
"""Normal score from which on figures are revised. Source: public panels."""
REVISED_BEND: Final = 2.0
"""How sharply the slope changes there; a choice of form."""
NOISE_REACH: Final = 9.0
"""Largest log of noise over rounding in the tables: beyond it there is no mass."""
NOISE_STEP: Final = 0.01
"""Step of the tables, log points."""
NOISE_NODES: Final = 96
"""Quantiles of the scale that a cell's mass is averaged over."""
LEAST_MASS: Final = 1e-300
"""Added to masses before their logarithm."""
NOISE_NORMAL: Final = np.linspace(-12.0, 12.0, 4001)
"""Normal scores between which the prior is interpolated."""
UNLIKELY: Final = -3.5
"""Log of the noise's sd over that of rounding that needs no computing: ten prior sds."""

# Regular figures: which grids, how many points

MOST_MISSING: Final = 1 / 3
"""Share of a place's figures that may be missing: with more, the prior of places with few figures is the better one."""
LEAST_CHANGES: Final = 10
"""Changes of year-on-year growth that a scale is seen in."""
DESIGN_POINTS: Final = 512
"""Points of the design; with 256 or 2048 the two public panels that are hardest on it score the same."""
KEPT_GRIDS: Final = 10
"""Grids whose factors are kept: a data set has three frequencies, a replay of past months more."""
ENOUGH_POINTS: Final = 10.0
"""Effective points of a place below which further ones are drawn: one place in a hundred of the public panels, where
the season varies much from year to year (hotel nights), or growth is very smooth (employment)."""
NEW_POINTS: Final = 64
"""Points a round: every point takes half a millisecond."""
REFINEMENTS: Final = 4
"""Rounds at most."""
PROPOSAL_DOF: Final = 5.0
"""Degrees of freedom of proposals, either way: heavier tails than any posterior that was met."""
REFINED_EFFECTIVE: Final = 12.0
"""Effective points below which weights are flattened before a proposal is fitted to them."""
LEAST_SPREAD: Final = 0.2
"""Least sd of a proposal, prior sds."""
REGULAR_LEAST_POINTS: Final = 5.0
"""Effective points of the design below which the fast route is not to be relied on: the weights rest on a handful.
Another design of as many points moves the centre of a forecast by .05 of its sd above 40 points and by .1 to .2 below,
most where a panel collapsed and came back, whatever the number there (public panels, against 3072 points)."""
LEAST_QUADRATIC: Final = 1e-12
"""Quadratic form of a place that never moves."""
LEAST_EIGENVALUE: Final = 1e-9
"""Of the prior covariance of figures for unit scale: what is left where it is singular."""
LARGEST_MOVE: Final = 8.0
"""Year-on-year log growth beyond which draws are cut: a factor of three thousand."""

# Figures with gaps: points and paths

ROUND_POINTS: Final = 128
"""Points of a round of adaptive importance sampling."""
LEAST_ROUNDS: Final = 3
"""Rounds at least: one of the prior, two that have learnt."""
MOST_ROUNDS: Final = 30
"""Rounds at most: 3840 points."""
ENOUGH_EFFECTIVE: Final = 400.0
"""Effective points at which rounds stop: quantiles of the forecast then repeat within a twentieth of its sd. With 80,
three of sixteen hyperparameters were not uniform on simulated worlds: the first rounds' points are always the same."""
FLATTENED_EFFECTIVE: Final = 24.0
"""Effective points below which the weights of a round are flattened before a proposal is fitted to them."""
HYPER_DRAWS: Final = 250
"""Hyperparameter draws that paths are drawn from; the paths of one share a factorisation."""
GAPS_LEAST_POINTS: Final = 10.0
"""Effective points below which the fast route is not to be relied on where figures have gaps."""
EXPANSIONS: Final = 8
"""Linearisations at most: growth of -30 % settles within 1e-6 after four."""
CORRECTIONS: Final = 6
"""Corrections of every path: what is left is below the rounding of published figures after three or four."""
MET: Final = 1e-5
"""Misfit, log points, at which corrections stop: a hundredth of a published digit."""

# The reference routes

CHAINS: Final = 4
"""Chains, either way."""
MAX_RHAT: Final = 1.02
"""Gate: R-hat of Vehtari et al. (2021), their 1.01 relaxed for short chains."""
MIN_ESS: Final = 200.0
"""Gate: effective draws, bulk and tail, 50 a chain (same source)."""
GAPS_TUNE: Final = 400
"""Draws of a chain to tune where figures have gaps."""
GAPS_DRAWS: Final = 500
"""Draws of a chain there."""
PAD_TO: Final = 4
"""Family sizes are padded to a multiple of this, so that few graphs serve all."""
REGULAR_TUNE: Final = 40
"""Draws of a chain to tune where figures are regular: coordinates are scaled before, there is little to tune."""
REGULAR_DRAWS: Final = 180
"""Draws of a chain there."""
REGULAR_DEPTH: Final = 2
"""Of the tree of a draw: three large steps of scaled coordinates turn round, longer paths take twice the time for draws
that are worth the same."""
REGULAR_ROUNDS: Final = 4
"""Rounds of chains at most: further ones join where the gates are not passed yet, in one place of six."""
REGULAR_ACCEPT: Final = 0.7
"""Of proposals: with a larger share steps are too short for so few of them."""
LEAST_VARIANCE: Final = 0.05
"""Added to the variances that NUTS is scaled by, prior variances: the fast route's may rest on few points."""

# Chaining published growth

POSSIBLE: Final = (0.25, 4.0)
"""A period's level over its usual one, growth to date taken out, that is let stand. Lockdowns of a month reached 0.3;
restatements of running totals are beyond either end. Source: public panels."""
FLOOR: Final = 0.02
"""Share of last year's level below which a period's level is a slip or a restatement of what came before it."""
OVERSHOT: Final = (1.6, 0.5)
"""The period before was a slip upwards where its own level was beyond this multiple of its usual one, and the present
one is too low; downwards likewise. Source: public panels."""
REVERTS: Final = 0.4
"""A total is a slip where the next one is back within this share of its jump. Source: public panels."""
LEAST_GROWTH: Final = -0.98
"""Deepest fall that is chained, fraction: below it a digit of rounding is as large as what is left."""
LEAST_RATIO: Final = 1e-3
"""Least running total over last year's."""
USUAL_YEARS: Final = 2
"""Years whose median index says what is usual."""
LEAST_PERIODS: Final = 5
"""Periods from which that median is taken."""

# The direct member

DIRECT_LEAST_YEARS: Final = 3
"""Past years that the regression needs."""
DIRECT_PRIOR: Final = np.array([0.35, -0.1, -0.35, -0.2, 0.1])
"""Coefficients that hold anywhere, on momentum less growth to date, growth to date, last year's excess (the base
effect), last year's growth, last period less momentum. Source: public panels."""
DIRECT_EARLY_PRIOR: Final = np.array([0.0, -0.25, -0.3, -0.2, 0.1])
"""The same through March, when momentum is growth to date."""
EARLY: Final = 0.25
"""Share of the year's periods up to which it is early."""
RIDGE: Final = 10.0
"""Weight of the prior, figures of one scale; between 3 and 40 nothing changes."""
SCALE_YEARS: Final = 3.0
"""Years that the siblings' common scale weighs in a place's own."""
LARGEST: Final = 4.0
"""Scales at which a past figure is cut in the fit."""
LARGEST_NOW: Final = 6.0
"""The same of a prediction or a residual."""
LEAST_SCALE: Final = 1e-5
"""Least scale, log points."""
LEAST_FREEDOM: Final = 0.3
"""Least share of freedom that fitting is taken to leave."""
YEAR_SHARE: Final = 0.8
"""Share of the variance of a residual that is a past year's, common to all places; the rest is a place's own."""
MOMENTUM_MONTHS: Final = 3
"""Months whose mean growth is momentum."""

# Dependence between indicators: correlation of what the end of the year surprises by, prior mean and sd by kind of pair

DEPENDENCE_NATION: Final = {"part": (0.70, 0.15), "activity": (0.35, 0.20), "unlike": (0.15, 0.15)}
"""Of the nation, or whatever the root is. Source: year-end errors of the model on Chinese aggregates of 2010-2024
(eight indicators, as of March, June, September): .34 +- .10 over all pairs, .5 to .7 in 2020-2022, about .1 otherwise;
.40 to .77 for GDP with power and cement and for products that are made of each other."""
DEPENDENCE_RATIO: Final = {"part": (0.45, 0.15), "driver": (0.20, 0.08), "unlike": (0.06, 0.05)}
"""Of a place's ratio to what it lies in. Source: the same errors of 30 provinces: .083 +- .020 over all pairs, .38 to
.54 for products that are made of each other, .13 to .20 for GDP with power, cement and cars, .06 for all others;
Australian retail and livestock, Brazilian fuels .02 to .16. Cities, incomes and revenues are an extrapolation."""
YEAR_END_OVER_QUARTER: Final = 1.2
"""Correlation of year-end errors over that of quarterly sums of innovations (36 pairs of nine monthly indicators: 1.16
at the aggregate, 1.26 in ratios)."""
QUARTERS_A_FIGURE: Final = 3.0
"""Quarterly sums that count as one independent figure of a correlation: surprises of a year hang together."""
LARGEST_SURPRISE: Final = 3.0
"""Standard deviations at which a quarterly sum is cut, as errors are where the priors come from."""
DEPENDENCE_POINTS: Final = 32
"""Points of the design that innovations are read at: they depend little on the shape."""

# Members mixed

DIRECT_SHARE: Final = 0.3
"""Share of the draws that the direct member would give after very many years: the public panels do not tell .2 from .5,
four that no constant had been chosen on prefer less; weights learnt within a history do no better."""
HALF_SHARE_YEARS: Final = 3.0
"""Past years from which it gives half of that."""
TAIL_DOF: Final = 8.0
"""Degrees of freedom of the structural member's tails; the variance stays."""
LEAST_REST: Final = 0.02
"""Least level of the rest of the year, over the structural member's centre: growth stays legal where tails are long."""

# Draws that are none of a place's statistics, and base weights that are drawn

LEAST_SHARE: Final = 1e-5
"""Share of a period in its year over its base weight below which a draw is none of a place's statistics: far below what
chaining lets stand of a published slip, far above where single precision loses the period."""
MOST_GROWTH: Final = 3000.0
"""A year's total over the year's before, either way, beyond which it is none either."""
GROWTH_SCALES: Final = 60.0
"""Log growth of a year's total, over the prior median of the place's scale, beyond which a draw is none of figures that
show nothing of the kind: a nation's total doubles, a province's grows 2.5, a city's 6, a county's 20. A scale that
no figure speaks of has a log normal prior, whose exponential has no variance: without an end a few draws in a thousand
made a spread of thousands of points. Largest of 1,100 totals of half a year and more of a nation, a province and 14
cities: 1.4, 1.3 and 4.3 times."""
GROWTH_SEEN: Final = 3.0
"""The same, over the largest published log growth of the place: what has happened may come thrice."""
MOST_REPLACED: Final = 0.02
"""Share of a place's draws that may be replaced before the fit fails its gate."""
MOST_MOVED: Final = float(np.log(2))
"""By how much another base may move the growth of a published month, log points: beyond it a level of the chain is a
repaired one, of which the base says nothing."""

# Figures that are corrected after their first print

REVISION_PRIOR_FIGURES: Final = 4.0
"""Settled figures that an indicator's ``revision_sd_pp`` weighs as much as in what corrections are expected."""
LONGEST_REVISION: Final = 730
"""Days after its first print beyond which a correction is a census, not a revision."""
SETTLED_PP: Final = 0.03
"""Points below which what is still to be corrected is rounding (its sd is .029)."""

# Running totals that are restated within the year

RESTATED_RATE: Final = 0.001
"""Prior mean of restatements of a running total a period. Source: products of Chinese provinces .012 to .017 a period
from May on, single ones 0 to .027; Australian retail and employment, livestock, power use 0 to .003."""
RESTATED_WEIGHT: Final = 0.5
"""Restatements that this weighs as much as: five hundred periods of all siblings without any halve it."""
RESTATED_OWN: Final = 100.0
"""Periods that the siblings' common rate weighs as much as in a place's own."""
RESTATED_LATE: Final = 2.5
"""How much likelier they are in the last quarter, when the year is closed. Source: 82 of 366 from October to December
in odd years, 15 a month before them; the same in even ones."""
RESTATED_FROM: Final = 4
"""Periods of a year from which a jump of a running total can be told from a month's own growth."""
RESTATED_LEAST: Final = 6.0
"""Usual changes beyond which a change of cumulative growth is looked at: none in employment and livestock, one in fifty
in products of Chinese provinces."""
RESTATED_MONTH: Final = 1.0
"""Log growth of the period alone that it would take, less the year's to date: reopened hotels had no more than half of
it, restated products twice as much (median)."""
RESTATED_STAYS: Final = 0.5
"""Share of a jump that the period beside it may take back: else it is a slip, or the end of one."""
RESTATED_SIZE: Final = 10.0
"""Prior sd of a restatement, usual changes of the place's cumulative growth at the end of a year."""
RESTATED_FIGURES: Final = 2.0
"""Restatements that this prior weighs as much as."""

# Events

EVENT_PROBABILITY: Final = 5e-4
"""Prior odds of an event in a period: one in a place's history of fifteen years, by month, at one kind of it in ten
places."""
EVENT_SCREEN_SIZE: Final = 10.0
"""Prior sd of an event that is looked for, in scales: an everyday change is one scale."""
EVENT_LEAST_SIZE: Final = 5.0
"""Least size of an event, in scales."""
EVENT_QUIET: Final = 5
"""Periods after the last event from which it is over: in public panels what has just been stirred stays so (hotel
nights of 2020), and until then the scale carries it."""
EVENT_FIRST: Final = 2
"""Periods at the beginning that no event is looked for in: nothing says what was usual before."""
MOST_EVENTS: Final = 3
"""Events of a place; with more, they are what is usual there, and none is taken out."""
EVENT_PASSES: Final = 2
"""Times that events are looked for again with those of before taken out."""
MEDIAN_OF_SQUARES: Final = 0.4549
"""Median of a squared standard normal."""
WINSOR: Final = 6.25
"""Squared innovations beyond this multiple of what is usual count no more than it."""
