#!/usr/bin/env python3
"""Asks `rocmforge serve` through OpenAI's own client (pip install openai).

  rocmforge serve --gguf model.gguf &
  examples/openai_client.py "Why is the sky blue?"
"""

import os
import sys

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("ROCMFORGE_URL", "http://127.0.0.1:8080") + "/v1",
    api_key=os.environ.get("ROCMFORGE_API_KEY", "none"),
)


def main() -> None:
    question = " ".join(sys.argv[1:]) or "Why is the sky blue?"
    model = client.models.list().data[0].id
    stream = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": question}],
        max_tokens=256,
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            print(chunk.choices[0].delta.content, end="", flush=True)
        if chunk.usage:
            print(f"\n[{chunk.usage.completion_tokens} tokens]", file=sys.stderr)


main()
