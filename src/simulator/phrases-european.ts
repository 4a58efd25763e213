import type { EuropeanLanguage, Phrases } from "./language.ts";

/** Sentences in the languages written in Latin (Europe, Turkey), Cyrillic and Greek. */
export const europeanPhrases: Readonly<Record<EuropeanLanguage, Phrases>> = {
  en: {
    simulated: (model) => `This is a simulated answer: no language model was asked, not even ${model}.`,
    asked: (excerpt) => `You wrote: "${excerpt}".`,
    toolSaid: (excerpt) => `The tool answered: "${excerpt}".`,
    attached: (count) => `I received ${count} attachment(s) and did not look inside.`,
    more: [
      "A real model would now go through your question step by step.",
      "The route, the tokens and the trace of this call are real all the same.",
      "Set a key in the environment to get answers from a real model.",
      "The same question gets the same words again, which helps in tests.",
      "Nothing that you wrote has left this machine.",
      "The pace of these words follows the configured tokens per second.",
    ],
  },
  es: {
    simulated: (model) => `Esta es una respuesta simulada: no se consultó ningún modelo, tampoco ${model}.`,
    asked: (excerpt) => `Usted escribió: «${excerpt}».`,
    toolSaid: (excerpt) => `La herramienta respondió: «${excerpt}».`,
    attached: (count) => `Recibí ${count} archivo(s) adjunto(s) y no los abrí.`,
    more: [
      "Un modelo real analizaría ahora su pregunta paso a paso.",
      "La ruta, los tokens y la traza de esta llamada sí son reales.",
      "La misma pregunta recibe siempre las mismas palabras.",
      "Nada de lo que escribió ha salido de esta máquina.",
    ],
  },
  fr: {
    simulated: (model) => `Ceci est une réponse simulée : aucun modèle n'a été interrogé, pas même ${model}.`,
    asked: (excerpt) => `Vous avez écrit : « ${excerpt} ».`,
    toolSaid: (excerpt) => `L'outil a répondu : « ${excerpt} ».`,
    attached: (count) => `J'ai reçu ${count} pièce(s) jointe(s) sans les ouvrir.`,
    more: [
      "Un vrai modèle examinerait maintenant votre question étape par étape.",
      "L'itinéraire, les jetons et la trace de cet appel sont pourtant réels.",
      "La même question reçoit toujours les mêmes mots.",
      "Rien de ce que vous avez écrit n'a quitté cette machine.",
    ],
  },
  de: {
    simulated: (model) =>
      `Das ist eine simulierte Antwort: Kein Sprachmodell wurde gefragt, auch ${model} nicht.`,
    asked: (excerpt) => `Sie schrieben: „${excerpt}“.`,
    toolSaid: (excerpt) => `Das Werkzeug antwortete: „${excerpt}“.`,
    attached: (count) => `Ich habe ${count} Anhang/Anhänge erhalten und nicht geöffnet.`,
    more: [
      "Ein echtes Modell würde Ihre Frage nun Schritt für Schritt durchgehen.",
      "Der Weg, die Tokens und der Trace dieses Aufrufs sind dennoch echt.",
      "Dieselbe Frage bekommt immer dieselben Worte.",
      "Nichts von dem, was Sie schrieben, hat diesen Rechner verlassen.",
    ],
  },
  pt: {
    simulated: (model) => `Esta é uma resposta simulada: nenhum modelo foi consultado, nem mesmo ${model}.`,
    asked: (excerpt) => `Você escreveu: "${excerpt}".`,
    toolSaid: (excerpt) => `A ferramenta respondeu: "${excerpt}".`,
    attached: (count) => `Recebi ${count} anexo(s) e não os abri.`,
    more: [
      "Um modelo real analisaria agora a sua pergunta passo a passo.",
      "A rota, os tokens e o rastro desta chamada são reais.",
      "A mesma pergunta recebe sempre as mesmas palavras.",
      "Nada do que você escreveu saiu desta máquina.",
    ],
  },
  it: {
    simulated: (model) =>
      `Questa è una risposta simulata: nessun modello è stato interrogato, nemmeno ${model}.`,
    asked: (excerpt) => `Ha scritto: «${excerpt}».`,
    toolSaid: (excerpt) => `Lo strumento ha risposto: «${excerpt}».`,
    attached: (count) => `Ho ricevuto ${count} allegato/i e non li ho aperti.`,
    more: [
      "Un modello vero esaminerebbe ora la domanda passo dopo passo.",
      "Il percorso, i token e la traccia di questa chiamata sono però reali.",
      "La stessa domanda riceve sempre le stesse parole.",
      "Nulla di ciò che ha scritto ha lasciato questa macchina.",
    ],
  },
  nl: {
    simulated: (model) =>
      `Dit is een gesimuleerd antwoord: er is geen taalmodel geraadpleegd, ook ${model} niet.`,
    asked: (excerpt) => `U schreef: "${excerpt}".`,
    toolSaid: (excerpt) => `Het hulpmiddel antwoordde: "${excerpt}".`,
    attached: (count) => `Ik heb ${count} bijlage(n) ontvangen en niet geopend.`,
    more: [
      "Een echt model zou uw vraag nu stap voor stap doorlopen.",
      "De route, de tokens en de trace van deze aanroep zijn wel echt.",
      "Dezelfde vraag krijgt altijd dezelfde woorden.",
    ],
  },
  pl: {
    simulated: (model) => `To jest odpowiedź symulowana: nie zapytano żadnego modelu, nawet ${model}.`,
    asked: (excerpt) => `Napisano: „${excerpt}”.`,
    toolSaid: (excerpt) => `Narzędzie odpowiedziało: „${excerpt}”.`,
    attached: (count) => `Otrzymano załączniki (${count}); nie zostały otwarte.`,
    more: [
      "Prawdziwy model przeszedłby teraz przez to pytanie krok po kroku.",
      "Trasa, tokeny i ślad tego wywołania są jednak prawdziwe.",
      "To samo pytanie zawsze dostaje te same słowa.",
    ],
  },
  tr: {
    simulated: (model) => `Bu simüle edilmiş bir yanıttır: ${model} dahil hiçbir dil modeline sorulmadı.`,
    asked: (excerpt) => `Şunu yazdınız: "${excerpt}".`,
    toolSaid: (excerpt) => `Araç şöyle yanıtladı: "${excerpt}".`,
    attached: (count) => `${count} ek aldım ve açmadım.`,
    more: [
      "Gerçek bir model şimdi sorunuzu adım adım ele alırdı.",
      "Yine de bu çağrının rotası, belirteçleri ve izi gerçektir.",
      "Aynı soru her zaman aynı sözcükleri alır.",
    ],
  },
  ru: {
    simulated: (model) => `Это имитация ответа: ни одна языковая модель не была вызвана, даже ${model}.`,
    asked: (excerpt) => `Вы написали: «${excerpt}».`,
    toolSaid: (excerpt) => `Инструмент ответил: «${excerpt}».`,
    attached: (count) => `Получено вложений: ${count}; они не открывались.`,
    more: [
      "Настоящая модель сейчас разобрала бы ваш вопрос шаг за шагом.",
      "Маршрут, токены и трассировка этого вызова при этом настоящие.",
      "Один и тот же вопрос всегда получает одни и те же слова.",
      "Ничто из написанного вами не покинуло эту машину.",
    ],
  },
  uk: {
    simulated: (model) => `Це імітація відповіді: жодну мовну модель не було викликано, навіть ${model}.`,
    asked: (excerpt) => `Ви написали: «${excerpt}».`,
    toolSaid: (excerpt) => `Інструмент відповів: «${excerpt}».`,
    attached: (count) => `Отримано вкладень: ${count}; їх не відкривали.`,
    more: [
      "Справжня модель зараз розібрала б ваше запитання крок за кроком.",
      "Маршрут, токени й трасування цього виклику все ж справжні.",
      "Те саме запитання завжди отримує ті самі слова.",
    ],
  },
  el: {
    simulated: (model) =>
      `Αυτή είναι μια προσομοιωμένη απάντηση: δεν ρωτήθηκε κανένα μοντέλο, ούτε το ${model}.`,
    asked: (excerpt) => `Γράψατε: «${excerpt}».`,
    toolSaid: (excerpt) => `Το εργαλείο απάντησε: «${excerpt}».`,
    attached: (count) => `Έλαβα ${count} συνημμένα και δεν τα άνοιξα.`,
    more: [
      "Ένα πραγματικό μοντέλο θα εξέταζε τώρα την ερώτησή σας βήμα προς βήμα.",
      "Η διαδρομή και το ίχνος αυτής της κλήσης είναι πάντως πραγματικά.",
      "Η ίδια ερώτηση παίρνει πάντα τις ίδιες λέξεις.",
    ],
  },
};
