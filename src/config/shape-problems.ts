import type { z } from "zod";
import { closestNames } from "../routing/closest-names.ts";
import type { ConfigPath, Finding } from "./config-path.ts";
import { inlineKeyMessage, inlineKeyNames } from "./pasted-key.ts";
import { isMap, valueAt } from "./raw-value.ts";

/** What is wrong with the shape of a file, in sentences: what was found, then what is allowed. */
export function shapeFindings(error: z.ZodError, value: unknown): readonly Finding[] {
  return error.issues.flatMap((issue) => findingsOf(issue, value));
}

function findingsOf(issue: z.core.$ZodIssue, value: unknown): readonly Finding[] {
  const at: ConfigPath = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((name) => ({
        at: [...at, name],
        message: unknownNameMessage(at, name, issue.message.split(" ")),
      }));
    case "invalid_value": {
      const found = valueAt(value, at);
      const words = issue.values.filter((word) => typeof word === "string");
      const closest = typeof found === "string" ? closestNames(found, words, 1)[0] : undefined;
      const hint = closest === undefined ? "" : ` (did you mean ${closest}?)`;
      return [{ at, message: `${describe(found, true)}${issue.message}${hint}` }];
    }
    case "invalid_type":
    case "invalid_union":
      return [{ at, message: `${describe(valueAt(value, at), false)}${issue.message}` }];
    default:
      return [{ at, message: `${describe(valueAt(value, at), true)}${issue.message}` }];
  }
}

/** Never the text itself: it may be a key in the wrong place. */
function describe(found: unknown, typeIsRight: boolean): string {
  if (found === undefined) return "is missing; ";
  if (found === null) return "is empty; ";
  if (typeof found === "number" || typeof found === "boolean") return `is ${found}; `;
  if (typeIsRight) return "";
  if (typeof found === "string") return found === "" ? "is empty; " : "is text; ";
  if (Array.isArray(found)) return "is a list; ";
  return isMap(found) ? "is a map; " : "";
}

function unknownNameMessage(at: ConfigPath, name: string, known: readonly string[]): string {
  // An upstream, or one of its keys.
  if (at[0] === "upstreams" && at.length >= 2 && inlineKeyNames.has(name)) return inlineKeyMessage;
  if (name === "<<") return "merge keys are not supported; repeat the values, or use an alias for one value";
  const closest = closestNames(name, known, 1)[0];
  return closest === undefined
    ? `is not known; known here: ${known.join(", ")}`
    : `is not known; did you mean ${closest}? Known here: ${known.join(", ")}`;
}
