#include "gpu/tokenizer/script_runs.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace troupe::gpu {
namespace {

/// The scripts of Unicode 9 by the names of its PropertyValueAliases.txt, without Common, Han and Kana.
constexpr std::array<std::string_view, 133> scripts = {"Adlam",
                                                       "Ahom",
                                                       "AnatolianHieroglyphs",
                                                       "Arabic",
                                                       "Armenian",
                                                       "Avestan",
                                                       "Balinese",
                                                       "Bamum",
                                                       "BassaVah",
                                                       "Batak",
                                                       "Bengali",
                                                       "Bhaiksuki",
                                                       "Bopomofo",
                                                       "Brahmi",
                                                       "Braille",
                                                       "Buginese",
                                                       "Buhid",
                                                       "CanadianAboriginal",
                                                       "Carian",
                                                       "CaucasianAlbanian",
                                                       "Chakma",
                                                       "Cham",
                                                       "Cherokee",
                                                       "Coptic",
                                                       "Cuneiform",
                                                       "Cypriot",
                                                       "Cyrillic",
                                                       "Deseret",
                                                       "Devanagari",
                                                       "Duployan",
                                                       "EgyptianHieroglyphs",
                                                       "Elbasan",
                                                       "Ethiopic",
                                                       "Georgian",
                                                       "Glagolitic",
                                                       "Gothic",
                                                       "Grantha",
                                                       "Greek",
                                                       "Gujarati",
                                                       "Gurmukhi",
                                                       "Hangul",
                                                       "Hanunoo",
                                                       "Hatran",
                                                       "Hebrew",
                                                       "ImperialAramaic",
                                                       "Inherited",
                                                       "InscriptionalPahlavi",
                                                       "InscriptionalParthian",
                                                       "Javanese",
                                                       "Kaithi",
                                                       "Kannada",
                                                       "KayahLi",
                                                       "Kharoshthi",
                                                       "Khmer",
                                                       "Khojki",
                                                       "Khudawadi",
                                                       "Lao",
                                                       "Latin",
                                                       "Lepcha",
                                                       "Limbu",
                                                       "LinearA",
                                                       "LinearB",
                                                       "Lisu",
                                                       "Lycian",
                                                       "Lydian",
                                                       "Mahajani",
                                                       "Malayalam",
                                                       "Mandaic",
                                                       "Manichaean",
                                                       "Marchen",
                                                       "MeeteiMayek",
                                                       "MendeKikakui",
                                                       "MeroiticCursive",
                                                       "MeroiticHieroglyphs",
                                                       "Miao",
                                                       "Modi",
                                                       "Mongolian",
                                                       "Mro",
                                                       "Multani",
                                                       "Myanmar",
                                                       "Nabataean",
                                                       "NewTaiLue",
                                                       "Newa",
                                                       "Nko",
                                                       "Ogham",
                                                       "OlChiki",
                                                       "OldHungarian",
                                                       "OldItalic",
                                                       "OldNorthArabian",
                                                       "OldPermic",
                                                       "OldPersian",
                                                       "OldSouthArabian",
                                                       "OldTurkic",
                                                       "Oriya",
                                                       "Osage",
                                                       "Osmanya",
                                                       "PahawhHmong",
                                                       "Palmyrene",
                                                       "PauCinHau",
                                                       "PhagsPa",
                                                       "Phoenician",
                                                       "PsalterPahlavi",
                                                       "Rejang",
                                                       "Runic",
                                                       "Samaritan",
                                                       "Saurashtra",
                                                       "Sharada",
                                                       "Shavian",
                                                       "Siddham",
                                                       "SignWriting",
                                                       "Sinhala",
                                                       "SoraSompeng",
                                                       "Sundanese",
                                                       "SylotiNagri",
                                                       "Syriac",
                                                       "Tagalog",
                                                       "Tagbanwa",
                                                       "TaiLe",
                                                       "TaiTham",
                                                       "TaiViet",
                                                       "Takri",
                                                       "Tamil",
                                                       "Tangut",
                                                       "Telugu",
                                                       "Thaana",
                                                       "Thai",
                                                       "Tibetan",
                                                       "Tifinagh",
                                                       "Tirhuta",
                                                       "Ugaritic",
                                                       "Vai",
                                                       "WarangCiti",
                                                       "Yi"};

/// Characters that stay with what stands before them.
constexpr std::string_view neutral = R"( \p{Unknown})";

std::string run_of(std::string_view set) {
  return fmt::format("[{0}][{0}{1}]*", set, neutral);
}

}  // namespace

std::string script_run_pattern() {
  std::string pattern = run_of(R"(\p{Latin})");
  pattern += '|' + run_of("\\p{Han}\\p{Hiragana}\\p{Katakana}\u30fc");
  // The space and the length mark belong to Common too.
  pattern += fmt::format("|(?![ \u30fc])\\p{{Common}}(?:(?!\u30fc)[\\p{{Common}}{}])*", neutral);
  for (const std::string_view script : scripts) pattern += '|' + run_of(fmt::format("\\p{{{}}}", script));
  return pattern;
}

}  // namespace troupe::gpu
