import type { AsianLanguage, Phrases } from "./language.ts";

/** Sentences in languages of Asia, right-to-left scripts included. */
export const asianPhrases: Readonly<Record<AsianLanguage, Phrases>> = {
  ko: {
    simulated: (model) =>
      `이것은 모의(simulated) 응답입니다. ${model}을(를) 포함해 실제 언어 모델은 호출되지 않았습니다.`,
    asked: (excerpt) => `보내 주신 내용은 “${excerpt}”입니다.`,
    toolSaid: (excerpt) => `도구가 돌려준 결과는 “${excerpt}”입니다.`,
    attached: (count) => `첨부 ${count}개를 받았지만 내용은 보지 않았습니다.`,
    more: [
      "실제 모델이라면 이제 질문을 한 단계씩 살펴볼 것입니다.",
      "그래도 이 호출의 경로와 토큰 수와 추적 기록은 진짜입니다.",
      "같은 질문에는 언제나 같은 문장으로 답하므로 시험에 쓰기 좋습니다.",
      "보내신 내용은 이 컴퓨터 밖으로 나가지 않았습니다.",
      "환경 변수에 키를 설정하면 실제 모델이 답합니다.",
    ],
  },
  ja: {
    simulated: (model) =>
      `これはシミュレートされた回答です。${model} を含め、実際の言語モデルは呼び出されていません。`,
    asked: (excerpt) => `お送りいただいた内容は「${excerpt}」です。`,
    toolSaid: (excerpt) => `ツールの結果は「${excerpt}」でした。`,
    attached: (count) => `添付を${count}件受け取りましたが、中身は見ていません。`,
    more: [
      "実際のモデルなら、ここでご質問を一つずつ検討します。",
      "それでも、この呼び出しの経路とトークン数とトレースは本物です。",
      "同じ質問にはいつも同じ言葉で答えます。",
      "お書きになった内容はこのマシンの外に出ていません。",
    ],
  },
  zh: {
    simulated: (model) => `这是模拟的回答，没有调用任何真实的语言模型，包括 ${model}。`,
    asked: (excerpt) => `您写的是：“${excerpt}”。`,
    toolSaid: (excerpt) => `工具返回的结果是：“${excerpt}”。`,
    attached: (count) => `我收到了 ${count} 个附件，但没有查看内容。`,
    more: [
      "真实的模型现在会一步一步地分析您的问题。",
      "不过，这次调用的路由、词元数和追踪都是真实的。",
      "同样的问题总会得到同样的文字，便于测试。",
      "您写的内容没有离开这台机器。",
    ],
  },
  vi: {
    simulated: (model) =>
      `Đây là câu trả lời mô phỏng: không có mô hình ngôn ngữ nào được gọi, kể cả ${model}.`,
    asked: (excerpt) => `Bạn đã viết: “${excerpt}”.`,
    toolSaid: (excerpt) => `Công cụ trả về: “${excerpt}”.`,
    attached: (count) => `Tôi đã nhận ${count} tệp đính kèm và không mở chúng.`,
    more: [
      "Một mô hình thật bây giờ sẽ xem xét câu hỏi của bạn từng bước.",
      "Tuy vậy, tuyến đường và dấu vết của lời gọi này là thật.",
      "Cùng một câu hỏi luôn nhận được cùng những lời này.",
    ],
  },
  id: {
    simulated: (model) =>
      `Ini adalah jawaban simulasi: tidak ada model bahasa yang dipanggil, termasuk ${model}.`,
    asked: (excerpt) => `Anda menulis: "${excerpt}".`,
    toolSaid: (excerpt) => `Alat itu menjawab: "${excerpt}".`,
    attached: (count) => `Saya menerima ${count} lampiran dan tidak membukanya.`,
    more: [
      "Model yang sebenarnya kini akan membahas pertanyaan Anda langkah demi langkah.",
      "Meski begitu, rute dan jejak panggilan ini nyata.",
      "Pertanyaan yang sama selalu mendapat kata-kata yang sama.",
    ],
  },
  th: {
    simulated: (model) => `นี่คือคำตอบจำลอง ไม่มีการเรียกใช้โมเดลภาษาจริง รวมถึง ${model}`,
    asked: (excerpt) => `คุณเขียนว่า “${excerpt}”`,
    toolSaid: (excerpt) => `เครื่องมือตอบว่า “${excerpt}”`,
    attached: (count) => `ได้รับไฟล์แนบ ${count} รายการ แต่ไม่ได้เปิดดู`,
    more: [
      "โมเดลจริงจะพิจารณาคำถามของคุณทีละขั้นตอน",
      "อย่างไรก็ตาม เส้นทางและร่องรอยของการเรียกนี้เป็นของจริง",
      "คำถามเดิมจะได้คำตอบเดิมเสมอ",
    ],
  },
  hi: {
    simulated: (model) => `यह एक कृत्रिम (simulated) उत्तर है: ${model} सहित किसी भी भाषा मॉडल को नहीं बुलाया गया।`,
    asked: (excerpt) => `आपने लिखा: “${excerpt}”।`,
    toolSaid: (excerpt) => `उपकरण का उत्तर: “${excerpt}”।`,
    attached: (count) => `मुझे ${count} संलग्नक मिले और मैंने उन्हें नहीं खोला।`,
    more: [
      "असली मॉडल अब आपके प्रश्न पर एक-एक कदम विचार करता।",
      "फिर भी इस कॉल का मार्ग और उसका लेखा असली है।",
      "एक ही प्रश्न को हमेशा एक ही उत्तर मिलता है।",
    ],
  },
  ar: {
    simulated: (model) => `هذه إجابة محاكاة: لم يُستدعَ أي نموذج لغوي، ولا حتى ${model}.`,
    asked: (excerpt) => `لقد كتبتَ: «${excerpt}».`,
    toolSaid: (excerpt) => `أجابت الأداة: «${excerpt}».`,
    attached: (count) => `استلمتُ مرفقات (${count}) ولم أفتحها.`,
    more: [
      "لو كان النموذج حقيقيًا لدرس سؤالك الآن خطوة بخطوة.",
      "ومع ذلك فإن مسار هذا الاستدعاء وتتبّعه حقيقيان.",
      "السؤال نفسه ينال دائمًا الكلمات نفسها.",
    ],
  },
  he: {
    simulated: (model) => `זוהי תשובה מדומה: לא נשאל שום מודל שפה, גם לא ${model}.`,
    asked: (excerpt) => `כתבת: "${excerpt}".`,
    toolSaid: (excerpt) => `הכלי השיב: "${excerpt}".`,
    attached: (count) => `התקבלו קבצים מצורפים (${count}) והם לא נפתחו.`,
    more: [
      "מודל אמיתי היה בוחן כעת את שאלתך צעד אחר צעד.",
      "עם זאת, המסלול והמעקב של הקריאה הזאת אמיתיים.",
      "אותה שאלה מקבלת תמיד אותן מילים.",
    ],
  },
};
