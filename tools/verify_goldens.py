#!/usr/bin/env python3
"""Runs `rocmforge verify` over every recorded golden that there is a model for, on one device.

  tools/verify_goldens.py --device cuda [--program build/rocmforge] [--data ../shared] [--json FILE]

Prints a row a model and KV type; exit code 1 when a verdict is not `pass`. Models that this version
refuses (another architecture, another type) are listed with its reason. FILE gets all rows as JSON.
"""
import argparse
import json
import pathlib
import subprocess
import sys


def find_models(data):
    """(name, model, golden, reference or None) of each golden that has a model."""
    for golden in sorted((data / "golden").glob("*.json")):
        name = golden.name.removesuffix(".json")
        if name.endswith(".llamacpp"):
            continue
        reference = golden.with_name(name + ".llamacpp.json")
        for folder in ("models", "models/synth"):
            model = data / folder / (name + ".gguf")
            if model.exists():
                yield name, model, golden, reference if reference.exists() else None


def verify(program, device, kv_type, model, golden, reference):
    """The program's JSON; {"refused": its words} of a model that it does not support; or else
    {"verdict": "error", "error": what it said}."""
    command = [program, "verify", "--json", "--device", device, "--kv-type", kv_type,
               "--gguf", str(model), "--golden", str(golden)]
    if reference:
        command += ["--reference", str(reference)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.stdout.strip():
        return json.loads(done.stdout)
    words = done.stderr.strip().removeprefix("error: ").replace(str(model), model.name)
    if done.returncode > 0 and "not supported" in words:
        return {"refused": words}
    return {"verdict": "error", "error": f"exit code {done.returncode}: {words}"}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--program", default="build/rocmforge")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("../shared"))
    parser.add_argument("--json", help="write the rows here too")
    args = parser.parse_args()

    rows, failed = [], 0
    for name, model, golden, reference in find_models(args.data):
        for kv_type in ("f32", "f16"):
            result = verify(args.program, args.device, kv_type, model, golden, reference)
            rows.append({"model": name, "kv_type": kv_type, **result})
            if "refused" in result:
                print(f"{name:28} refused: {result['refused']}")
                rows[-1]["kv_type"] = None
                break
            failed += result["verdict"] != "pass"
            figures = f"rms {result['rms']:.6f}  max {result['max']:.6f}" if "rms" in result else ""
            print(f"{name:28} {kv_type}  {figures}  {result['verdict']}  {result.get('error', '')}",
                  flush=True)
    if not rows:
        sys.exit(f"verify_goldens: no goldens with models under {args.data}")
    if args.json:
        found = json.loads(subprocess.run([args.program, "devices", "--json"],
                                          capture_output=True, text=True, check=True).stdout)
        devices = {d["device"]: d["name"] for d in found["devices"]}
        version = subprocess.run([args.program, "--version"], capture_output=True, text=True,
                                 check=True).stdout.strip()
        path = pathlib.Path(args.json)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"program": version, "device": args.device,
                                    "devices": devices, "results": rows}, indent=1) + "\n",
                        encoding="utf-8")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
