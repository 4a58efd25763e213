import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from "yaml";
import { type ConfigPath, type Finding, toProblem } from "./config-path.ts";
import type { ConfigProblem } from "./config.ts";
import { yamlProblemText } from "./yaml-problem-text.ts";

/** A YAML text as plain values. Maps have no prototype; an empty text is an empty map. */
export interface YamlText {
  readonly value: unknown;
  /** Line of a value, from 1; of the nearest thing around it where it does not stand in the text. */
  readonly lineOf: (path: ConfigPath) => number;
  readonly problems: readonly ConfigProblem[];
}

/** A configuration of a hundred models has some 60 kB. */
const maxTextLength = 1_048_576;
/** The deepest place of the schema is five levels down. */
const maxDepth = 16;
/** An alias of an alias of an alias grows exponentially; a real file repeats a price or a list. */
const maxAliases = 200;
/** After the first few, syntax problems are mostly consequences. */
const maxProblems = 20;

/** Reads a YAML 1.2 text; never throws. @see test/config/yaml-text.test.ts */
export function readYaml(text: string): YamlText {
  if (text.length > maxTextLength) return unreadable(1, `is larger than ${maxTextLength} characters`);
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    const line = text.slice(0, nul).split("\n").length;
    return unreadable(line, "holds a NUL character: this is not a text file, or not one in UTF-8");
  }
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { prettyErrors: false, lineCounter: lines, logLevel: "error" });
  } catch {
    // Deep nesting exhausts the parser's stack.
    return unreadable(1, "cannot be read as YAML: is it nested thousands of levels deep?");
  }
  const syntax = syntaxProblems(document, lines);
  if (syntax.length > 0) return { value: undefined, lineOf: () => 1, problems: syntax };

  const tree = readTree(document, lines);
  const problems = tree.findings.map((finding) => toProblem(finding, tree.lineOf));
  return { value: tree.value, lineOf: tree.lineOf, problems };
}

function unreadable(line: number, message: string): YamlText {
  return { value: undefined, lineOf: () => line, problems: [{ path: "", line, message }] };
}

function syntaxProblems(document: Document.Parsed, lines: LineCounter): readonly ConfigProblem[] {
  const problems = new Map<string, ConfigProblem>();
  const add = (line: number, message: string): void => {
    problems.set(`${line} ${message}`, { path: "", line, message });
  };
  const { yaml } = document.directives;
  if (yaml.explicit === true && yaml.version !== "1.2") {
    add(1, "asks for another version of YAML; remove the %YAML line: YAML 1.2 is read");
  }
  const errors: readonly YAMLError[] = [...document.errors, ...document.warnings];
  for (const error of errors) add(Math.max(1, lines.linePos(error.pos[0]).line), yamlProblemText(error.code));
  return [...problems.values()].slice(0, maxProblems);
}

interface Tree {
  readonly value: unknown;
  readonly lineOf: (path: ConfigPath) => number;
  readonly findings: readonly Finding[];
}

/** Walks the nodes instead of `toJS`, which keeps no lines, joins keys that differ only in type, and throws. */
function readTree(document: Document.Parsed, counter: LineCounter): Tree {
  const lines = new Map<string, number>();
  const findings: Finding[] = [];
  const open = new Set<Node>();
  let aliases = 0;

  const note = (path: ConfigPath, node: Node | null): void => {
    // Inside an alias, lines are those of the anchor; the first to be noted is where the name stands.
    if (node?.range && !lines.has(JSON.stringify(path))) {
      lines.set(JSON.stringify(path), Math.max(1, counter.linePos(node.range[0]).line));
    }
  };
  const read = (node: Node | null, path: ConfigPath): unknown => {
    note(path, node);
    const refuse = (message: string): undefined => {
      findings.push({ at: path, message });
      return undefined;
    };
    // eslint-disable-next-line unicorn/no-null -- YAML's own empty value, kept apart from an absent one
    if (node === null) return null;
    if (path.length > maxDepth) return refuse(`is nested more than ${maxDepth} levels deep`);
    if (isAlias(node)) {
      aliases++;
      if (aliases > maxAliases) {
        return aliases === maxAliases + 1
          ? refuse(`is one alias too many: at most ${maxAliases} are followed in all`)
          : undefined;
      }
      const target = node.resolve(document);
      if (target === undefined) return refuse("is an alias (*name) without an anchor (&name) before it");
      if (open.has(target)) return refuse("is an alias of the thing that contains it");
      return read(target, path);
    }
    if (isScalar(node)) {
      const { value } = node;
      return typeof value === "object" && value !== null
        ? refuse("has a tag that this file cannot have; write plain text or a number")
        : value;
    }
    open.add(node);
    try {
      if (isSeq<Node>(node)) return node.items.map((item, index) => read(item, [...path, index]));
      if (isMap<Node, Node | null>(node)) return readMap(node.items, path);
    } finally {
      open.delete(node);
    }
    return refuse("is not a map, a list, text, a number, true or false");
  };
  const readMap = (
    pairs: readonly { readonly key: Node; readonly value: Node | null }[],
    path: ConfigPath,
  ): Record<string, unknown> => {
    const map = Object.create(null) as Record<string, unknown>;
    for (const { key, value } of pairs) {
      const name = nameOf(key);
      if (name === undefined) {
        const unnamed = [...path, "?"];
        note(unnamed, key);
        findings.push({ at: unnamed, message: "is a name that is not plain text" });
        continue;
      }
      const place = [...path, name];
      note(place, key);
      if (name === "__proto__") {
        // The schema's records pass over it in silence.
        findings.push({ at: place, message: "is a name that nothing can have" });
        continue;
      }
      if (Object.hasOwn(map, name)) findings.push({ at: place, message: "stands twice; remove one" });
      map[name] = read(value, place);
    }
    return map;
  };
  // The end of an empty text is no value: all defaults.
  const root = read(document.contents, []);
  return { value: root ?? Object.create(null), findings, lineOf: (path) => nearestLine(lines, path) };
}

/** Undefined for whatever is no plain text: a list, a map, nothing. */
function nameOf(key: Node): string | undefined {
  const value = isScalar(key) ? key.value : undefined;
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

function nearestLine(lines: ReadonlyMap<string, number>, path: ConfigPath): number {
  for (let length = path.length; length >= 0; length--) {
    const line = lines.get(JSON.stringify(path.slice(0, length)));
    if (line !== undefined && length > 0) return line;
  }
  return 1;
}
