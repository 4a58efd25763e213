/** What every upstream of the bench answers: 0.5 kB, as a real one would for a short question. */
export const completion = JSON.stringify({
  id: "chatcmpl-bench0000000000000000000000",
  object: "chat.completion",
  created: 1_790_000_000,
  model: "unary",
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: "Use 은 after a consonant when it is the topic, and 이 when it is the subject that is new.",
        refusal: null,
      },
      logprobs: null,
      finish_reason: "stop",
    },
  ],
  usage: {
    prompt_tokens: 42,
    completion_tokens: 27,
    total_tokens: 69,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  },
  system_fingerprint: "fp_bench",
});

/** What a rate limit looks like. */
export const rateLimited = JSON.stringify({
  error: { message: "Rate limit reached", type: "requests", param: null, code: "rate_limit_exceeded" },
});

/** The events of a streamed answer of so many pieces of content, each with its blank line. */
export function streamEvents(chunks: number): readonly string[] {
  const content = Array.from({ length: chunks }, (_, number) =>
    chunkEvent([
      {
        index: 0,
        delta: { ...(number === 0 ? { role: "assistant" } : {}), content: ` piece${number}` },
        logprobs: null,
        finish_reason: null,
      },
    ]),
  );
  return [
    ...content,
    chunkEvent([{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }]),
    chunkEvent([], { prompt_tokens: 42, completion_tokens: chunks, total_tokens: 42 + chunks }),
    "data: [DONE]\n\n",
  ];
}

function chunkEvent(choices: readonly unknown[], usage?: unknown): string {
  const chunk = {
    id: "chatcmpl-bench0000000000000000000000",
    object: "chat.completion.chunk",
    created: 1_790_000_000,
    model: "stream",
    system_fingerprint: "fp_bench",
    choices,
    ...(usage === undefined ? {} : { usage }),
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}
