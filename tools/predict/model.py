"""Counts of the emulator -> time on a stated card.

The time of a dispatch is the largest of
  bytes     distinct 128-byte lines that it reads and writes, over the DRAM's rate;
  issue     the instructions of its busiest SIMD, over the clock;
  lds       the cycles that the LDS of its busiest WGP works, which has two halves of 32 banks;
  l0        the lines that its loads ask the L0 caches of its busiest WGP for, which has two;
plus the cost of a dispatch. The middle takes the shares of cards.py; the low end (of speed) adds bytes
and issue instead of taking the larger, as where nothing overlaps; the high end takes the ideal.

Left out, and so the uncertainty: latency that too few waves cannot hide, caches (each dispatch's lines
come from DRAM once, however large the caches, and no more than once), clocks below boost, refresh, TLBs.
"""
from dataclasses import dataclass

from cards import DRAM_SHARE, L0_LINES_A_CYCLE, PORTS, VALU_CYCLES

LINE = 128


@dataclass
class Time:
    low: float   # seconds at the low end of speed
    mid: float
    high: float
    bytes_s: float
    issue_s: float
    lds_s: float
    l0_s: float
    bound: str   # "bytes", "issue", "lds", "l0" or "dispatch": the largest part of `mid`

    def __add__(self, other):
        return Time(self.low + other.low, self.mid + other.mid, self.high + other.high,
                    self.bytes_s + other.bytes_s, self.issue_s + other.issue_s,
                    self.lds_s + other.lds_s, self.l0_s + other.l0_s, self.bound)

    def times(self, n):
        return Time(self.low * n, self.mid * n, self.high * n, self.bytes_s * n, self.issue_s * n,
                    self.lds_s * n, self.l0_s * n, self.bound)


def valu_of(classes):
    """VALU instructions, WMMA not among them."""
    return sum(classes.get(name, 0) for name in VALU_CYCLES if name != "wmma")


def simd_cycles(work):
    """Cycles of vector issue, or of the busiest other port, summed over all waves."""
    classes = work["classes"]
    vector = sum(classes.get(name, 0) * cycles for name, cycles in VALU_CYCLES.items())
    return max([vector] + [sum(classes.get(name, 0) for name in port) for port in PORTS])


def busiest_share(work, card):
    """How much of the dispatch's work the busiest WGP has: groups go to WGPs whole."""
    groups = max(1, work["groups"])
    return -(-groups // card.wgps) / groups


def busiest_simd_share(work, card):
    """The same of a SIMD: a group of fewer than four waves leaves SIMDs of its WGP idle, unless
    further groups fill them."""
    waves_of_wgp = busiest_share(work, card) * max(1, work["waves"])
    return busiest_share(work, card) / min(4, max(1, waves_of_wgp))


def time_of(work, card):
    moved = (work["lines_read"] + work["lines_written"]) * LINE
    ideal = moved / (card.dram_gbs * 1e9)
    hertz = card.clock_ghz * 1e9
    issue = simd_cycles(work) * busiest_simd_share(work, card) / hertz
    lds = work["lds_cycles"] / 2 * busiest_share(work, card) / hertz
    l0 = work["loads"]["lines"] / (2 * L0_LINES_A_CYCLE) * busiest_share(work, card) / hertz
    least, usual, most = (us * 1e-6 for us in card.dispatch_us)
    slow, typical, best = (ideal / share for share in DRAM_SHARE)
    parts = {"bytes": typical, "issue": issue, "lds": lds, "l0": l0, "dispatch": usual}
    return Time(low=max(slow + issue, lds, l0) + most, mid=max(typical, issue, lds, l0) + usual,
                high=max(best, issue, lds, l0) + least, bytes_s=ideal, issue_s=issue, lds_s=lds, l0_s=l0,
                bound=max(parts, key=parts.get))


# ---- from the dispatches of a run to a step of the whole model

def steps_of(dispatches):
    """The dispatches of a run, step by step: each begins with its embedding of rows."""
    starts = [i for i, d in enumerate(dispatches) if d["kernel"].startswith("embed_rows")]
    if not starts:
        raise ValueError("no dispatch of embed_rows: not a run of a model?")
    return [dispatches[a:b] for a, b in zip(starts, starts[1:] + [len(dispatches)])]


def split_layers(step):
    """A step of a model with two layers -> (before, first layer, second layer, after).

    The layers are the longest dispatches that come twice, one behind another.
    """
    names = [d["kernel"] for d in step]
    for n in range(len(step) // 2, 0, -1):
        for start in range(len(step) - 2 * n + 1):
            if names[start:start + n] == names[start + n:start + 2 * n]:
                return step[:start], step[start:start + n], step[start + n:start + 2 * n], step[start + 2 * n:]
    raise ValueError(f"no dispatches of a layer repeat: {names}")


def check_linear(first, second, tolerance=0.02):
    """The largest relative difference between what two layers, or two steps, count, dispatch by dispatch."""
    if [d["kernel"] for d in first] != [d["kernel"] for d in second]:
        raise ValueError("counts are not linear in the layers: other kernels are dispatched")
    worst = 0.0
    for a, b in zip(first, second):
        for key in ("instructions", "lines_read", "lines_written", "waves"):
            if max(a[key], b[key]) > 0:
                worst = max(worst, abs(a[key] - b[key]) / max(a[key], b[key]))
    if worst > tolerance:
        raise ValueError(f"counts are not linear in the layers: {worst:.1%} between the first and second")
    return worst


def check_layers(one, two):
    """Steps of the same model with one layer and with two -> what split_layers() gives of the second, and
    the largest difference: between its layers, and between it without one of them and the first."""
    parts = split_layers(two)
    before, first, second, after = parts
    return parts, max(check_linear(first, second), check_linear(one, before + second + after))


def whole(parts, n_layers, card):
    """What split_layers() gives -> the step's time, and rows of (kernel, times a step, time)."""
    before, _, layer, after = parts
    rows = [(d, 1) for d in before] + [(d, n_layers) for d in layer] + [(d, 1) for d in after]
    out = [(d, n, time_of(d, card).times(n)) for d, n in rows]
    total = out[0][2]
    for _, _, t in out[1:]:
        total = total + t
    return total, out
