/**
 * The regular expressions of JSON Schema, read into a tree. We walk it ourselves, for two reasons: a tree
 * can be sampled, and a pattern out of a request never meets the engine's backtracking, which one
 * `(a+)+$` would turn into a standstill of the whole process.
 */
export type PatternNode =
  | {
      readonly kind: "char";
      readonly test: (char: string) => boolean;
      readonly candidates: readonly string[];
    }
  | { readonly kind: "start" }
  | { readonly kind: "end" }
  | { readonly kind: "sequence"; readonly items: readonly PatternNode[] }
  | { readonly kind: "choice"; readonly branches: readonly PatternNode[] }
  | { readonly kind: "repeat"; readonly item: PatternNode; readonly least: number; readonly most: number };

const ordinary = Array.from(
  "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ _-.:/@,가한あ中é",
);
const mostSource = 500;
const mostDepth = 20;

const controls: Readonly<Partial<Record<string, readonly string[]>>> = {
  t: ["\t"],
  n: ["\n"],
  r: ["\r"],
  f: ["\f"],
  v: ["\v"],
  0: ["\0"],
};

interface Cursor {
  readonly chars: readonly string[];
  at: number;
  depth: number;
}

/** A class or an escape as a test of one character: on one character the engine cannot run away. */
function charNode(source: string, literal: readonly string[]): PatternNode | undefined {
  try {
    const single = new RegExp(`^(?:${source})$`, "u");
    const candidates = [...literal, ...ordinary].filter((char) => single.test(char));
    return { kind: "char", test: (char) => single.test(char), candidates };
  } catch {
    return undefined;
  }
}

function readEscape(cursor: Cursor): PatternNode | undefined {
  const start = cursor.at;
  const letter = cursor.chars[start + 1];
  if (letter === undefined || /[bBk1-9]/.test(letter)) return undefined;
  cursor.at += 2;
  const rest = cursor.chars.slice(cursor.at, cursor.at + 64).join("");
  const tail = {
    p: /^\{[^}]*\}/,
    P: /^\{[^}]*\}/,
    u: /^(?:\{[0-9a-fA-F]+\}|[0-9a-fA-F]{4})/,
    x: /^[0-9a-fA-F]{2}/,
    c: /^[A-Za-z]/,
  };
  const expected = Object.entries(tail).find(([name]) => name === letter)?.[1];
  const more = expected === undefined ? "" : expected.exec(rest)?.[0];
  if (more === undefined) return undefined;
  cursor.at += more.length;
  const source = cursor.chars.slice(start, cursor.at).join("");
  // `\-` and kin: without the unicode flag any escaped sign is itself.
  if (/^[^A-Za-z0-9]$/u.test(letter)) return literalNode(letter);
  const code = /^(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]+))$/.exec(more);
  const literal =
    code === null
      ? (controls[letter] ?? [])
      : [String.fromCodePoint(Math.min(0x10ffff, Number.parseInt(code[1] ?? code[2] ?? "0", 16)))];
  return charNode(source, literal);
}

function literalNode(literal: string): PatternNode {
  return { kind: "char", test: (char) => char === literal, candidates: [literal] };
}

function readClass(cursor: Cursor): PatternNode | undefined {
  const start = cursor.at;
  cursor.at += 1;
  if (cursor.chars[cursor.at] === "^") cursor.at += 1;
  while (cursor.at < cursor.chars.length && cursor.chars[cursor.at] !== "]") {
    cursor.at += cursor.chars[cursor.at] === "\\" ? 2 : 1;
  }
  cursor.at += 1;
  const inside = cursor.chars.slice(start, cursor.at);
  const source = inside.join("");
  const escapes = (source.match(/\\u\{?[0-9a-fA-F]+|\\x[0-9a-fA-F]{2}/g) ?? []).map((escape) =>
    String.fromCodePoint(Math.min(0x10ffff, Number.parseInt(escape.replace(/^\\[ux]\{?/, ""), 16))),
  );
  const literal = [...inside.slice(1, -1), ...escapes];
  // Signs that were needlessly escaped are an error under the unicode flag only.
  return charNode(source, literal) ?? charNode(source.replaceAll(/\\([^\w\\\]^-])/g, "$1"), literal);
}

function readAtom(cursor: Cursor): PatternNode | undefined {
  const char = cursor.chars[cursor.at];
  if (char === "\\") return readEscape(cursor);
  if (char === "[") return readClass(cursor);
  if (char === "(") return readGroup(cursor);
  cursor.at += 1;
  if (char === "^") return { kind: "start" };
  if (char === "$") return { kind: "end" };
  if (char === ".") return charNode(".", []);
  if (char === undefined || "*+?".includes(char)) return undefined;
  return literalNode(char);
}

function readGroup(cursor: Cursor): PatternNode | undefined {
  cursor.at += 1;
  if (cursor.chars[cursor.at] === "?") {
    const head = /^\?(?::|<[A-Za-z_]\w*>)/.exec(cursor.chars.slice(cursor.at, cursor.at + 64).join(""));
    // Looking ahead or behind cannot be sampled.
    if (head === null) return undefined;
    cursor.at += head[0].length;
  }
  const inner = readChoice(cursor);
  if (inner === undefined || cursor.chars[cursor.at] !== ")") return undefined;
  cursor.at += 1;
  return inner;
}

function readQuantified(cursor: Cursor): PatternNode | undefined {
  const item = readAtom(cursor);
  if (item === undefined) return undefined;
  const found = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(
    cursor.chars.slice(cursor.at, cursor.at + 16).join(""),
  );
  if (found === null) return item;
  cursor.at += found[0].length;
  const sign = found[0][0];
  if (sign === "*") return { kind: "repeat", item, least: 0, most: Infinity };
  if (sign === "+") return { kind: "repeat", item, least: 1, most: Infinity };
  if (sign === "?") return { kind: "repeat", item, least: 0, most: 1 };
  const least = Number(found[1]);
  if (found[2] === "") return { kind: "repeat", item, least, most: least };
  const most = found[3] === "" ? Infinity : Number(found[3]);
  return most < least ? undefined : { kind: "repeat", item, least, most };
}

function readChoice(cursor: Cursor): PatternNode | undefined {
  cursor.depth += 1;
  if (cursor.depth > mostDepth) return undefined;
  const branches: PatternNode[] = [];
  let items: PatternNode[] = [];
  for (;;) {
    const char = cursor.chars[cursor.at];
    if (char === undefined || char === ")" || char === "|") {
      branches.push({ kind: "sequence", items });
      items = [];
      if (char !== "|") break;
      cursor.at += 1;
    } else {
      const item = readQuantified(cursor);
      if (item === undefined) return undefined;
      items.push(item);
    }
  }
  cursor.depth -= 1;
  return { kind: "choice", branches };
}

/** The tree of a pattern; undefined for what has none here (look-around, back references, errors). */
export function readPattern(source: string): PatternNode | undefined {
  const chars = Array.from(source);
  if (chars.length > mostSource) return undefined;
  const cursor: Cursor = { chars, at: 0, depth: 0 };
  const node = readChoice(cursor);
  return cursor.at === chars.length ? node : undefined;
}
