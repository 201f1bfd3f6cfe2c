#!/usr/bin/env python3
"""Gives a GGUF file that has no vocabulary a made-up one, so that servers can be measured with it.

  bench/e2e/add_vocabulary.py IN.gguf OUT.gguf

Byte-level BPE with a single, rare merge: a token for each byte of ASCII, so that whatever is said is
text, a control token that ends an answer, and words of four letters for all other rows of the
embedding. Texts therefore take a token a byte; what random weights say is words. Keys of IN that name a tokenizer are left out. Python's standard library alone.
"""
import mmap
import struct
import sys

ALIGNMENT = 32
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # of GGUF's types
U32, STRING, ARRAY, I32 = 4, 8, 9, 5


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def skip(data, at, kind):
    """The place behind a value."""
    if kind == STRING:
        return at + 8 + struct.unpack_from("<Q", data, at)[0]
    if kind == ARRAY:
        of, n = struct.unpack_from("<IQ", data, at)
        at += 12
        if of in SIZES:
            return at + n * SIZES[of]
        for _ in range(n):
            at = skip(data, at, of)
        return at
    return at + SIZES[kind]


def byte_names():
    """The characters that byte-level BPE writes the bytes of ASCII as."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    names, n = {}, 0
    for b in range(256):
        names[b] = chr(b) if b in plain else chr(256 + n)
        n += b not in plain
    return [names[b] for b in range(128)]


def vocabulary(n):
    """Keys and values for n tokens."""
    tokens = byte_names() + ["<|end|>", "zq"]
    letters = "abcdefghijklmnopqrstuvwxyz"
    for i in range(n - len(tokens)):
        word = "".join(letters[i // 26**k % 26] for k in range(3, -1, -1))
        tokens.append("\u0120" + word)  # behind a space
    kinds = [1] * n
    kinds[128] = 3  # a control token

    def array(of, count, values):
        return struct.pack("<IIQ", ARRAY, of, count) + values

    return {
        "tokenizer.ggml.model": struct.pack("<I", STRING) + text("gpt2"),
        "tokenizer.ggml.pre": struct.pack("<I", STRING) + text("gpt-2"),
        "tokenizer.ggml.tokens": array(STRING, n, b"".join(map(text, tokens))),
        "tokenizer.ggml.token_type": array(I32, n, struct.pack(f"<{n}i", *kinds)),
        "tokenizer.ggml.merges": array(STRING, 1, text("z q")),  # some engines want one
        "tokenizer.ggml.eos_token_id": struct.pack("<II", U32, 128),
        "tokenizer.ggml.bos_token_id": struct.pack("<II", U32, 128),
    }


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    magic, version, n_tensors, n_keys = struct.unpack_from("<4sIQQ", data, 0)
    if magic != b"GGUF" or version != 3:
        sys.exit(f"add_vocabulary: {sys.argv[1]} is no GGUF file of version 3")
    at, kept, alignment = 24, [], ALIGNMENT
    for _ in range(n_keys):
        begin = at
        at = skip(data, at, STRING)
        name = data[begin + 8:at].decode()
        kind = struct.unpack_from("<I", data, at)[0]
        value = at + 4
        at = skip(data, value, kind)
        if name == "general.alignment":
            alignment = struct.unpack_from("<I", data, value)[0]
        if not name.startswith("tokenizer."):
            kept.append(data[begin:at])
    infos, n_vocab = at, 0
    for _ in range(n_tensors):
        begin = at
        at = skip(data, at, STRING)
        n_dims = struct.unpack_from("<I", data, at)[0]
        dims = struct.unpack_from(f"<{n_dims}Q", data, at + 4)
        if data[begin + 8:begin + 8 + 17] == b"token_embd.weight":
            n_vocab = dims[1]
        at += 4 + 8 * n_dims + 4 + 8
    if n_vocab < 300:
        sys.exit(f"add_vocabulary: {sys.argv[1]}: no token_embd.weight with 300 rows or more")
    weights = -(-at // alignment) * alignment
    keys = kept + [text(name) + value for name, value in vocabulary(n_vocab).items()]
    head = struct.pack("<4sIQQ", magic, version, n_tensors, len(keys)) + b"".join(keys) + data[infos:at]
    with open(sys.argv[2], "wb") as out:
        out.write(head + b"\0" * (-len(head) % alignment))
        for begin in range(weights, len(data), 1 << 26):
            out.write(data[begin:begin + (1 << 26)])


if __name__ == "__main__":
    main()
