import { create } from "@bufbuild/protobuf";
import { FieldDescriptorProto_Type as Type } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { createMessageValidator } from "../../src/rpc/validate-message.ts";
import { type Rules, ruledMessage } from "../support/ruled-field.ts";

const longest = (maxLen: bigint): Rules => ({ type: { case: "string", value: { maxLen } } });
const email: Rules = { type: { case: "string", value: { wellKnown: { case: "email", value: true } } } };

describe("createMessageValidator()", () => {
  for (const { rule, rules, good, bad, reason } of [
    {
      rule: "that the quick check knows",
      rules: longest(3n),
      good: "abc",
      bad: "abcd",
      reason: "STRING_MAX_LEN",
    },
    { rule: "that only protovalidate knows", rules: email, good: "a@b.c", bad: "a", reason: "STRING_EMAIL" },
  ]) {
    it(`checks a rule ${rule}, and says what is wrong`, () => {
      const desc = ruledMessage({ type: Type.STRING }, rules);
      const validator = createMessageValidator();
      expect(validator.check(desc, create(desc, { v: good }))).toBeUndefined();
      expect(validator.check(desc, create(desc, { v: bad }))).toMatchObject({
        code: "INVALID_ARGUMENT",
        details: [{}, { value: { fieldViolations: [{ field: "v", reason }] } }],
      });
    });
  }

  it("throws for rules that do not compile, even where the message has nothing that they are for", () => {
    const desc = ruledMessage({ type: Type.INT32, proto3Optional: true }, longest(3n));
    expect(() => createMessageValidator().check(desc, create(desc))).toThrow("expected rule");
  });
});
