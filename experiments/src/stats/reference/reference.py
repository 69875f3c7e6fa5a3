"""Ratios with their intervals, written from the definitions alone and with nothing but the standard library.

An independent implementation to compare the Rust one with: it reads measurements and the choices that a resampling
made from a JSON file (first argument) and prints ratios, intervals and tests as JSON.

    input:  {"programs": [[{"subject": [...], "baseline": [...]}, ...blocks], ...], "resamples": n, "choices": [...]}
    output: {"overall": {...}, "programs": [{...}, ...], "worst": program, "p": two-sided, "holm": [...], "bh": [...]}

Choices are in the order in which they are made. For each resample and each place of a program: the program, then for
each place of a block: the block, then an iteration for each place of the subject's, then of the baseline's process.
Processes with one value need none.
"""

import fractions
import json
import math
import statistics
import sys


def t_cdf(t, degrees):
    """Student's t, by Gauss-Legendre quadrature of its density in pieces."""
    nodes = [(0.1488743389816312, 0.2955242247147529), (0.4333953941292472, 0.2692667193099963),
             (0.6794095682990244, 0.2190863625159820), (0.8650633666889845, 0.1494513491505806),
             (0.9739065285171717, 0.0666713443086881)]
    log_scale = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - math.log(degrees * math.pi) / 2
    pieces = 400
    total = 0.0
    for piece in range(pieces):
        half = t / pieces / 2
        middle = (2 * piece + 1) * half
        for node, weight in nodes:
            for x in (middle - half * node, middle + half * node):
                total += weight * half * math.exp(log_scale - (degrees + 1) / 2 * math.log1p(x * x / degrees))
    return 0.5 + total


def t_quantile(p, degrees):
    """By bisection."""
    low, high = 0.0, 1.0
    while t_cdf(high, degrees) < p:
        low, high = high, 2 * high
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if t_cdf(middle, degrees) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def quantile(values, p):
    """Linear between order statistics (type 7)."""
    values = sorted(values)
    place = p * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] * (1 - (place - below)) + values[above] * (place - below)


def log_ratio(subject, baseline):
    return math.log(statistics.fmean(subject)) - math.log(statistics.fmean(baseline))


def spread(values):
    """Standard error of the mean."""
    return statistics.stdev(values) / math.sqrt(len(values))


def interval(programs, resamples, choices):
    blocks = [[log_ratio(block["subject"], block["baseline"]) for block in program] for program in programs]
    units = blocks[0] if len(programs) == 1 else [statistics.fmean(program) for program in blocks]
    estimate, error, degrees = statistics.fmean(units), spread(units), len(units) - 1
    t = t_quantile(0.975, degrees)
    detectable = math.expm1((t + t_quantile(0.8, degrees)) * error)
    if len(units) < 8:
        ends = -t, t
    else:
        draw = iter(choices)

        def process(values):
            if len(values) == 1:
                return values
            return [values[next(draw)] for _ in values]

        def block(program):
            chosen = program[next(draw)]
            subject = process(chosen["subject"])
            return log_ratio(subject, process(chosen["baseline"]))

        distances = []
        for _ in range(resamples):
            if len(programs) == 1:
                drawn = [block(programs[0]) for _ in programs[0]]
            else:
                drawn = []
                for _ in programs:
                    program = programs[next(draw)]
                    drawn.append(statistics.fmean([block(program) for _ in program]))
            distances.append((statistics.fmean(drawn) - estimate) / max(spread(drawn), error / 2))
        ends = quantile(distances, 0.025), quantile(distances, 0.975)
    return {
        "ratio": math.exp(estimate),
        "low": math.exp(estimate - ends[1] * error),
        "high": math.exp(estimate - ends[0] * error),
        "detectable": detectable,
    }


def permutation(programs):
    """Exact two-sided p-value: every pattern of signs, in exact arithmetic."""
    terms = []
    for program in programs:
        for block in program:
            # rounded, so that the same terms in another order are the same sum
            value = log_ratio(block["subject"], block["baseline"]) / len(program) / len(programs)
            terms.append(fractions.Fraction(round(value * 1e15)))
    observed = abs(sum(terms))
    tie = fractions.Fraction(len(terms))
    sums = {fractions.Fraction(0): 1}
    for term in terms:
        following = {}
        for value, count in sums.items():
            for signed in (value + term, value - term):
                following[signed] = following.get(signed, 0) + count
        sums = following
    return sum(count for value, count in sums.items() if abs(value) >= observed - tie) / 2 ** len(terms)


def holm(p_values):
    """Smallest level at which the step-down procedure rejects."""
    adjusted = []
    for p in p_values:
        steps = [(len(p_values) - sum(other < smaller for other in p_values)) * smaller
                 for smaller in p_values if smaller <= p]
        adjusted.append(min(1.0, max(steps)))
    return adjusted


def benjamini_hochberg(p_values):
    """Smallest level at which the step-up procedure rejects."""
    adjusted = []
    for p in p_values:
        steps = [larger * len(p_values) / sum(other <= larger for other in p_values)
                 for larger in p_values if larger >= p]
        adjusted.append(min(1.0, min(steps)))
    return adjusted


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        data = json.load(file)
    programs = data["programs"]
    each = [interval([program], data["resamples"], []) for program in programs]
    p_values = [permutation([program]) for program in programs]
    json.dump({
        "overall": interval(programs, data["resamples"], data["choices"]),
        "programs": each,
        "worst": max(range(len(each)), key=lambda program: each[program]["ratio"]),
        "p": permutation(programs[:3]),
        "p_values": p_values,
        "holm": holm(p_values),
        "bh": benjamini_hochberg(p_values),
    }, sys.stdout, indent=1)
    print()


main()
