"""Writes gpu/tokenizer/unicode_gaps.hpp: where the Unicode tables of the `tokenizers` library and of utf8proc differ.

    pip install tokenizers        and libutf8proc, whose categories are asked for directly
    python make_unicode_gaps.py

Only classes for which the library's tables are the older ones are listed.
"""

import ctypes
from collections.abc import Callable
from pathlib import Path

from tokenizers import PreTokenizedString, normalizers, pre_tokenizers

OUT = Path(__file__).parents[3] / "gpu" / "tokenizer" / "unicode_gaps.hpp"
CHARACTERS = [c for c in range(0x80, 0x110000) if not 0xD800 <= c <= 0xDFFF and c != 0xFFFD]

utf8proc = ctypes.CDLL("libutf8proc.so.2")
utf8proc.utf8proc_category_string.restype = ctypes.c_char_p
CATEGORY = {c: utf8proc.utf8proc_category_string(c).decode() for c in CHARACTERS}


def removed_by(normalizer: normalizers.Normalizer) -> Callable[[int], bool]:
    return lambda c: normalizer.normalize_str(chr(c)) == ""


def is_cut_out(c: int) -> bool:
    text = PreTokenizedString(f"a{chr(c)}a")
    pre_tokenizers.Punctuation().pre_tokenize(text)
    return len(text.get_splits()) > 1


def ranges(in_library: Callable[[int], bool], categories: tuple[str, ...]) -> list[list[int]]:
    found: list[list[int]] = []
    for c in CHARACTERS:
        if in_library(c) == CATEGORY[c].startswith(categories):
            continue
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def bert(**chosen: bool) -> normalizers.Normalizer:
    options = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return normalizers.BertNormalizer(**(options | chosen))


def table(name: str, comment: str, found: list[list[int]]) -> str:
    cells = [f"{{0x{first:X}, 0x{last:X}}}," for first, last in found]
    lines, line = [], "   "
    for cell in cells:
        if len(line) + len(cell) + 1 > 118:
            lines.append(line)
            line = "   "
        line += " " + cell
    body = "\n".join([*lines, line])
    return f"/// {comment}\ninline constexpr std::array<Range, {len(found)}> {name} = {{{{\n{body}\n}}}};\n"


HEADER = """\
#pragma once
// Characters that utf8proc and the `tokenizers` library put into different classes, as they know different versions of
// Unicode. Written by test/data/tokenizer/make_unicode_gaps.py. Private to this folder.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace troupe::gpu::unicode {

/// Both ends included.
struct Range {
  uint32_t first;
  uint32_t last;
};

/// Requires ascending ranges.
inline bool in_ranges(uint32_t character, std::span<const Range> ranges) noexcept {
  const auto found = std::partition_point(ranges.begin(), ranges.end(),
                                          [&](const Range& range) { return range.last < character; });
  return found != ranges.end() && found->first <= character;
}

// clang-format off
"""


def main() -> None:
    tables = [
        table("mark_gaps", "General category M.", ranges(removed_by(normalizers.StripAccents()), ("M",))),
        table("nonspacing_mark_gaps", "General category Mn.", ranges(removed_by(bert(strip_accents=True)), ("Mn",))),
        table("punctuation_gaps", "General category P.", ranges(is_cut_out, ("P",))),
        table("control_gaps", "General categories Cc, Cf and Co.", ranges(removed_by(bert(clean_text=True)), ("Cc", "Cf", "Co"))),
    ]
    OUT.write_text(HEADER + "\n".join(tables) + "// clang-format on\n\n}  // namespace troupe::gpu::unicode\n")


if __name__ == "__main__":
    main()
