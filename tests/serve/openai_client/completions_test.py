"""/v1/completions, /v1/embeddings, /v1/models and what stands beside them."""
import json
import math

from server import ServerCase


class Completions(ServerCase):
    OPTIONS = ("--parallel", "4", "--ctx", "512")

    def ids(self, text, **more):
        return self.server.post("/tokenize", {"content": text, **more})[1]["tokens"]

    def test_sixteen_tokens_by_default(self):
        answer = self.complete(extra_body={"ignore_eos": True})
        self.assertEqual(answer.usage.completion_tokens, 16)
        self.assertEqual(answer.object, "text_completion")
        self.assertEqual(answer.choices[0].finish_reason, "length")

    def test_stream(self):
        whole = self.complete(max_tokens=12).choices[0].text
        self.assertEqual("".join(c.choices[0].text for c in self.complete(max_tokens=12, stream=True)
                                 if c.choices), whole)

    def test_prompts_of_all_kinds(self):
        text = self.complete("The sky is", max_tokens=6).choices[0].text
        ids = self.ids("The sky is", add_special=True)
        for prompt in (["The sky is"], ids, [ids]):
            self.assertEqual(self.complete(prompt, max_tokens=6).choices[0].text, text)
        several = self.complete(["The sky is", "One two three", "The sky is"], max_tokens=6)
        self.assertEqual([c.index for c in several.choices], [0, 1, 2])
        self.assertEqual(several.choices[0].text, text)
        self.assertEqual(several.choices[2].text, text)
        self.assertEqual(self.complete([ids, ids], n=2, max_tokens=6).choices[3].text, text)

    def test_bad_prompts(self):
        for prompt in ([[]], [1, "a"], [-1], [10**9], {"a": 1}, []):
            with self.subTest(prompt):
                self.refused("prompt", lambda p=prompt: self.complete(p))

    def test_echo(self):
        answer = self.complete("The sky is", max_tokens=4, echo=True)
        self.assertTrue(answer.choices[0].text.startswith("The sky is"))

    def test_logprobs_have_the_shape_of_completions(self):
        logprobs = self.complete("The sky is", max_tokens=4, logprobs=3).choices[0].logprobs
        self.assertEqual(len(logprobs.tokens), 4)
        self.assertEqual(len(logprobs.token_logprobs), 4)
        self.assertEqual(len(logprobs.text_offset), 4)
        self.assertTrue(all(len(t) in (3, 4) for t in logprobs.top_logprobs))
        self.assertEqual(logprobs.text_offset[0], 0)

    def test_echo_with_logprobs_as_an_evaluation_asks_it(self):
        """The log-likelihood of a text's end: no token, or one, is made; the prompt's are wanted."""
        for n in (0, 1):
            answer = self.complete("The sky is blue", max_tokens=n, echo=True, logprobs=1)
            logprobs = answer.choices[0].logprobs
            n_prompt = answer.usage.prompt_tokens
            self.assertEqual(len(logprobs.tokens), n_prompt + n)
            self.assertIsNone(logprobs.token_logprobs[0])
            self.assertTrue(all(x <= 0 for x in logprobs.token_logprobs[1:]))
            self.assertEqual("".join(logprobs.tokens[:n_prompt]), "The sky is blue")
            self.assertEqual(logprobs.text_offset[:3],
                             [0, *[sum(len(t) for t in logprobs.tokens[:i]) for i in (1, 2)]])
        likely = self.complete("One two three four", max_tokens=0, echo=True, logprobs=1)
        unlikely = self.complete("One two three purple", max_tokens=0, echo=True, logprobs=1)
        self.assertGreater(likely.choices[0].logprobs.token_logprobs[-1],
                           unlikely.choices[0].logprobs.token_logprobs[-1])

    def test_echo_agrees_with_generation(self):
        made = self.complete("The sky is", max_tokens=4, logprobs=1)
        whole = self.complete("The sky is" + made.choices[0].text, max_tokens=0, echo=True, logprobs=1)
        for a, b in zip(made.choices[0].logprobs.token_logprobs,
                        whole.choices[0].logprobs.token_logprobs[-4:]):
            self.assertAlmostEqual(a, b, delta=0.3)  # one row at a time, or many

    def test_suffix_is_refused(self):
        self.refused("suffix", lambda: self.complete(suffix="end"))

    def test_grammar(self):
        answer = self.complete("Yes or no?", max_tokens=8,
                               extra_body={"grammar": 'root ::= "yes" | "no"'})
        self.assertIn(answer.choices[0].text, ("yes", "no"))

    def test_tokenize_and_back(self):
        ids = self.ids("Hello, world! \u00fc\U0001f600")
        status, answer = self.server.post("/detokenize", {"tokens": ids})
        self.assertEqual((status, answer["content"]), (200, "Hello, world! \u00fc\U0001f600"))

    def test_apply_template(self):
        status, answer = self.server.post("/apply-template",
                                          {"messages": [{"role": "user", "content": "Hello there"}]})
        self.assertEqual(status, 200)
        self.assertIn("Hello there", answer["prompt"])

    def test_props(self):
        status, _, text = self.server.get("/props")
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(text)["default_generation_settings"]["n_ctx"], 512)

    def test_models(self):
        models = self.client.models.list().data
        self.assertEqual(len(models), 1)
        self.assertEqual(self.client.models.retrieve(models[0].id).id, models[0].id)
        self.refused(None, lambda: self.client.models.retrieve("nobody"), 404, "model_not_found")


class Embeddings(ServerCase):
    OPTIONS = ("--ctx", "256")

    def embed(self, what, **more):
        return self.client.embeddings.create(model="m", input=what, **more)

    def test_unit_length_in_both_encodings(self):
        for more in ({}, {"encoding_format": "float"}, {"encoding_format": "base64"}):
            answer = self.embed("A cat sits on the mat.", **more)
            vector = answer.data[0].embedding
            if isinstance(vector, str):
                continue  # as asked for
            self.assertEqual(len(vector), 576)
            self.assertAlmostEqual(math.sqrt(sum(x * x for x in vector)), 1, places=4)
            self.assertGreater(answer.usage.prompt_tokens, 4)

    def test_lists_and_ids(self):
        answer = self.embed(["A cat.", "A dog.", "A cat."])
        self.assertEqual([d.index for d in answer.data], [0, 1, 2])
        ids = self.server.post("/tokenize", {"content": "A cat.", "add_special": True})[1]["tokens"]
        alone = self.embed(ids).data[0].embedding
        for a, b, c in zip(answer.data[0].embedding, answer.data[2].embedding, alone):
            self.assertAlmostEqual(a, b, delta=1e-2)
            self.assertAlmostEqual(a, c, delta=1e-2)

    def test_likeness(self):
        cat, kitten, stocks = (d.embedding for d in self.embed(
            ["The cat sleeps on the sofa.", "A cat is sleeping on a couch.",
             "Shares fell sharply in London trading."]).data)
        like = lambda a, b: sum(x * y for x, y in zip(a, b))
        self.assertGreater(like(cat, kitten), like(cat, stocks))

    def test_bad_input(self):
        for what in ([], [[]], {"a": 1}, [10**9]):
            with self.subTest(what):
                self.refused("input", lambda w=what: self.embed(w))
        self.refused(None, lambda: self.embed("word " * 1000), code="context_length_exceeded")
