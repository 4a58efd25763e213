import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { pathToString } from "@bufbuild/protobuf/reflect";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { clipText } from "./clip-text.ts";
import { errorInfo } from "./error-info.ts";
import { compileQuickCheck } from "./quick-check.ts";
import type { PatternMatch } from "./quick-rules.ts";
import { RpcError } from "./rpc-error.ts";
import type { RpcService } from "./rpc-service.ts";

/** One field that is wrong, by its path in the names of the contract: `input.messages[0].role`. */
export interface FieldProblem {
  readonly field: string;
  readonly description: string;
  /** Which rule, in upper snake case. */
  readonly reason?: string | undefined;
}

/** Checks requests against the rules of the contract. */
export interface MessageValidator {
  /** @returns INVALID_ARGUMENT naming each field, or undefined where all is well */
  readonly check: (schema: DescMessage, message: Message) => RpcError | undefined;
  /**
   * Compiles the rules of every request, which takes 100 to 200 ms once: before readiness, or the first
   * caller pays for it.
   */
  readonly warm: (services: readonly RpcService[]) => void;
}

/**
 * A validator over protovalidate; make one and share it, it holds the compiled rules. Nearly every request is
 * valid, and a quick check says so for a fraction of what protovalidate takes, which judges what is left.
 */
export function createMessageValidator(): MessageValidator {
  const match = createPatternMatch();
  const validator = createValidator({ regexMatch: match });
  const quickChecks = new Map<DescMessage, (message: Message) => boolean>();

  function quickCheckOf(schema: DescMessage): (message: Message) => boolean {
    let quickCheck = quickChecks.get(schema);
    if (quickCheck === undefined) {
      // Rules that do not compile are an error of every message, of those too that do not come to them.
      const { kind } = validator.validate(schema, create(schema));
      quickCheck = kind === "error" ? () => false : compileQuickCheck(schema, match);
      quickChecks.set(schema, quickCheck);
    }
    return quickCheck;
  }

  return {
    check(schema, message) {
      if (quickCheckOf(schema)(message)) return undefined;
      const result = validator.validate(schema, message);
      switch (result.kind) {
        case "valid":
          return undefined;
        case "invalid":
          return invalidArgument(result.violations.map(toProblem));
        case "error":
          // A rule of our own contract does not compile or run: a bug, not the caller's mistake.
          throw result.error;
      }
    },
    warm(services) {
      for (const { methods } of services) {
        for (const { desc } of methods) quickCheckOf(desc.input);
      }
    },
  };
}

/**
 * The patterns of the contract are ours and take linear time in every engine, so they need none that guards against
 * others. The library's own is RE2 in JavaScript.
 */
function createPatternMatch(): PatternMatch {
  const compiled = new Map<string, RegExp>();
  return (pattern, text) => {
    let expression = compiled.get(pattern);
    if (expression === undefined) {
      expression = new RegExp(pattern, "u");
      compiled.set(pattern, expression);
    }
    return expression.test(text);
  };
}

// Python's grpcio loses the status itself when its details exceed some kilobytes.
const maxListed = 10;
const maxDescription = 120;
const maxField = 80;

/**
 * INVALID_ARGUMENT for these fields, all of them named in a `google.rpc.BadRequest` (the first 10 where there
 * are more). Also for checks that the rules of the contract cannot express.
 */
export function invalidArgument(problems: readonly FieldProblem[]): RpcError {
  const named = problems
    .slice(0, 3)
    .map(({ field, description }) =>
      field === ""
        ? clipText(description, maxDescription)
        : `${clipText(field, maxField)}: ${clipText(description, maxDescription)}`,
    );
  const rest = problems.length - named.length;
  const message = `invalid request: ${named.join("; ")}${rest > 0 ? `; and ${rest} more` : ""}`;
  const fieldViolations = problems.slice(0, maxListed).map(({ field, description, reason }) => ({
    field: clipText(field, maxField),
    description: clipText(description, maxDescription),
    reason: reason ?? "",
  }));
  return new RpcError("INVALID_ARGUMENT", message, [
    errorInfo("INVALID_REQUEST", rest > 0 ? { problems: String(problems.length) } : {}),
    { schema: BadRequestSchema, value: { fieldViolations } },
  ]);
}

function toProblem(violation: Violation): FieldProblem {
  return {
    field: pathToString(violation.field),
    description: violation.forKey ? `key ${violation.message}` : violation.message,
    reason: violation.ruleId.replaceAll(/[^a-z0-9]+/gi, "_").toUpperCase(),
  };
}
