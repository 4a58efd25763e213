import { createJsonBrackets, type JsonBrackets } from "./json-brackets.ts";
import { readArguments } from "./tool-call-fields.ts";
import { isAbsent, isCount, isRecord, nonEmptyString } from "./untrusted-json.ts";

/** A piece of a tool call, as `ToolCallDelta` has it: id and name are set in the first piece of an index alone. */
export interface ToolCallFragment {
  readonly toolIndex: number;
  readonly id: string;
  readonly name: string;
  readonly argumentsFragment: string;
}

type FragmentResult =
  | { readonly kind: "fragments"; readonly fragments: readonly ToolCallFragment[] }
  | { readonly kind: "malformed" };

/** Sorts the fragments of one choice's tool calls. */
export interface ToolCallFragments {
  /** Reads one element of a delta's `tool_calls`. */
  add(fragment: unknown): FragmentResult;
  /** What was held back for want of an id, with one invented; malformed where a call never got a name. */
  end(): FragmentResult;
}

interface OpenCall {
  readonly toolIndex: number;
  id: string;
  name: string;
  announced: boolean;
  /** Arguments that wait for id and name. */
  held: string;
  /** Of its arguments, followed only for calls without an index. */
  readonly brackets: JsonBrackets | undefined;
}

interface Read {
  readonly index: number | undefined;
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

const malformed: FragmentResult = { kind: "malformed" };
const nothing: FragmentResult = { kind: "fragments", fragments: [] };

function readFragment(value: unknown): Read | undefined {
  if (!isRecord(value)) {
    return undefined;
  }
  const index = value["index"] ?? undefined;
  const called = value["function"] ?? {};
  if (!isRecord(called) || !(index === undefined || isCount(index))) {
    return undefined;
  }
  const text = readArguments(called["arguments"]);
  const hasNames = [value["id"], called["name"]].every((name) => isAbsent(name) || typeof name === "string");
  return text === undefined || !hasNames
    ? undefined
    : { index, id: nonEmptyString(value["id"]) ?? "", name: nonEmptyString(called["name"]) ?? "", text };
}

/**
 * Whether a fragment without an index opens another call. Its id decides; without one a new name does, and a
 * repeated name only once the call before it has all its arguments.
 */
function opensAnother(latest: OpenCall, { id, name }: Read): boolean {
  if (id !== "") {
    return latest.id !== "" || (name !== "" && latest.name !== "");
  }
  if (name === "" || latest.name === "") {
    return false;
  }
  return name !== latest.name || latest.brackets?.allClosed() === true;
}

function announce(call: OpenCall): ToolCallFragment {
  const { toolIndex, id, name, held } = call;
  call.announced = true;
  call.held = "";
  return { toolIndex, id, name, argumentsFragment: held };
}

/**
 * Tool calls arrive in pieces that upstreams mark differently: by index (OpenAI), by id alone, by order
 * alone, with id and name in every piece or late, all under index 0 with an id each. An index that the
 * upstream sends is kept unless another call has it.
 */
class FragmentSorter implements ToolCallFragments {
  readonly #inventId: (toolIndex: number) => string;
  readonly #calls: OpenCall[] = [];
  readonly #byIndex = new Map<number, OpenCall>();
  /** Of calls without an index. */
  readonly #byId = new Map<string, OpenCall>();
  readonly #taken = new Set<number>();
  #nextFree = 0;

  constructor(inventId: (toolIndex: number) => string) {
    this.#inventId = inventId;
  }

  add(fragment: unknown): FragmentResult {
    const read = readFragment(fragment);
    if (read === undefined) {
      return malformed;
    }
    const call = this.#find(read);
    call.id ||= read.id;
    call.name ||= read.name;
    call.brackets?.add(read.text);
    if (read.index === undefined && call.id !== "") {
      this.#byId.set(call.id, call);
    }
    if (!call.announced) {
      call.held += read.text;
      return call.id === "" || call.name === ""
        ? nothing
        : { kind: "fragments", fragments: [announce(call)] };
    }
    return read.text === ""
      ? nothing
      : {
          kind: "fragments",
          fragments: [{ toolIndex: call.toolIndex, id: "", name: "", argumentsFragment: read.text }],
        };
  }

  end(): FragmentResult {
    const fragments: ToolCallFragment[] = [];
    for (const call of this.#calls) {
      if (call.announced) continue;
      if (call.name !== "") {
        call.id ||= this.#inventId(call.toolIndex);
        fragments.push(announce(call));
      } else if (call.id !== "" || call.held !== "") {
        return malformed;
      }
    }
    return { kind: "fragments", fragments };
  }

  #find(read: Read): OpenCall {
    if (read.index !== undefined) {
      const call = this.#byIndex.get(read.index);
      const another =
        call !== undefined && read.name !== "" && read.id !== "" && call.id !== "" && call.id !== read.id;
      return call === undefined || another ? this.#open(read.index) : call;
    }
    const known = read.id === "" ? undefined : this.#byId.get(read.id);
    const latest = known ?? this.#calls.at(-1);
    return latest === undefined || (known === undefined && opensAnother(latest, read))
      ? this.#open(undefined)
      : latest;
  }

  #open(index: number | undefined): OpenCall {
    while (this.#taken.has(this.#nextFree)) {
      this.#nextFree++;
    }
    const toolIndex = index === undefined || this.#taken.has(index) ? this.#nextFree : index;
    this.#taken.add(toolIndex);
    const brackets = index === undefined ? createJsonBrackets() : undefined;
    const call: OpenCall = { toolIndex, id: "", name: "", announced: false, held: "", brackets };
    this.#calls.push(call);
    if (index !== undefined) {
      this.#byIndex.set(index, call);
    }
    return call;
  }
}

/** @param inventId asked where a call ends without an id */
export function createToolCallFragments(inventId: (toolIndex: number) => string): ToolCallFragments {
  return new FragmentSorter(inventId);
}
