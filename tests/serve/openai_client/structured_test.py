"""Answers that must have a form: JSON of a schema, calls of tools."""
import json

import jsonschema

from server import ServerCase

PERSON = {"type": "object", "additionalProperties": False, "required": ["name", "age", "tags"],
          "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 12},
                         "age": {"type": "integer", "minimum": 0, "maximum": 130},
                         "tags": {"type": "array", "maxItems": 3,
                                  "items": {"enum": ["red", "green", "blue"]}}}}
WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather of a city",
    "parameters": {"type": "object", "required": ["city"], "additionalProperties": False,
                   "properties": {"city": {"type": "string", "maxLength": 20},
                                  "unit": {"enum": ["celsius", "fahrenheit"]}}}}}
TIME = {"type": "function", "function": {
    "name": "get_time", "parameters": {"type": "object", "additionalProperties": False,
                                       "required": ["zone"],
                                       "properties": {"zone": {"enum": ["UTC", "CET"]}}}}}


class Structured(ServerCase):
    OPTIONS = ("--parallel", "4", "--ctx", "1024")

    def of_schema(self, schema, **more):
        return {"response_format": {"type": "json_schema", "json_schema": {
            "name": "answer", "schema": schema, "strict": True}}, "max_tokens": 200, **more}

    def test_schema(self):
        for seed in range(6):
            answer = self.chat("Describe somebody as JSON.",
                               **self.of_schema(PERSON, temperature=1.5, seed=seed))
            self.assertEqual(answer.choices[0].finish_reason, "stop")
            jsonschema.validate(json.loads(answer.choices[0].message.content), PERSON)

    def test_schema_streamed(self):
        text = "".join(c.choices[0].delta.content or "" for c in
                       self.chat("Describe somebody.", stream=True, **self.of_schema(PERSON))
                       if c.choices)
        jsonschema.validate(json.loads(text), PERSON)

    def test_json_object(self):
        answer = self.chat("Give me JSON with a name and an age.", max_tokens=300,
                           response_format={"type": "json_object"})
        if answer.choices[0].finish_reason == "stop":
            self.assertIsInstance(json.loads(answer.choices[0].message.content), dict)

    def test_refused_with_its_place(self):
        for schema, place in (({"type": "object", "properties": {"a": {"type": "strange"}}}, "/properties/a"),
                              ({"$ref": "#/$defs/none"}, "$ref"),
                              ({"type": "string", "pattern": "(?=a)b"}, "pattern")):
            with self.subTest(place):
                error = self.refused("response_format", lambda s=schema: self.chat(**self.of_schema(s)))
                self.assertIn(place, str(error))

    def test_bad_grammar(self):
        self.refused("grammar", lambda: self.chat(extra_body={"grammar": "root ::= ("}))


class Tools(ServerCase):
    """A template that knows no tools: the form that works with every model."""
    OPTIONS = ("--parallel", "4", "--ctx", "2048")

    def call(self, choice, text="What is the weather in Paris?", tools=(WEATHER, TIME), **more):
        return self.chat(text, tools=list(tools), tool_choice=choice, max_tokens=500, **more)

    def check_call(self, call):
        self.assertEqual(call.type, "function")
        self.assertTrue(call.id)
        schema = {t["function"]["name"]: t["function"]["parameters"] for t in (WEATHER, TIME)}
        jsonschema.validate(json.loads(call.function.arguments), schema[call.function.name])

    def test_required(self):
        answer = self.call("required")
        self.assertEqual(answer.choices[0].finish_reason, "tool_calls")
        self.assertGreaterEqual(len(answer.choices[0].message.tool_calls), 1)
        for call in answer.choices[0].message.tool_calls:
            self.check_call(call)

    def test_one_function(self):
        answer = self.call({"type": "function", "function": {"name": "get_time"}})
        calls = answer.choices[0].message.tool_calls
        self.assertEqual([c.function.name for c in calls], ["get_time"])
        self.check_call(calls[0])

    def test_none(self):
        self.assertFalse(self.call("none").choices[0].message.tool_calls)

    def test_auto_answers_one_way_or_the_other(self):
        answer = self.call("auto").choices[0]
        for call in answer.message.tool_calls or []:
            self.check_call(call)
        self.assertTrue(answer.message.tool_calls or answer.message.content)

    def test_streamed_arguments(self):
        calls, reason = {}, None
        for chunk in self.call("required", stream=True):
            for choice in chunk.choices:
                reason = choice.finish_reason or reason
                for delta in choice.delta.tool_calls or []:
                    entry = calls.setdefault(delta.index, {"name": "", "arguments": "", "id": ""})
                    entry["id"] += delta.id or ""
                    entry["name"] += delta.function.name or ""
                    entry["arguments"] += delta.function.arguments or ""
        self.assertEqual(reason, "tool_calls")
        whole = self.call("required").choices[0].message.tool_calls
        self.assertEqual([(c["name"], c["arguments"]) for _, c in sorted(calls.items())],
                         [(c.function.name, c.function.arguments) for c in whole])
        self.assertTrue(all(c["id"] for c in calls.values()))

    def test_answers_of_tools(self):
        answer = self.client.chat.completions.create(
            model="m", temperature=0, max_tokens=60, tools=[WEATHER], messages=[
                {"role": "user", "content": "What is the weather in Paris?"},
                {"role": "assistant", "content": None, "tool_calls": [
                    {"id": "call_1", "type": "function",
                     "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}]},
                {"role": "tool", "tool_call_id": "call_1", "content": "Sunny, 21 degrees."}])
        message = answer.choices[0].message
        self.assertTrue(message.content or message.tool_calls)

    def test_bad_tools(self):
        unknown = {"type": "function", "function": {"name": "fly"}}
        self.refused("tool_choice", lambda: self.call(unknown))
        self.refused("tool_choice", lambda: self.chat(tool_choice="required"))
        bad = {"type": "function", "function": {"name": "has space"}}
        with self.assertRaises(Exception) as caught:
            self.call("auto", tools=[bad])
        self.assertEqual(caught.exception.status_code, 400)
