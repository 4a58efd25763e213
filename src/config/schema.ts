import type { z } from "zod";
import { catalogShape } from "./schema-catalog.ts";
import { section } from "./schema-parts.ts";
import { policyShape } from "./schema-policy.ts";
import { serviceShape } from "./schema-service.ts";

/** `switchyard.yaml`, strictly: its shapes. What names refer to and how values relate is checked beside it. */
export const fileSchema = section({ ...serviceShape, ...catalogShape, ...policyShape });

/** A file whose shape is right, with its defaults filled in. */
export type FileConfig = z.output<typeof fileSchema>;
