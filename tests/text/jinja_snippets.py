"""Small templates, one for each thing that jinja does, and what they are given."""

GIVEN = {
    "s": "Hello World",
    "u": "Grüße, ‘naïve’ 東京 🌦\tß",
    "e": "",
    "lines": "one\n  two\n\nthree\r\nfour",
    "i": 7,
    "n": -3,
    "z": 0,
    "f": 2.5,
    "big": 12345678901234567890,
    "small": 1e-7,
    "large": 1e22,
    "t": True,
    "no": False,
    "none_value": None,
    "l": [3, 1, 2],
    "ls": ["b", "A", "c", "a"],
    "mixed": [1, "two", None, 3.0, True, [1, 2], {"k": "v"}],
    "d": {"b": 1, "a": "x", "items": "shadow", "C": [1, {"z": None}]},
    "people": [
        {"name": "Ann", "age": 30, "tags": ["x"], "at": {"city": "Bern"}},
        {"name": "bob", "age": 25, "tags": [], "at": {"city": "Aarau"}},
        {"name": "Cy", "age": 30, "at": {}},
    ],
}

SNIPPETS = r"""
{{ s }}{{ u }}{{ e }}{{ i }}{{ n }}{{ f }}{{ t }}{{ no }}{{ none_value }}{{ missing }}
{{ l }}|{{ ls }}|{{ mixed }}|{{ d }}|{{ people[0] }}
{{ big }} {{ small }} {{ large }} {{ 1.0 }} {{ 1e16 }} {{ 123456789.125 }} {{ 1e-5 }} {{ 0.0001 }} {{ 1_000 }} {{ 0x1f }} {{ 0b101 }} {{ 0o17 }}
{{ "a\tb\n\x41\u00e9\U0001F600\101\q\'" }} {{ 'it''s' "joined" }}
{{ (1, 2) }} {{ (1,) }} {{ () }} {{ 1, 2 }} {{ [] }} {{ {} }} {{ {'a': 1, "b": [2]} }}
{{ ['it\'s', "quo\"te", 'bo\'th"', '\n\t\\', '\x7f\u200b東京'] }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }}
{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 7.5 % -2 }} {{ 1 / 3 }} {{ 10 / 5 }} {{ 0.1 + 0.2 }} {{ 3 * 1.5 }}
{{ True + 1 }} {{ 'ab' * 3 }} {{ 3 * 'ab' }} {{ [1] * 2 }} {{ (1,) * 2 }} {{ 'a' * -1 }} {{ [1] + [2] }} {{ (1,) + (2,) }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 == True }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 'é' > 'z' }}
{{ 1 in [1, 2] }} {{ 'a' in 'abc' }} {{ 'a' not in d }} {{ 'b' in d }} {{ 3 in range(5) }} {{ 1 in (1, 2) }} {{ 'x' in missing }}
{{ not 1 }} {{ not '' }} {{ 1 and 2 }} {{ 0 and 2 }} {{ 0 or 'x' }} {{ '' or none }} {{ not missing }}
{{ 'a' if t else 'b' }} {{ 'a' if no }}| {{ 'a' if no else 'b' if no else 'c' }}
{{ 1 ~ 'a' ~ none ~ missing ~ [1] ~ 2.0 }}
{{ 'a' ~ 1 + 2 }} {{ -1 | abs }} {{ - 3 | abs }} {{ 5 - -2 }} {{ +3 }} {{ -n }} {{ 2 * 3 ~ 4 }}
{{ s[0] }} {{ s[-1] }} {{ s[1:4] }} {{ s[::-1] }} {{ s[::2] }} {{ u[2:5] }} {{ u[-1] }} {{ u|length }} {{ u[::-1] }} {{ s[100:] }} {{ s[-3:] }}
{{ l[1:] }} {{ l[:-1] }} {{ l[::-1] }} {{ l[5:] }} {{ l[-100:2] }} {{ (1,2,3)[1:] }} {{ l[::2] }} {{ range(10)[2:5] }} {{ range(10)[::-3]|list }}
{{ l[10] }}|{{ d.nope }}|{{ d['nope'] }}|{{ s.nope }}|{{ s['nope'] }}|{{ l['x'] }}|{{ d[1] }}|{{ none_value.x }}|{{ i.x }}
{{ d.b }} {{ d['a'] }} {{ d['items'] }} {{ d.items() | list }} {{ d.C.1.z }} {{ l.0 }} {{ people[0].at.city }}
{{ d.keys() | list }} {{ d.values() | list }} {{ d.get('b') }} {{ d.get('q') }} {{ d.get('q', 5) }} {{ d.items() }} {{ d.keys() }} {{ d.copy() == d }}
{{ l.index(1) }} {{ l.count(3) }} {{ (1, 2, 1).count(1) }} {{ (1, 2).index(2) }}
{{ l.append(4) }}
{{ d.update({'x': 1}) }}
{{ d.pop('b') }}
{{ l.append is defined }} {{ d.update is defined }} {{ s.__class__ is defined }} {{ s.upper is defined }}
{{ s.__class__ }}
{{ s.__class__.__mro__ }}
{{ missing.x }}
{{ missing['x'] }}
{{ missing() }}
{{ missing + 1 }}
{{ 'a' + missing }}
{{ missing < 1 }}
{{ -missing }}
{{ d.nope.deeper }}
{{ l[9].x }}
{{ none_value.x.y }}
{{ missing|length }} {{ missing|list }} {{ missing|join(',') }}| {{ missing == other_missing }} {{ missing|upper }}| {{ missing|default('d') }} {{ missing|string }}|
{{ missing|int }}
{{ missing|tojson }}
{{ 'a' + 1 }}
{{ 1 + 'a' }}
{{ [1] + (2,) }}
{{ 'a' - 'b' }}
{{ 1 < 'a' }}
{{ none < 1 }}
{{ {} < {} }}
{{ 1 / 0 }}
{{ 1 // 0 }}
{{ 1 % 0 }}
{{ 1.0 / 0 }}
{{ 5() }}
{{ 5[0] }}|{{ none[0] }}|{{ s['a'] }}
{{ i[1:] }}
{{ d[1:] }}
{{ {[1]: 2} }}
{{ 1 in 5 }}
{{ 1 in 'a' }}
{{ [1] in d }}
{{ s.upper() }} {{ s.lower() }} {{ u.upper() }} {{ u.lower() }} {{ 'ÉCOLE ΣΑΣ'.lower() }} {{ s.title() }} {{ "they're bill's".title() }} {{ 'hELLO wORLD'.capitalize() }} {{ s.swapcase() }}
{{ '  a b  '.strip() }}|{{ '  a '.lstrip() }}|{{ ' a  '.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'abcba'.strip('ab') }}|{{ '\u3000a\u00a0'.strip() }}|{{ 'éaé'.strip('é') }}
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a b c'.split(None, 1) }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a-b-c'.rsplit('-', 1) }} {{ 'a b c '.rsplit(None, 1) }} {{ 'a b c'.split(maxsplit=1) }}
{{ s.split('') }}
{{ lines.splitlines() }} {{ lines.splitlines(True) }} {{ 'a\x0bb\u2028c'.splitlines() }}
{{ s.startswith('He') }} {{ s.endswith('ld') }} {{ s.startswith(('x', 'H')) }} {{ s.startswith('W', 6) }} {{ s.endswith('lo', 0, 5) }}
{{ s.replace('l', 'L') }} {{ s.replace('l', 'L', 1) }} {{ 'abc'.replace('', '-') }} {{ 'aé'.replace('', '.', 2) }}
{{ s.find('o') }} {{ s.find('o', 5) }} {{ s.rfind('o') }} {{ s.find('zz') }} {{ u.find('東') }} {{ s.index('W') }} {{ s.count('l') }} {{ s.count('') }} {{ 'aaa'.count('aa') }}
{{ s.index('zz') }}
{{ ','.join(['a', 'b']) }} {{ ''.join(d.keys()) }} {{ '-'.join('abc') }}
{{ ','.join([1]) }}
{{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.partition('=') }} {{ 'abc'.rpartition('=') }}
{{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.py'.removesuffix('.py') }} {{ 'x'.removeprefix('') }}
{{ '5'.isdigit() }} {{ 'a5'.isalnum() }} {{ 'é'.isalpha() }} {{ ' '.isspace() }} {{ ''.isdigit() }} {{ '²'.isdigit() }} {{ '½'.isnumeric() }} {{ 'Ab'.isupper() }} {{ 'ab1'.islower() }} {{ 'A Title'.istitle() }} {{ 'a_1'.isidentifier() }} {{ 'é'.isascii() }}
{{ 'a'.center(5) }}|{{ 'ab'.center(5, '*') }}|{{ 'a'.ljust(3, '.') }}|{{ 'a'.rjust(3) }}|{{ '-5'.zfill(4) }}|{{ 'a\tb'.expandtabs(4) }}
{{ '{} and {}'.format(1, 'x') }} {{ '{0}{1}{0}'.format('a', 'b') }} {{ '{x:>5}|{y!r}'.format(x=1, y='q') }} {{ '{:.2f} {:05d} {:,} {:x} {:<4}| {:^7}|{:+}'.format(3.14159, 42, 1234567, 255, 'ab', 'mid', 3) }} {{ '{{}}'.format() }} {{ '{a[k]}'.format(a={'k': 1}) }}
{{ '{}'.format() }}
{{ '%s is %d and %.2f %5s|%-5s|%05d %x %r %%' % ('a', 3, 2.5, 'r', 'l', 42, 255, 'q') }} {{ '%s' % none }} {{ '%(a)s %(b)d' % {'a': 1, 'b': 2} }} {{ '%s' % [1] }} {{ '%c' % 'x' }} {{ '%e' % 12345.678 }} {{ '%g' % 0.0001 }} {{ '%+d' % 5 }} {{ '%.3s' % 'abcdef' }}
{{ '%d' % 'a' }}
{{ '%s %s' % 'a' }}
{{ '%s' % ('a', 'b') }}
{{ l|sort }} {{ ls|sort }} {{ ls|sort(case_sensitive=true) }} {{ l|sort(reverse=true) }} {{ people|sort(attribute='age')|map(attribute='name')|list }} {{ people|sort(attribute='age,name')|map(attribute='name')|join }} {{ 'hello'|sort|join }}
{{ mixed|sort }}
{{ l|first }} {{ l|last }} {{ []|first }}| {{ []|last }}| {{ s|first }} {{ s|last }} {{ d|first }} {{ d|last }}
{{ l|join }} {{ l|join(', ') }} {{ people|join(',', attribute='name') }} {{ s|join('-') }} {{ [none, true, 1.5]|join('|') }}
{{ l|max }} {{ l|min }} {{ ls|max }} {{ ls|min }} {{ []|max }}| {{ people|max(attribute='age') }} {{ l|sum }} {{ people|sum(attribute='age') }} {{ l|sum(start=10) }} {{ [1.5, 2]|sum }}
{{ l|reverse|list }} {{ s|reverse }} {{ [1,1,2,'a','A']|unique|list }} {{ l|length }} {{ d|length }} {{ d|count }}
{{ 5|length }}
{{ s|list }} {{ d|list }} {{ 'é東'|list }}
{{ 5|list }}
{{ d|items|list }} {{ missing|items|list }} {{ d|dictsort }} {{ {'b': 1, 'a': 2}|dictsort(by='value', reverse=true) }}
{{ l|items|list }}
{{ s|upper }} {{ s|lower }} {{ s|title }} {{ "they're bill's-friends (from) x"|title }} {{ s|capitalize }} {{ '  x '|trim }}| {{ 'xxaxx'|trim('x') }} {{ s|replace('o', '0') }} {{ s|replace('o', '0', 1) }} {{ 5|upper }}
{{ 'a\nb\n\nc'|indent }}| {{ 'a\nb'|indent(2, true) }}| {{ 'a\n\nb'|indent(2, blank=true) }}| {{ 'a\nb'|indent('> ') }}| {{ ''|indent(first=true) }}|
{{ '42'|int }} {{ '42.7'|int }} {{ 'x'|int }} {{ 'x'|int(5) }} {{ '0x1f'|int(base=16) }} {{ '1f'|int(0, 16) }} {{ 3.99|int }} {{ none|int }} {{ true|int }} {{ ' 12 '|int }} {{ '1_000'|int }} {{ -3.5|int }} {{ []|int }}
{{ '4.5'|float }} {{ 'x'|float }} {{ 3|float }} {{ '1e3'|float }} {{ 'inf'|float }} {{ 'nan'|float }} {{ none|float(1.0) }}
{{ 2.567|round(2) }} {{ 2.5|round }} {{ 3.5|round }} {{ 2.1|round(method='ceil') }} {{ 2.15|round(1, 'floor') }} {{ 1234|round(-2) }} {{ 5|round }} {{ 0.5|round }} {{ -2.5|round }} {{ 2.675|round(2) }}
{{ -5|abs }} {{ (-2.5)|abs }} {{ 'a'|default('b') }} {{ ''|default('b', true) }} {{ none|default('x') }} {{ none|d('x', true) }} {{ false|default(1, boolean=true) }}
{{ people|map(attribute='name')|list }} {{ ls|map('upper')|list }} {{ l|map('string')|join }} {{ people|map(attribute='at.city', default='?')|list }} {{ people|map(attribute='tags')|list }} {{ ['a,b']|map('replace', ',', ';')|list }}
{{ l|select('odd')|list }} {{ l|reject('odd')|list }} {{ mixed|select|list }} {{ mixed|select('string')|list }} {{ people|selectattr('age', 'equalto', 30)|map(attribute='name')|list }} {{ people|rejectattr('tags')|map(attribute='name')|list }} {{ people|selectattr('at.city', 'defined')|list|length }} {{ l|select('in', [1, 2])|list }} {{ l|select('gt', 1)|list }}
{{ l|map|list }}
{{ l|map('nosuch')|list }}
{{ l|select('nosuch')|list }}
{{ l|nosuch }}
{{ l is nosuch }}
{{ 'x' if no else 'y' }}{% if no %}{{ l|nosuch }}{% endif %}
{{ l|batch(2)|list }} {{ l|batch(2, 0)|list }} {{ [1,2,3,4,5]|slice(2)|list }} {{ [1,2,3,4,5]|slice(3, 'x')|list }}
{{ people|groupby('age') }}{% for g in people|groupby('age') %}{{ g.grouper }}:{{ g.list|length }};{% endfor %}{% for k, v in people|groupby('age') %}{{ k }}{% endfor %}
{{ d|tojson }} {{ mixed|tojson }} {{ u|tojson }} {{ '<a&b>\'"\\\n\x01\x7f'|tojson }} {{ (1, 2)|tojson }} {{ {1: 2, none: 3, true: 4, 2.5: 5}|tojson }} {{ 1e22|tojson }} {{ big|tojson }} {{ 'nan'|float|tojson }}
{{ d|tojson(indent=2) }} {{ []|tojson(indent=2) }} {{ {}|tojson(indent=2) }} {{ [1, [2]]|tojson(indent=0) }} {{ {'a': 1}|tojson(indent='\t') }}
{{ d|tojson(separators=(',', ':')) }} {{ d|tojson(sort_keys=true) }} {{ u|tojson(ensure_ascii=true) }} {{ {'b': 1, 'a': 2}|tojson(false, 1, none, true) }}
{{ range(3)|tojson }}
{{ {(1, 2): 3}|tojson }}
{{ s|wordcount }} {{ 'a b-c d_e'|wordcount }} {{ 'foo bar baz qux'|truncate(9) }} {{ 'foo bar baz qux'|truncate(9, true) }} {{ 'foo bar baz qux'|truncate(11) }} {{ 'foo bar'|truncate(5, false, '…', 0) }} {{ s|center(15) }}| {{ '%s-%s'|format('a', 1) }} {{ '%(x)s'|format(x=1) }}
{{ 'a b&c/ü'|urlencode }} {{ {'a': 1, 'b c': 'd/e'}|urlencode }} {{ 1000|filesizeformat }} {{ 1|filesizeformat }} {{ 123456789|filesizeformat(true) }} {{ 500|filesizeformat }}
{{ '<a>'|safe }} {{ '<a>'|escape }} {{ '<a>&"\''|e }} {{ ('<a>'|safe) + '<b>' }} {{ '<b>' + ('<a>'|safe) }} {{ ('<a>'|safe) ~ '<b>' }} {{ ('<a>'|safe)|e }} {{ [('<a>'|safe)] }} {{ ('<%s>'|safe) % '<' }}
{{ d is mapping }} {{ l is mapping }} {{ l is sequence }} {{ s is sequence }} {{ d is sequence }} {{ 5 is sequence }} {{ l is iterable }} {{ 5 is iterable }} {{ s is string }} {{ 5 is number }} {{ true is number }} {{ 5 is integer }} {{ true is integer }} {{ 5.0 is float }} {{ true is boolean }} {{ none is none }} {{ d.items() is iterable }} {{ d.items() is sequence }} {{ range(3) is sequence }}
{{ missing is defined }} {{ missing is undefined }} {{ s is defined }} {{ d.nope is defined }} {{ d.a is defined }} {{ missing is not defined }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ 3 is odd }} {{ 4 is even }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 1 is eq 1 }} {{ 1 is ne 1 }} {{ 1 is lt 2 }} {{ 2 is ge(2) }} {{ 'a' is in 'abc' }} {{ 1 is in [2] }} {{ 1 is not in [2] }} {{ 'a' is equalto 'a' }} {{ 'ab' is lower }} {{ 'AB' is upper }} {{ none is sameas none }} {{ range is callable }} {{ s is callable }} {{ 'upper' is filter }} {{ 'odd' is test }} {{ s is escaped }}
{{ 'a' is odd }}
{{ 1 is eq 1 is eq 2 }}
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.depth }}{{ loop.cycle('a', 'b') }}{{ loop.changed(x) }}|{% endfor %}
{% for x in [] %}a{% else %}empty{% endfor %}{% for x in missing %}a{% else %}none{% endfor %}{% for x in l if x > 5 %}a{% else %}filtered{% endfor %}
{% for x in l if x != 1 %}{{ x }}{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}{% for k in d %}{{ k }}{% endfor %}{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}{% for c in 'aé' %}{{ c }}-{% endfor %}{% for x in 1, 2 %}{{ x }}{% endfor %}
{% for a, b in [1] %}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{% endfor %}
{% for x in 5 %}{% endfor %}
{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in range(3) %}{% break %}{% else %}else after break{% endfor %}
{% for x in range(3) %}{% continue %}{% else %}else after continue{% endfor %}
{% for x in [1, [2, [3]]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}@{{ loop.depth }}{% endif %}{% endfor %}
{% for x in [1] %}{{ loop(x) }}{% endfor %}
{% set x = 1 %}{% for i in l %}{% set x = i %}{{ x }}{% endfor %}{{ x }}
{% set ns = namespace(a=1, b='x') %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.c is defined }}{{ ns['a'] }}{{ ns }}
{% set d.x = 1 %}
{% set nsx.a = 1 %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, e2) = (3, 4) %}{{ c }}{{ e2 }}{% set t1 = 1, 2 %}{{ t1 }}
{% set x %}a{{ 1 }}b{% endset %}{{ x }}{{ x|length }}{% set y | upper %}abc{% endset %}{{ y }}{% set z | replace('a', 'b') | trim %} aa {% endset %}[{{ z }}]
{% if no %}a{% elif z %}b{% elif i %}c{% else %}d{% endif %}{% if missing %}x{% endif %}{% if [] %}x{% else %}y{% endif %}
{% if x is not defined %}{% set x = 5 %}{% endif %}{{ x }}
{% macro m(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=5, a=0) }}{{ m() }}{{ m(1, c=none) }}
{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{% endmacro %}{{ m(q=2) }}
{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}
{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m.name }}{{ m.arguments }}
{% macro fact(n) %}{{ 1 if n < 2 else n * (fact(n - 1)|int) }}{% endmacro %}{{ fact(10) }}
{% macro m(a) %}[{{ caller() }}{{ a }}]{% endmacro %}{% call m(1) %}body{{ i }}{% endcall %}
{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b=3) m() %}{{ a }}{{ b }}{% endcall %}
{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}
{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}{% macro w() %}{% set x = 9 %}{{ x }}{% endmacro %}{{ w() }}{{ x }}
{% for i in l %}{% macro m() %}{{ i }}{{ loop.index }}{% endmacro %}{{ m() }}{% endfor %}
{% filter upper %}abc{{ s }}{% endfilter %}{% filter replace('a', 'b')|upper %}aa{% endfilter %}
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}{% with %}x{% endwith %}
{% generation %}made{{ i }}{% set q = 1 %}{% endgeneration %}{{ q }}
{% raw %}{{ not }} {% this %}{% endraw %}{# a comment {{ x }} #}after
{% print 1, 2 %}
{{ raise_exception('no: ' ~ s) }}
{{ strftime_now('%Y-%m-%d %d %b %Y %H:%M:%S %A %B %j %p %I %y %%') }}
{{ range(5)|list }} {{ range(1, 10, 3)|list }} {{ range(3, 0, -1)|list }} {{ range(3) }} {{ range(1, 9, 2) }} {{ dict(a=1, b=2) }} {{ dict([('a', 1)]) }} {{ range(5)[2] }} {{ range(3)|length }}
{{ range(1000000) }}
{{ range('a') }}
{{ range(1, 2, 0) }}
{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set j = joiner('|') %}{{ j() }}a{{ j() }}b
{{ [1, 2]|map('string')|list|tojson }} {{ dict(a=[1])|tojson }} {% set g = l|map('string') %}{{ g|list }}{{ g|list }}
{{ m(*[1, 2]) if no }}{% macro m(a, b, c=0) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(*[1, 2], **{'c': 3}) }}{{ m(*(1, 2)) }}
{{ messages[-1]['content'] if messages else 'none' }} {{ messages|length }} {{ tools is none }} {{ bos_token }}
{{ (l|length - 1) * 2 + l[-1] }} {{ (i > 5 and f < 3) or none }} {{ l[l|length - 1] }} {{ s.split(' ')[-1].lower()[:3] }} {{ (s|upper).lower() }}
  {% if t %}  lstrip{% endif %}  x
a  {%- if t -%}  b  {%- endif -%}  c
a {%+ if t %} b {% endif +%} c
  {#- c -#}  x  {# y #}
  {{- s -}}  y  {{ s }}
{% if t %}{{ 'a' }}{% endif -%}   {%- if t %} b{% endif %}
{{ 1.5.x }}|{{ 1.x }}
{{ 'a' 'b' ~ 'c' }} {{ {'a': {'b': {'c': 1}}}.a.b.c }} {{ [[1, 2], [3]][0][1] }}
{{ x|default(y|default('z')) }} {{ (x or y)|default('q', true) }}
{% set messages = messages[1:] if messages else [] %}{{ messages }}
{{ '' is string and '' or 'n' }} {{ not none is none }} {{ not (1 == 2) }} {{ 1 not in [1] }} {{ 1 if 0 else 2 if 0 else 3 }}
{% if not (d.a is defined and d.a is string and 'x' in d.a) %}bad{% else %}good{% endif %}
{{ caller }}{{ loop }}
{% for m in people %}{% for t in m.tags %}{{ loop.index }}{% else %}-{% endfor %}{{ loop.index }}{% endfor %}
{% break %}
{% if t %}
{{ 'a
{{ a b }}
{{ }}
{{ (1 }}
{{ [1) }}
{% endif %}
{% nosuch %}
{% for x in %}{% endfor %}
{% for 5 in l %}{% endfor %}
{% set 5 = 1 %}
{% macro m(a=1, b) %}{% endmacro %}
{{ f(a=1, 2) }}
{{ x.5y }}
{{ a ? b }}
{{ $ }}
{# open
{% raw %} open
{{ 'a'|}}
{{ 1 is }}
{{ {'a' 1} }}
{% else %}
{% set x %}open
""".strip().split("\n")

LONGER = [
    "  {% if t %}\n  a\n  {% endif %}\n  b\n",
    "{% for x in l %}\n  - {{ x }}\n{% endfor %}\nend\n\n",
    "a\n  {%- for x in l %}\n  {{ x }}\n  {%- endfor %}\nb",
    "a\r\n{% if t %}\r\nb\r{% endif %}c\r\n",
    "\n\n{{ s }}\n",
    "{#- c -#}\n\n  x\n  {#+ y #}\n z",
    "{% set x = 'a\nb' %}{{ x }}\n{{ raise_exception('line') }}",
    "{% raw -%}  \n {{ a }} \n{%- endraw %}\n\nb",
    "  {%+ if t +%}\n  a\n  {%+ endif %}\nb",
    "{% if t %}\n\n\na\n{% endif %}\n\nb",
    "x {{ s\n}} y\n {% set\n a = 1\n %}\n{{ a }}",
    "{{ {\n'a': 1,\n} }}{{ [1,\n2,] }}{{ (1,\n) }}",
    "   {# c #}   \n   {% set a = 1 %}   \n  {{ a }}",
    "a\u3000{%- if t -%}\u00a0b{% endif %}",
    "",
    "\n",
    "plain text, {nothing} { { here % } }",
]
