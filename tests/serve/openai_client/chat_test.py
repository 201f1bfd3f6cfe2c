"""/v1/chat/completions, as the official client asks it."""
import asyncio
import math
import pathlib
import tempfile
import time

from server import ServerCase


def text_of(stream):
    """(text, finish reason, usages, chunks) of a stream."""
    text, reason, usages, chunks = "", None, [], []
    for chunk in stream:
        chunks.append(chunk)
        if chunk.usage:
            usages.append(chunk.usage)
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reason = choice.finish_reason or reason
    return text, reason, usages, chunks


class Chat(ServerCase):
    OPTIONS = ("--parallel", "8", "--ctx", "1024")

    def test_answer(self):
        answer = self.chat()
        choice = answer.choices[0]
        self.assertTrue(choice.message.content.endswith(" 4."), choice.message.content)
        self.assertEqual(choice.message.role, "assistant")
        self.assertEqual(choice.finish_reason, "stop")
        self.assertEqual(answer.object, "chat.completion")
        self.assertEqual(answer.usage.total_tokens,
                         answer.usage.prompt_tokens + answer.usage.completion_tokens)
        self.assertLess(abs(answer.created - time.time()), 60)

    def test_ids_differ_and_are_returned_as_headers(self):
        raw = self.client.chat.completions.with_raw_response.create(
            model="m", messages=[{"role": "user", "content": "Hi"}], max_tokens=1)
        self.assertTrue(raw.headers.get("x-request-id"))
        self.assertNotEqual(raw.parse().id, self.chat(max_tokens=1).id)

    def test_stream_is_the_same_text(self):
        whole = self.chat()
        text, reason, usages, chunks = text_of(self.chat(stream=True))
        self.assertEqual(text, whole.choices[0].message.content)
        self.assertEqual(reason, "stop")
        self.assertEqual(usages, [])
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        self.assertEqual({c.object for c in chunks}, {"chat.completion.chunk"})
        self.assertEqual(len({c.id for c in chunks}), 1)

    def test_stream_with_usage(self):
        whole = self.chat()
        *_, usages, chunks = text_of(self.chat(stream=True, stream_options={"include_usage": True}))
        self.assertEqual(len(usages), 1)
        self.assertEqual(chunks[-1].choices, [])
        self.assertEqual(usages[0].completion_tokens, whole.usage.completion_tokens)
        self.assertEqual(usages[0].prompt_tokens, whole.usage.prompt_tokens)

    def test_max_tokens_both_names(self):
        for name in ("max_tokens", "max_completion_tokens"):
            answer = self.client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "Count to a hundred."}],
                temperature=0, **{name: 5})
            self.assertEqual(answer.choices[0].finish_reason, "length")
            self.assertEqual(answer.usage.completion_tokens, 5)

    def test_several_answers(self):
        answer = self.chat("Tell me a word.", n=3, temperature=1.5, seed=7, max_tokens=8)
        self.assertEqual([c.index for c in answer.choices], [0, 1, 2])
        texts = [c.message.content for c in answer.choices]
        self.assertGreater(len(set(texts)), 1)
        again = self.chat("Tell me a word.", n=3, temperature=1.5, seed=7, max_tokens=8)
        self.assertEqual(texts, [c.message.content for c in again.choices])
        self.assertEqual(answer.usage.completion_tokens, again.usage.completion_tokens)

    def test_several_answers_streamed(self):
        texts, ended = ["", ""], [None, None]
        for chunk in self.chat("Tell me a word.", n=2, temperature=1.5, seed=7, max_tokens=8,
                               stream=True):
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
                ended[choice.index] = choice.finish_reason or ended[choice.index]
        whole = self.chat("Tell me a word.", n=2, temperature=1.5, seed=7, max_tokens=8)
        self.assertEqual(texts, [c.message.content for c in whole.choices])
        self.assertNotIn(None, ended)

    def test_seed(self):
        texts = {self.chat("Tell me a word.", seed=s, temperature=1.5).choices[0].message.content
                 for s in (1, 1, 2, 3)}
        self.assertGreater(len(texts), 1)
        self.assertLess(len(texts), 4)

    def test_stop_is_never_shown(self):
        whole = self.chat().choices[0].message.content
        for stop in ("classic", ["nowhere", "assic m"], [" is 4"]):
            answer = self.chat(stop=stop)
            text = answer.choices[0].message.content
            ends = [stop] if isinstance(stop, str) else stop
            cut = min(whole.find(s) for s in ends if s in whole)
            self.assertEqual(text, whole[:cut])
            self.assertEqual(answer.choices[0].finish_reason, "stop")
            self.assertEqual(text_of(self.chat(stop=stop, stream=True))[0], text)

    def test_half_seen_stop_is_delivered(self):
        whole = self.chat().choices[0].message.content
        stop = whole[-3:] + "never said"
        self.assertEqual(self.chat(stop=stop).choices[0].message.content, whole)
        self.assertEqual(text_of(self.chat(stop=stop, stream=True))[0], whole)

    def test_stops_16_and_17(self):
        self.chat(stop=[f"stop{i}" for i in range(16)])
        self.refused("stop", lambda: self.chat(stop=[f"stop{i}" for i in range(17)]))

    def test_out_of_range(self):
        for name, value in {"temperature": -1, "top_p": 2, "presence_penalty": 3,
                            "frequency_penalty": -3, "n": 0, "top_logprobs": 21,
                            "max_tokens": "many"}.items():
            more = {name: value} | ({"logprobs": True} if name == "top_logprobs" else {})
            with self.subTest(name):
                self.refused(name, lambda more=more: self.chat(**more))

    def test_logit_bias(self):
        _, tokens = self.server.post("/tokenize", {"content": "The"})
        banned = {str(t): -100 for t in tokens["tokens"]}
        self.assertNotIn("The", self.chat(logit_bias=banned).choices[0].message.content)
        self.refused("logit_bias", lambda: self.chat(logit_bias={"99999999": 1}))

    def test_penalties_change_the_text(self):
        ask = "Repeat the word apple many times."
        plain = self.chat(ask, max_tokens=48).choices[0].message.content
        other = self.chat(ask, max_tokens=48, frequency_penalty=2, presence_penalty=2)
        self.assertNotEqual(plain, other.choices[0].message.content)

    def test_logprobs(self):
        answer = self.chat(logprobs=True, top_logprobs=5)
        content = answer.choices[0].logprobs.content
        # The token that ended the answer has no text; it may be listed or not.
        self.assertIn(len(content), (answer.usage.completion_tokens,
                                     answer.usage.completion_tokens - 1))
        self.assertEqual(bytes(b for t in content for b in t.bytes).decode(),
                         answer.choices[0].message.content)
        for token in content:
            self.assertEqual(len(token.top_logprobs), 5)
            self.assertLessEqual(token.logprob, 0)
            tops = [t.logprob for t in token.top_logprobs]
            self.assertEqual(tops, sorted(tops, reverse=True))
            self.assertAlmostEqual(tops[0], token.logprob, places=4)  # greedy
            self.assertLessEqual(sum(math.exp(t) for t in tops), 1.001)

    def test_logprobs_streamed(self):
        whole = self.chat(logprobs=True, top_logprobs=2).choices[0].logprobs.content
        *_, chunks = text_of(self.chat(logprobs=True, top_logprobs=2, stream=True))
        streamed = [t for c in chunks for choice in c.choices if choice.logprobs
                    for t in choice.logprobs.content or []]
        self.assertEqual([t.token for t in whole], [t.token for t in streamed])
        self.assertEqual([t.bytes for t in whole], [t.bytes for t in streamed])

    def test_content_as_parts(self):
        parts = [{"type": "text", "text": "What is 2+2?"}]
        answer = self.client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": parts}], temperature=0, max_tokens=24)
        self.assertEqual(answer.choices[0].message.content, self.chat().choices[0].message.content)

    def test_pictures_are_refused(self):
        parts = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
        with self.assertRaises(Exception) as caught:
            self.client.chat.completions.create(model="m",
                                                messages=[{"role": "user", "content": parts}])
        self.assertEqual(caught.exception.status_code, 400)
        self.assertIn("image", str(caught.exception))

    def test_roles(self):
        for role in ("system", "developer"):
            answer = self.client.chat.completions.create(
                model="m", temperature=0, max_tokens=24, messages=[
                    {"role": role, "content": "You answer with one word."},
                    {"role": "user", "content": "What is 2+2?"},
                    {"role": "assistant", "content": "Four"},
                    {"role": "user", "content": "And 3+3?"}])
            self.assertTrue(answer.choices[0].message.content)
        with self.assertRaises(Exception) as caught:
            self.client.chat.completions.create(model="m",
                                                messages=[{"role": "wizard", "content": "x"}])
        self.assertEqual(caught.exception.status_code, 400)

    def test_no_messages(self):
        self.refused("messages", lambda: self.client.chat.completions.create(model="m", messages=[]))

    def test_continuation_of_the_last_assistant_message(self):
        answer = self.client.chat.completions.create(
            model="m", temperature=0, max_tokens=8, messages=[
                {"role": "user", "content": "What is 2+2?"},
                {"role": "assistant", "content": "The answer to this"}])
        self.assertTrue(answer.choices[0].message.content.startswith(" classic"),
                        answer.choices[0].message.content)

    def test_context_length_exceeded(self):
        error = self.refused(None, lambda: self.chat("word " * 3000), code="context_length_exceeded")
        self.assertIn("1024", str(error))

    def test_cached_tokens(self):
        ask = "Tell me about the river Seine, its bridges, its boats and the people who live by it."
        first = self.chat(ask)
        again = self.chat(ask)
        self.assertEqual(first.choices[0].message.content, again.choices[0].message.content)
        self.assertGreater(again.usage.prompt_tokens_details.cached_tokens, 15)
        self.assertLess(again.usage.prompt_tokens_details.cached_tokens, again.usage.prompt_tokens)

    def test_extras_of_llama_cpp(self):
        extra = {"top_k": 20, "min_p": 0.05, "repeat_penalty": 1.1, "repeat_last_n": 32,
                 "typical_p": 0.9, "dry_multiplier": 0.8, "dry_base": 1.75, "dry_allowed_length": 2,
                 "dry_penalty_last_n": 64, "dry_sequence_breakers": ["\n"], "xtc_probability": 0.2,
                 "xtc_threshold": 0.1, "cache_prompt": True, "samplers": ["top_k", "temperature"]}
        self.chat(extra_body=extra, temperature=0.8, seed=1)
        self.chat(extra_body={"mirostat": 2, "mirostat_tau": 5, "mirostat_eta": 0.1}, temperature=0.8)
        self.refused("top_k", lambda: self.chat(extra_body={"top_k": "many"}))
        self.refused("min_p", lambda: self.chat(extra_body={"min_p": 2}))

    def test_ignore_eos(self):
        answer = self.chat(extra_body={"ignore_eos": True}, max_tokens=40)
        self.assertEqual(answer.usage.completion_tokens, 40)
        self.assertEqual(answer.choices[0].finish_reason, "length")

    def test_many_at_once_as_alone(self):
        asks = [f"What is {i} plus {i}?" for i in range(24)]
        alone = [self.chat(a).choices[0].message.content for a in asks[:4]]

        async def everybody():
            async with self.server.async_client() as client:
                return await asyncio.gather(*(client.chat.completions.create(
                    model="m", temperature=0, max_tokens=24,
                    messages=[{"role": "user", "content": a}]) for a in asks))

        together = [a.choices[0].message.content for a in asyncio.run(everybody())]
        self.assertEqual(together[:4], alone)

    def test_a_client_that_leaves(self):
        stream = self.client.chat.completions.create(
            model="m", max_tokens=900, stream=True, extra_body={"ignore_eos": True},
            messages=[{"role": "user", "content": "Go on for ever."}])
        next(iter(stream))
        stream.close()
        end = time.monotonic() + 20
        while self.server.metric("rocmforge_active_requests") > 0:
            self.assertLess(time.monotonic(), end, "its request goes on")
            time.sleep(0.05)


class Thinking(ServerCase):
    TEMPLATE = ("{% for m in messages %}{{ m.content }}\n{% endfor %}"
                "{% if enable_thinking is not defined or enable_thinking %}<think>\n{% endif %}")

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        path = pathlib.Path(cls.folder.name) / "thinks.jinja"
        path.write_text(cls.TEMPLATE, encoding="utf-8")
        cls.OPTIONS = ("--chat-template", str(path), "--ctx", "512")
        super().setUpClass()

    def test_reasoning_content(self):
        answer = self.chat("Think.", max_tokens=16, temperature=1, seed=3)
        self.assertTrue(answer.choices[0].message.reasoning_content)
        self.assertFalse(answer.choices[0].message.content)
        self.assertGreater(answer.usage.completion_tokens_details.reasoning_tokens, 0)

    def test_reasoning_streamed(self):
        whole = self.chat("Think.", max_tokens=16)
        thinking = "".join(getattr(c.delta, "reasoning_content", None) or ""
                           for chunk in self.chat("Think.", max_tokens=16, stream=True)
                           for c in chunk.choices)
        self.assertEqual(thinking, whole.choices[0].message.reasoning_content)

    def test_reasoning_format_none(self):
        answer = self.chat("Think.", max_tokens=16, extra_body={"reasoning_format": "none"})
        self.assertTrue(answer.choices[0].message.content)
        self.assertFalse(getattr(answer.choices[0].message, "reasoning_content", None))

    def test_template_arguments(self):
        answer = self.chat("Think.", max_tokens=16,
                           extra_body={"chat_template_kwargs": {"enable_thinking": False}})
        self.assertTrue(answer.choices[0].message.content)
