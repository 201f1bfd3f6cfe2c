"""Renders chat templates with jinja2, set up as transformers sets it up, for jinja_oracle_test.

    jinja_oracle.py templates DIR    every template of DIR with conversations of all kinds
    jinja_oracle.py snippets         small templates, one for each thing that jinja does
    jinja_oracle.py random SEED N    N templates made at random

Writes a line of JSON for each: name, source (where it is not the line's before), input (the names
that the template is given) and output, or error (the message) and kind (the exception's class).
"""

import functools
import json
import os
import random
import sys
import warnings
from datetime import datetime

import jinja2
import jinja2.ext
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from jinja_snippets import GIVEN, LONGER, SNIPPETS

warnings.simplefilter("ignore")  # python's own, of odd templates
NOW = datetime(2025, 7, 4, 15, 6, 7)


class Generation(jinja2.ext.Extension):
    """The block that marks what an assistant wrote: a scope of its own, rendered as it stands."""

    tags = {"generation"}

    def parse(self, parser):
        lineno = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_render"), [], [], body).set_lineno(lineno)

    def _render(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: NOW.strftime(form)
    return env


ENV = environment()


@functools.lru_cache(maxsize=16)
def compiled(source):
    return ENV.from_string(source)


def render(name, source, given):
    out = {"name": name, "source": source, "input": given}
    try:
        out["output"] = compiled(source).render(**given)
    except Exception as error:  # whatever python raises, the template fails
        out["error"] = str(error)
        out["kind"] = type(error).__name__
    return out


def names(messages, tools=None, prompt=False, **more):
    given = {
        "messages": messages,
        "tools": tools,
        "documents": None,
        "add_generation_prompt": prompt,
        "bos_token": "<s>",
        "eos_token": "</s>",
    }
    given.update(more)
    return given


# --- conversations -------------------------------------------------------------------------------

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "  The weather \"now\" <at> a place & more, e.g. Zürich. ",
            "parameters": {
                "type": "object",
                "properties": {
                    "place": {"type": "string", "description": "Where: 東京, …"},
                    "days": {"type": "integer", "minimum": 0, "maximum": 16, "default": 1.5},
                    "unit": {"type": ["string", "null"], "enum": ["C", "F", None]},
                },
                "required": ["place"],
                "additionalProperties": False,
            },
            "return": {"type": "string"},
        },
    },
    {"type": "function", "function": {"name": "stop", "parameters": {}}},
]

USER = ["Hello!", "  What's the weather in Zürich? 🌦 ", "Line one\nline two /think\n", "x" * 70]
REPLY = [
    "Hi there.",
    "<think>\nLet me see…\n</think>\n\nIt rains, \"mostly\".",
    "\n\nA list:\n- a\n- b\n",
    "",
]


def call(number, arguments, wrapped=True, identifier="abcdef123"):
    function = {"name": "get_weather", "arguments": arguments}
    if not wrapped:
        return {"id": identifier, **function}
    return {"id": identifier, "type": "function", "function": function}


def conversation(turns, kind):
    """`turns` messages after the system's; kind picks the forms of their parts."""
    out = []
    for i in range(turns):
        if i % 2 == 0:
            out.append({"role": "user", "content": USER[(i // 2 + kind) % len(USER)]})
            continue
        reply = {"role": "assistant", "content": REPLY[(i // 2 + kind) % len(REPLY)]}
        if kind % 3 == 1:
            reply["reasoning_content"] = ["\nBecause…\n", "", None][i // 2 % 3]
        out.append(reply)
    return out


def tool_conversation(kind):
    arguments = [{"place": "Zürich", "days": 2, "deep": {"a": [1, 2.0, None, True]}}, {}]
    calls = [call(0, arguments[0], wrapped=kind % 2 == 0)]
    if kind % 4 >= 2:
        calls.append(call(1, arguments[1], wrapped=kind % 2 == 0, identifier="zyxwvu987"))
    if kind == 4:
        calls = [call(0, '{"place": "Zürich"}')]
    out = [
        {"role": "user", "content": "Weather in Zürich?"},
        {"role": "assistant", "content": ["", None, "I'll look."][kind % 3], "tool_calls": calls},
    ]
    for c in calls:
        content = ['{"rain": true}', {"content": "dry"}, ["a", {"output": "b"}]][kind % 3]
        out.append({"role": "tool", "content": content, "tool_call_id": c["id"], "name": "x"})
    return out + [
        {"role": "assistant", "content": "It rains."},
        {"role": "user", "content": "Thanks."},
    ]


SYSTEMS = [None, "You are  helpful.\n", "Be brief. /no_think"]


def conversations():
    for system in SYSTEMS:
        first = [] if system is None else [{"role": "system", "content": system}]
        for turns in range(1, 7):
            for kind in range(3):
                yield f"turns{turns}.{kind}", first + conversation(turns, kind), None
        yield "tools.offered", first + conversation(3, 0), TOOLS
        yield "tools.none", first + conversation(1, 0), []
        for kind in range(6):
            whole = tool_conversation(kind)
            for n in range(1, len(whole) + 1):
                yield f"calls{kind}.{n}", first + whole[:n], TOOLS if kind % 2 == 0 else None
    parts = [{"type": "text", "text": "One "}, "two", {"type": "image"}]
    yield "parts", [{"role": "user", "content": parts}], None
    yield "empty", [], None
    yield "odd roles", [{"role": "assistant", "content": "a"}, {"role": "narrator"}], None
    yield "two users", [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}], None


def of_templates(folder):
    for file in sorted(os.listdir(folder)):
        with open(os.path.join(folder, file), encoding="utf-8", newline="") as f:
            source = f.read()
        variants = [{}]
        if "enable_thinking" in source:
            variants = [{}, {"enable_thinking": True}, {"enable_thinking": False}]
        for known in ("clear_thinking", "tools_in_user_message"):
            if known in source:
                variants.append({known: False})
        if "date_string" in source:
            variants.append({"date_string": "1 Jan 2025"})
        if "builtin_tools" in source:
            variants.append({"builtin_tools": ["code_interpreter", "get_weather"]})
        for name, messages, tools in conversations():
            for prompt in (False, True):
                for more in variants:
                    given = names(messages, tools, prompt, **more)
                    yield render(f"{file} {name} {more}", source, given)


def of_snippets():
    for source in SNIPPETS + LONGER:
        yield render(source[:60], source, names([{"role": "user", "content": "hi"}], **GIVEN))


# --- templates at random -------------------------------------------------------------------------


class Maker:
    """Small expressions and statements over GIVEN; most are sound, some fail as they should."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def pick(self, *options):
        return self.r.choice(options)

    def atom(self):
        r = self.r
        return self.pick(
            str(r.randint(-20, 20)),
            str(r.randint(-20, 20)),
            str(r.choice([0.5, 2.25, -1.5, 3.0, 1e20, 0.1])),
            r.choice(["'abc'", "''", "'a b'", "'Zür'", "'3'", "'a,b'", "\"x\\ny\""]),
            r.choice(["s", "u", "i", "f", "l", "ls", "d", "mixed", "people", "e", "lines"]),
            r.choice(["none", "true", "false", "missing", "t", "no", "z"]),
            "[1, 2, 3]",
            "{'a': 1, 'b': 'x'}",
            "(1, 'a')",
            "range(4)",
        )

    def text(self, depth):
        if depth <= 0:
            return self.pick("s", "u", "lines", "'a-b-c'", "'  x '", "'é'")
        x = self.text(depth - 1)
        return self.pick(
            f"{x}.{self.pick('upper', 'lower', 'strip', 'title', 'capitalize', 'swapcase', 'rstrip')}()",
            f"{x}.replace({self.pick(repr('a'), repr('l'), repr(' '))}, {self.pick(repr(''), repr('ü'))})",
            f"({x}|{self.pick('upper', 'lower', 'trim', 'title', 'capitalize', 'reverse', 'string', 'indent')})",
            f"({x} ~ {self.atom()})",
            f"{x}[{self.index()}]",
            f"({x} + {self.text(depth - 1)})",
            f"({x}.split({self.pick('', repr(' '), repr('l'))})|join('+'))",
            f"({x} * {self.r.randint(-1, 3)})",
            f"({x}|{self.pick('replace', 'default')}('o', '0'))" if self.r.random() < 0.5 else x,
        )

    def part(self, a, depth):
        index = self.index()
        # Slices of constants that have none are undefined, an error or neither, as jinja happens to
        # compute them beforehand.
        if ":" in index:
            a = self.pick(self.text(depth - 1), self.sequence(depth - 1) + "|list")
        return f"({a})[{index}]"

    def index(self):
        r = self.r
        part = lambda: r.choice(["", str(r.randint(-6, 6))])
        form = r.random()
        if form < 0.4:
            return str(r.randint(-4, 4))
        if form < 0.8:
            return f"{part()}:{part()}"
        return f"{part()}:{part()}:{r.choice(['', '-1', '2', '-2', '3'])}"

    def sequence(self, depth):
        if depth <= 0:
            return self.pick("l", "ls", "[4, 1, 3]", "people", "range(5)", "d", "mixed", "(2, 1)")
        x = self.sequence(depth - 1)
        return self.pick(
            f"{x}|{self.pick('list', 'sort', 'reverse|list', 'unique|list')}",
            f"{x}|map({self.pick(repr('string'), repr('upper'), repr('int'), 'attribute=' + repr('name'))})|list",
            f"{x}|{self.pick('select', 'reject')}({self.pick('', repr('string'), repr('odd'), repr('number'), repr('gt') + ', 1')})|list",
            f"({x}|list)[{self.index()}]",
            f"{x}|batch(2)|list",
            f"({x}|list + [{self.atom()}])",
            f"{x}|{self.pick('selectattr', 'rejectattr')}({self.pick(repr('age'), repr('tags'), repr('name') + ', ' + repr('defined'))})|list",
        )

    def expression(self, depth):
        if depth <= 0:
            return self.atom()
        a = self.expression(depth - 1)
        b = self.expression(self.r.randint(0, depth - 1))
        return self.pick(
            f"{a} {self.pick('+', '-', '*', '/', '//', '%')} {b}",
            f"({a} {self.pick('+', '-', '*', '~')} {b})",
            f"{a} {self.pick('==', '!=', '<', '>', '<=', '>=', 'in', 'not in')} {b}",
            f"{a} {self.pick('and', 'or')} {b}",
            f"not {a}",
            f"({a} if {b} else {self.atom()})",
            f"{a} is {self.pick('', 'not ')}{self.pick('defined', 'none', 'string', 'number', 'mapping', 'sequence', 'iterable', 'odd', 'true', 'boolean', 'integer', 'float')}",
            f"({a})|{self.pick('length', 'string', 'int', 'float', 'abs', 'round', 'tojson', 'first', 'last', 'join', 'max', 'min', 'sum', 'list', 'default(1)', 'upper', 'escape', 'wordcount')}",
            self.part(a, depth),
            f"({a}).{self.pick('a', 'name', 'age', 'b')}",
            f"[{a}, {b}]",
            f"{{'k': {a}, 'm': {b}}}",
            self.text(depth),
            self.sequence(depth),
        )

    def block(self, depth):
        e = lambda: self.expression(self.r.randint(0, 2))
        if depth <= 0:
            return self.pick("text ", "\n", "  ", "{{ " + e() + " }}", "{{- " + e() + " -}} ")
        body = self.block(depth - 1) + self.pick("", " \n ", "\n") + self.block(depth - 1)
        left, right = self.pick("{%", "{%-", "{%+"), self.pick("%}", "-%}")
        if self.r.random() < 0.2:
            body = f"  {left} set v = {e()} {right}\n" + body + "{{ v }}"
        return self.pick(
            f"{left} if {e()} {right}{body}{left} else {right} other{left} endif {right}",
            f"{left} for x in {self.sequence(1)} {right}{{{{ x }}}}{body}{{{{ loop.index }}}}{left} endfor {right}",
            f"{left} for x in {self.sequence(1)} if x {right}{body}{left} else {right}none{left} endfor {right}",
            f"{left} set v {right}{body}{left} endset {right}[{{{{ v }}}}]",
            f"{left} macro m(x, y={e()}) {right}{body}{{{{ x }}}}{{{{ y }}}}{left} endmacro {right}{{{{ m({e()}) }}}}",
            body,
        )

    def template(self):
        if self.r.random() < 0.7:
            return "{{ " + self.expression(self.r.randint(1, 3)) + " }}"
        return self.block(self.r.randint(1, 3))


def comparable(result):
    # Addresses, and what python alone says of its functions and iterators.
    text = result.get("output", "")
    odd = (" at 0x", "<built-in", "<function", "generator object", "iterator object", "<bound")
    # Integers of more than 128 bits are not to be had.
    return not any(o in text for o in odd) and result.get("kind") != "OverflowError"


def of_random(seed, count):
    maker = Maker(seed)
    made = 0
    while made < count:
        source = maker.template()
        result = render(source, source, names([{"role": "user", "content": "hi"}], **GIVEN))
        if comparable(result):
            made += 1
            yield result


def main():
    kind = sys.argv[1]
    if kind == "templates":
        results = of_templates(sys.argv[2])
    elif kind == "snippets":
        results = of_snippets()
    else:
        results = of_random(int(sys.argv[2]), int(sys.argv[3]))
    before = None
    for result in results:
        source = result["source"]
        if source == before:
            del result["source"]
        before = source
        print(json.dumps(result))


if __name__ == "__main__":
    main()
