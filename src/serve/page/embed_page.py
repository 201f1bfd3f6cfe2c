#!/usr/bin/env python3
"""Writes the page as C++: embed_page.py index.html OUT.cpp. The policy that goes with it allows its
own script and style, by their hashes, and requests to its own server, and nothing else."""
import base64
import hashlib
import pathlib
import re
import sys


def source_hash(html: bytes, tag: bytes) -> str:
    found = re.findall(b"<%s>(.*?)</%s>" % (tag, tag), html, re.DOTALL)
    if len(found) != 1:
        raise SystemExit("the page wants one <%s>" % tag.decode())
    return "'sha256-" + base64.b64encode(hashlib.sha256(found[0]).digest()).decode() + "'"


def policy(html: bytes) -> str:
    return ("default-src 'none'; script-src " + source_hash(html, b"script")
            + "; style-src-elem " + source_hash(html, b"style") + "; style-src-attr 'unsafe-inline'"
            + "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
            + "; frame-ancestors 'none'")


def main() -> None:
    html = pathlib.Path(sys.argv[1]).read_bytes()
    rows = [", ".join(str(b) for b in html[i:i + 32]) for i in range(0, len(html), 32)]
    pathlib.Path(sys.argv[2]).write_text(
        '#include "serve/page/page.h"\n\nnamespace rocmforge::serve {\nnamespace {\n'
        "constexpr unsigned char kBytes[] = {\n" + ",\n".join(rows) + "};\n}  // namespace\n"
        "const PageData kPage = {\n    {reinterpret_cast<const char*>(kBytes), sizeof kBytes},\n"
        '    "' + policy(html) + '",\n    "\\"' + hashlib.sha256(html).hexdigest()[:32] + '\\""};\n'
        "}  // namespace rocmforge::serve\n")


if __name__ == "__main__":
    main()
