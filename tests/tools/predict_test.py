"""The arithmetic of tools/predict, on counts whose time is known."""
import pathlib
import sys
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
sys.path[:0] = [str(TOOLS), str(TOOLS / "predict")]
import bench_table  # noqa: E402
import model  # noqa: E402
from cards import CARDS, Card  # noqa: E402

CARD = Card("test", units=4, clock_ghz=1.0, dram_gbs=128.0, dispatch_us=(1.0, 2.0, 3.0))


def work(kernel="k", groups=2, waves=8, lines=0, lds=0, asked=0, **classes):
    return {"loads": {"lines": asked}, "stores": {"lines": 0}, "atomics": {"lines": 0},
            "kernel": kernel, "grid": [groups, 1, 1], "groups": groups, "waves": waves,
            "lines_read": lines, "lines_written": 0, "lds_cycles": lds, "classes": classes,
            "instructions": sum(classes.values()), "loop": None, "occupancy": 16}


class TimeTest(unittest.TestCase):
    def test_bytes(self):
        t = model.time_of(work(lines=10 ** 6), CARD)  # 128 MB of 128 GB/s
        self.assertAlmostEqual(t.bytes_s, 1e-3)
        self.assertAlmostEqual(t.high, 1e-3 + 1e-6)
        self.assertAlmostEqual(t.mid, 1e-3 / 0.86 + 2e-6)
        self.assertAlmostEqual(t.low, 1e-3 / 0.79 + 3e-6)
        self.assertEqual(t.bound, "bytes")

    def test_lines_that_loads_ask_for(self):
        t = model.time_of(work(asked=4 * 10 ** 6), CARD)  # four L0 caches, a line a cycle
        self.assertAlmostEqual(t.l0_s, 1e-3)
        self.assertEqual(t.bound, "l0")

    def test_issue_over_all_simds(self):
        t = model.time_of(work(valu=8 * 10 ** 6), CARD)  # 8 SIMDs, all busy
        self.assertAlmostEqual(t.issue_s, 1e-3)
        self.assertEqual(t.bound, "issue")

    def test_slow_classes(self):
        self.assertEqual(model.simd_cycles(work(valu=1, transcendental=1, wmma=1)), 37)
        self.assertEqual(model.simd_cycles(work(valu=1, slow_integer=2, double=1, dot=1)), 26)
        self.assertEqual(model.simd_cycles(work(valu=1, salu=3, branch=2)), 5)

    def test_one_group_leaves_the_card_idle(self):
        # One wave on one SIMD of one WGP: nothing is shared out.
        t = model.time_of(work(groups=1, waves=1, valu=10 ** 6), CARD)
        self.assertAlmostEqual(t.issue_s, 1e-3)
        # Three groups on two WGPs: one has two.
        t = model.time_of(work(groups=3, waves=12, valu=3 * 10 ** 6), CARD)
        self.assertAlmostEqual(t.issue_s, 2e6 / 4 / 1e9)

    def test_lds(self):
        t = model.time_of(work(groups=2, waves=8, lds=4 * 10 ** 6), CARD)
        self.assertAlmostEqual(t.lds_s, 1e-3)
        self.assertEqual(t.bound, "lds")

    def test_a_tiny_dispatch_costs_its_launch(self):
        self.assertEqual(model.time_of(work(valu=1), CARD).bound, "dispatch")

    def test_peak_of_the_data_sheet(self):
        card = CARDS["7900xt"]
        # 8192 operations a WMMA: 103 TFLOP/s.
        one = work(groups=84, waves=84 * 8, wmma=10 ** 9)
        flops = 10 ** 9 * 8192 / model.time_of(one, card).issue_s
        self.assertAlmostEqual(flops / 1e12, 103, delta=0.5)


class LayersTest(unittest.TestCase):
    def names(self, *kernels):
        return [work(name, lines=100, valu=100) for name in kernels]

    def test_splits(self):
        step = self.names("embed_rows", "a", "b", "a", "b", "head")
        parts = model.split_layers(step)
        self.assertEqual([len(part) for part in parts], [1, 2, 2, 1])
        self.assertEqual(model.check_linear(*parts[1:3]), 0)
        total, rows = model.whole(parts, 32, CARD)
        self.assertEqual(sum(n for _, n, _ in rows), 66)
        self.assertAlmostEqual(total.mid, 66 * model.time_of(step[0], CARD).mid)

    def test_takes_the_whole_layer(self):
        # A kernel that comes twice within a layer is no layer.
        parts = model.split_layers(self.names("embed_rows", "a", "a", "b", "a", "a", "b", "head"))
        self.assertEqual([len(part) for part in parts], [1, 3, 3, 1])

    def test_refuses_what_does_not_repeat(self):
        with self.assertRaises(ValueError):
            model.split_layers(self.names("embed_rows", "a", "c", "head"))

    def test_refuses_counts_that_are_not_linear(self):
        first, second = self.names("a"), self.names("a")
        second[0]["instructions"] *= 2
        with self.assertRaises(ValueError):
            model.check_linear(first, second)

    def test_refuses_layers_of_other_kernels(self):
        with self.assertRaises(ValueError):
            model.check_linear(self.names("a"), self.names("b"))
        with self.assertRaises(ValueError):
            model.check_linear(self.names("a"), self.names("a", "a"))

    def test_one_layer_and_two(self):
        one = self.names("embed_rows", "a", "b", "head")
        two = self.names("embed_rows", "a", "b", "a", "b", "head")
        parts, worst = model.check_layers(one, two)
        self.assertEqual([len(part) for part in parts], [1, 2, 2, 1])
        self.assertEqual(worst, 0)
        one[3]["instructions"] = 99  # of 100
        self.assertAlmostEqual(model.check_layers(one, two)[1], 0.01)
        one[2]["lines_read"] *= 2  # the layer is another where it stands alone
        with self.assertRaises(ValueError):
            model.check_layers(one, two)
        with self.assertRaises(ValueError):
            model.check_layers(one[:3], two)

    def test_steps(self):
        run = self.names("repack", "embed_rows", "a", "embed_rows", "b")
        self.assertEqual([[d["kernel"] for d in step] for step in model.steps_of(run)],
                         [["embed_rows", "a"], ["embed_rows", "b"]])
        with self.assertRaises(ValueError):
            model.steps_of(self.names("a"))


class TableTest(unittest.TestCase):
    SPEED = {"low": 80.0, "mid": 120.0, "high": 160.0}

    def test_beside_what_is_published(self):
        text = bench_table.table({"results": [
            {"case": "a", "tokens_per_second": self.SPEED, "published": {"least": 100, "most": 150}},
            {"case": "b", "tokens_per_second": self.SPEED, "published": {"least": 100, "most": 100}}]})
        self.assertIn("| a | 120.0 | 80.0 to 160.0 | 100 to 150 | 0.80 to 1.20 |", text)
        self.assertIn("| b | 120.0 | 80.0 to 160.0 | 100 | 1.20 |", text)

    def test_kernels_of_a_hundredth_and_more(self):
        kernel = {"kernel": "k", "times": 3, "share": 0.5, "bound": "bytes", "bytes_share": 0.9,
                  "issue_share": 0.2, "lds_share": 0, "l0_share": 0.1, "balance": 0.75, "valu_a_weight": 0.07}
        text = bench_table.table({"results": [{
            "model": "m", "test": "tg1", "tokens_per_second": self.SPEED, "dispatches": 9,
            "kernels": [kernel, dict(kernel, kernel="small", share=0.009)]}]})
        self.assertIn("| m | tg1 | 120.0 | 80.0 to 160.0 | 9 |", text)
        self.assertIn("| m | tg1 | `k` | 3 | 50.0% | bytes | 90% | 20% | 0% | 10% | 75% | 0.070 |", text)
        self.assertNotIn("small", text)


if __name__ == "__main__":
    unittest.main()
