/** Texts that fit what a property is called; the first whose words stand in the name is taken. */
const plausible: readonly { readonly words: readonly string[]; readonly text: string }[] = [
  { words: ["city", "town", "location", "place"], text: "Seoul" },
  { words: ["country"], text: "South Korea" },
  { words: ["street", "address"], text: "1 Sejong-daero" },
  { words: ["zip", "postal", "postcode"], text: "04524" },
  { words: ["email", "mail"], text: "simulated@example.com" },
  { words: ["url", "uri", "link", "href", "website"], text: "https://example.com/simulated" },
  { words: ["phone", "tel"], text: "+82-2-555-0100" },
  { words: ["currency"], text: "USD" },
  { words: ["language", "lang", "locale"], text: "ko" },
  { words: ["timezone", "tz"], text: "Asia/Seoul" },
  { words: ["datetime", "timestamp"], text: "2025-01-15T09:30:00Z" },
  { words: ["date", "day"], text: "2025-01-15" },
  { words: ["time"], text: "09:30" },
  { words: ["unit", "units"], text: "celsius" },
  { words: ["path", "file", "filename"], text: "simulated.txt" },
  { words: ["color", "colour"], text: "blue" },
  { words: ["id", "uuid", "key"], text: "simulated-1" },
  { words: ["firstname", "given"], text: "Min-jun" },
  { words: ["lastname", "surname", "family"], text: "Kim" },
  { words: ["name", "author", "person", "user"], text: "Kim Min-jun" },
];

/** Names of properties that carry what was asked. */
const asking: ReadonlySet<string> = new Set([
  "query",
  "question",
  "prompt",
  "text",
  "input",
  "message",
  "content",
  "search",
  "q",
  "term",
  "keywords",
  "topic",
  "subject",
  "title",
]);

/**
 * A text that a property of this name could hold.
 * @param question what the user asked; goes where the name says that it belongs
 */
export function textForProperty(name: string, question: string): string {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const joined = words.join("");
  if (question !== "" && words.some((word) => asking.has(word))) return question;
  return (
    plausible.find((entry) => entry.words.some((word) => words.includes(word) || joined === word))?.text ??
    "simulated"
  );
}
