import { asianPhrases } from "./phrases-asian.ts";
import { europeanPhrases } from "./phrases-european.ts";
import type { Language, Phrases } from "./language.ts";

/** What the simulator says, by language. */
export const phrases: Readonly<Record<Language, Phrases>> = { ...europeanPhrases, ...asianPhrases };
