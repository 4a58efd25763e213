import type { Language } from "./language.ts";

/** Enough to tell a script; a prompt may be megabytes. */
const mostChars = 2000;
/** Of a Korean, Japanese or Chinese character, in Latin letters: the words are short, and such prompts name English things. */
const wideWeight = 6;

const scripts: readonly { readonly language: Language; readonly letters: RegExp }[] = [
  { language: "ko", letters: /\p{Script=Hangul}/gu },
  { language: "ja", letters: /[\p{Script=Hiragana}\p{Script=Katakana}]/gu },
  { language: "zh", letters: /\p{Script=Han}/gu },
  { language: "ru", letters: /\p{Script=Cyrillic}/gu },
  { language: "el", letters: /\p{Script=Greek}/gu },
  { language: "ar", letters: /\p{Script=Arabic}/gu },
  { language: "he", letters: /\p{Script=Hebrew}/gu },
  { language: "hi", letters: /\p{Script=Devanagari}/gu },
  { language: "th", letters: /\p{Script=Thai}/gu },
  { language: "en", letters: /\p{Script=Latin}/gu },
];

/** Words that are frequent in the language and rare in the others, and letters that only it has. */
const latin: readonly {
  readonly language: Language;
  readonly words: ReadonlySet<string>;
  readonly letters?: RegExp;
}[] = [
  {
    language: "en",
    words: words("the and is are what how of to you please in it a i my can does why who when write tell"),
  },
  {
    language: "es",
    words: words("el los las una es qué cómo por para con hola está dónde cuál y mi del escribe"),
    letters: /[ñ¿¡]/,
  },
  {
    language: "fr",
    words: words("le les des une est quoi comment pour avec bonjour où et je vous que quel quelle du écris"),
    letters: /[êœç]/,
  },
  {
    language: "de",
    words: words(
      "der die das und ist ein eine was wie nicht bitte mit für ich wer warum hallo auf schreibe es geht dir du den zu kann",
    ),
    letters: /[ßäö]/,
  },
  {
    language: "pt",
    words: words("os uma é não como para com olá você qual onde do da em e meu escreva"),
    letters: /[ãõ]/,
  },
  {
    language: "it",
    words: words("il gli una è che come per con ciao dove quale di sono perché e mio scrivi qual della del"),
    letters: /[ìò]/,
  },
  {
    language: "nl",
    words: words("het een is wat hoe niet met voor ik waar waarom hallo van en mijn schrijf"),
  },
  {
    language: "pl",
    words: words("jest co jak nie czy z na proszę gdzie dlaczego cześć i mój napisz"),
    letters: /[łąęśźż]/,
  },
  {
    language: "tr",
    words: words("bir ve ne nasıl bu için değil merhaba nerede neden mi benim yaz"),
    letters: /[ğışİ]/,
  },
  {
    language: "vi",
    words: words("là và gì như thế nào không xin chào của cho tôi viết"),
    letters: /[ạảấầẩậắằặẹẻẽếềểễệỉịọỏốồổộớờởợụủứừửựỳỵỷỹđơư]/,
  },
  {
    language: "id",
    words: words("apa dan yang bagaimana tidak untuk dengan adalah di mana halo saya tolong tulis"),
  },
];

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}

/**
 * The language to answer in: by script, and among those in Latin letters by frequent words.
 * A guess for plausible text; English where nothing tells.
 */
export function guessLanguage(text: string): Language {
  const sample = text.slice(0, mostChars);
  let best: Language = "en";
  let most = 0;
  for (const { language, letters } of scripts) {
    const weight =
      language === "en" ? 1 : language === "zh" || language === "ko" || language === "ja" ? wideWeight : 2;
    const count = (sample.match(letters)?.length ?? 0) * weight;
    if (count > most) {
      best = language;
      most = count;
    }
  }
  // Japanese writes its nouns in Han: a fifth of kana tells it from Chinese.
  if (
    best === "zh" &&
    (sample.match(/[\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0) * 5 * wideWeight > most
  )
    return "ja";
  if (best === "ru" && /[іїєґ]/i.test(sample)) return "uk";
  return best === "en" ? guessLatin(sample.toLowerCase()) : best;
}

function guessLatin(sample: string): Language {
  const found = sample.match(/\p{L}+/gu) ?? [];
  let best: Language = "en";
  let most = 0;
  for (const { language, words, letters } of latin) {
    let score = letters?.test(sample) === true ? 2 : 0;
    for (const word of found) if (words.has(word)) score += 1;
    if (score > most) {
      best = language;
      most = score;
    }
  }
  return best;
}
