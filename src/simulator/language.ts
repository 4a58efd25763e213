/** Languages that the simulator answers in; a prompt in another is answered in English. */
export type Language = EuropeanLanguage | AsianLanguage;

export type EuropeanLanguage =
  | "en"
  | "es"
  | "fr"
  | "de"
  | "pt"
  | "it"
  | "nl"
  | "pl"
  | "tr"
  | "ru"
  | "uk"
  | "el";

export type AsianLanguage = "ko" | "ja" | "zh" | "vi" | "id" | "th" | "hi" | "ar" | "he";

/** What the simulator can say in one language. */
export interface Phrases {
  /** That no model was asked; first in every text. */
  readonly simulated: (model: string) => string;
  readonly asked: (excerpt: string) => string;
  readonly toolSaid: (excerpt: string) => string;
  /** That images, sound or files came along. */
  readonly attached: (count: number) => string;
  /** Sentences that may follow, in any order. */
  readonly more: readonly string[];
}
