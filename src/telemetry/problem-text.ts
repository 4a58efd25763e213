const longest = 200;

/** What the SDK complains of, as one short line: it throws, logs and rejects with errors, their JSON and arrays. */
export function problemText(parts: readonly unknown[]): string {
  return [...new Set(parts.map(partText))].filter(Boolean).join(": ").slice(0, longest);
}

// The SDK reports a failed export as the JSON of an error, stack and all: its message and code suffice.
function partText(part: unknown): string {
  if (Array.isArray(part)) return problemText(part);
  if (part instanceof Error) return errorText(part.name, part.message);
  if (typeof part !== "string") return "";
  if (!part.startsWith("{")) return firstLine(part);
  try {
    const flat: unknown = JSON.parse(part);
    if (typeof flat !== "object" || flat === null) return "";
    const field = (name: string): string => {
      const value: unknown = Reflect.get(flat, name);
      return typeof value === "string" || typeof value === "number" ? String(value) : "";
    };
    return errorText(field("name"), [field("code"), field("message")].filter(Boolean).join(" "));
  } catch {
    return "unreadable error";
  }
}

function errorText(name: string, message: string): string {
  return firstLine([name, message].filter(Boolean).join(": "));
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
