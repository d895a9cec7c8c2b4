"""Texts to train tokenizers on and to compare them with: many scripts, code, white space, emoji, what breaks things."""

import random

SENTENCES = [
    "The clerk writes down every number that the people bring to the desk.",
    "Nobody knows why the lighthouse keeper counted the ships twice; he'd never said, they'll never ask.",
    "for (size_t i = 0; i < items.size(); ++i) total += items[i].price * 1.25;",
    "def read(path):\n    with open(path) as file:\n        return [line.strip() for line in file]\n",
    "SELECT name, COUNT(*) FROM orders WHERE price >= 100.00 GROUP BY name -- all of them",
    "Žluťoučký kůň úpěl ďábelské ódy.", "Größe, Straße, Übung, naïve café, façade, coöperate.",
    "東京の天気は晴れです。カタカナとひらがな、漢字。", "中文分词测试，我们来看看结果如何？", "한국어 텍스트를 나누는 방법을 배웁니다.",
    "Привет, как дела? Съешь ещё этих мягких французских булок.", "Η γρήγορη καφέ αλεπού πηδάει.", "שלום עולם, מה שלומך?",
    "مرحبا بالعالم، كيف حالك؟", "हिन्दी में कुछ पाठ यहाँ है।", "ภาษาไทยไม่มีช่องว่าง", "Tiếng Việt có nhiều dấu thanh.", "Հայերեն",
    "    indented four\n\tindented by a tab\n\n\n", "https://example.org/models?name=clerk&version=2#top", "🙂 👍🏽 🎭 👩‍👩‍👧‍👦 🏳️‍🌈 🇨🇿",
    "It's 3:45 PM on 2024-01-31, $1,234.56 or 12345678901234567890 €.", "I DON'T THINK SO, WE'RE DONE. it isn’t", "ALL CAPS and CamelCaseWords snake_case_words",
]  # fmt: skip
WORDS = (
    "the of and to in that is was he for it with as his on be at by had not are but from or have an they which one you were "
    "all her she there would their we him been has when who will no more if out so up said what its about than into them can "
    "only other time new some could these two may first then do any like my now over such our man me even most made after also"
).split()
FIXED = [
    "", " ", "  ", "   ", "\n", "\r\n", "\n\n\n", "\t\t", " a", "a ", "a  b", "a   b", "Hello, world!", "hello" * 60, "a" * 300, "ab" * 200, " " * 50,
    "é", "e\u0301", "e\u0301\u0323", "\u0301", "\ufeff", "\u200b", "\u00a0", "\u2028", "\u3000", "\u180e", "\x00", "\x01a", "\x7f", "\ufffd", "a\x0bb\x0cc\x85d",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "ﬁ ﬀ ™ ½ ① ㍿ ﷺ", "İstanbul ISPARTA ß ẞ ſ K", "ΑΣ ΑΣΑ ςσ", "Ǆ ǅ ǆ", "각 각 ㄱㅏㄱ", "क्षि", "ஃ ஶ்ரீ", "กำ", "ｆｕｌｌ　ｗｉｄｔｈ １２３",
    "ქართული ენა", "▁", "▁▁a", "a▁b", "Ġword", "Ċ", "<0x41>", "<unk>", "<s>", "</s>", "<s>a</s>", " <s> ", "x<s>", "[CLS] a [SEP]", "[UNK]", "##ing", "a ##b",
    "<|end|>", "a<|end|>b", "<|end|><|end|>", " <|end|> b", "<|end", "<tool>", "<tool_call>", "a<tool>b", "word", "a word b", "swords", "_word_", "mask", "[MASK]",
    "a [MASK] b", "a  [MASK]  b", "[MASK][MASK]", "  [MASK]\n", "x[MASK]y", "Größe", "GRÖSSE", "größe", "größer", "Grösse Größe!", "\U0010ffff", "\ue000", "\u0378",
    "1234567", "1,234.5", "٣٤٥", "½²", "don't DON'T I'm we've they'll he'd you're", "' 's 'S 'ſ ''", "!?!?", "...", "—–-", "$%^&*", "_a_", "a_b-c",
    "a . b ? c ! d , e ' f n't do not 's 've 're 'm", "\r\r\n\n\t \n x", "x \n", "x\n ", "   \n   x", "\u200d", "a\u200db", "👍🏽", "👩‍👩‍👧‍👦", "🇨🇿🇨", "☺️", "a\ufe0fb",
]  # fmt: skip
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz      ", "ABCXYZ0123456789_ ", " \t\n\r.,;:!?'\"()[]{}<>+-=*/\\|@#$%^&~`", "áčďéěíňóřšťúůýžßñöüäçøÀÉÎÕÜ ",
    "абвгдеёАБВ αβγδς ", "東京日本語中文字漢カタひら한국어 。、", "🎭🙂👍🏽🇨🇿👩👧\u200d\ufe0f\u0301\u0327\u00a0", "\u0300\u0301\u0323\u0327\u0345aeo가각ᄀ",
    "אבגד ابجد हिन्दी ไทย", "\x00\x01\x08\x1f\x7f\x85\u200b\u200e\u2028\u2581\ufeff\ufffd ab", "①½²™ﬁ㍿ⅷ０１ａｂ", "▁ ab<>s/[]MASK",
)  # fmt: skip
ADDED = ["<s>", "</s>", "<unk>", "<|end|>", "<tool>", "<tool_call>", "[MASK]", "word", "Größe", "[SEP]"]


def training_text(seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    made = [" ".join(rng.choice(WORDS) for _ in range(rng.randint(3, 12))) + "." for _ in range(1500)]
    return SENTENCES * 15 + made


def random_line(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.35:
        return rng.choice(["", " ", "  "]) + " ".join(rng.choice(WORDS + SENTENCES) for _ in range(rng.randint(1, 8)))
    if kind < 0.6:
        return "".join(rng.choice(rng.choice(ALPHABETS)) for _ in range(rng.randint(1, 40)))
    if kind < 0.8:
        alphabet = rng.choice(ALPHABETS)
        return "".join(rng.choice(alphabet) for _ in range(rng.randint(1, 60)))
    if kind < 0.95:
        parts = [rng.choice(ADDED + WORDS + [" ", "  ", "\n", ",", "東", "é", "X"]) for _ in range(rng.randint(1, 12))]
        return "".join(part + rng.choice(["", "", " ", "  "]) for part in parts)
    sentence = rng.choice(SENTENCES)
    return sentence[rng.randrange(len(sentence)) :] + rng.choice(SENTENCES).upper() + rng.choice(["", "x" * rng.randint(50, 150)])


def lines(count: int, seed: int = 1) -> list[str]:
    rng = random.Random(seed)
    return (FIXED + SENTENCES + [random_line(rng) for _ in range(count)])[:count]
