#include "gpu/tokenizer/charsmap.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::gpu {
namespace {

void append_unit(uint32_t unit, std::string& out) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(unit >> shift & 0xFF);
}

/// A trie with the one key "a", whose value is `value`: the root's offset is 1, so its child for 'a' is at 1 ^ 'a'.
std::string map_of_a(uint32_t value, uint32_t leaf_offset, std::string_view replacements) {
  constexpr uint32_t leaf = 1 << 8;
  constexpr size_t child = 1 ^ 'a';
  std::vector<uint32_t> units(child + 2);
  units[0] = 1 << 10;
  units[child] = 'a' | leaf | leaf_offset << 10;
  units[child ^ 1] = value | 0x80000000;
  std::string bytes;
  append_unit(static_cast<uint32_t>(units.size() * 4), bytes);
  for (const uint32_t unit : units) append_unit(unit, bytes);
  return bytes += replacements;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(charsmap)

BOOST_AUTO_TEST_CASE(a_key_has_the_text_up_to_the_next_nul) {
  const auto map = Charsmap::parse(map_of_a(2, 1, std::string_view("x\0é!\0z", 7)));

  BOOST_REQUIRE(map.has_value());
  BOOST_TEST(map->find("ab").value() == "é!");
  BOOST_TEST(!map->find("b").has_value());
  BOOST_TEST(!map->find("").has_value());
}

BOOST_AUTO_TEST_CASE(a_trie_that_points_outside_or_into_a_character_finds_nothing) {
  const std::string_view replacements("é\0", 3);
  for (const auto& [value, offset] :
       std::vector<std::pair<uint32_t, uint32_t>>{{1, 1}, {99, 1}, {0, 5000}, {0, 0x3FFFFF}}) {
    const auto map = Charsmap::parse(map_of_a(value, offset, replacements));
    BOOST_REQUIRE(map.has_value());
    BOOST_TEST(!map->find("a").has_value());
  }
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_map_are_refused) {
  for (const std::string_view bytes : {std::string_view(""), std::string_view("ab"), std::string_view("\0\0\0\0", 4),
                                       std::string_view("\xff\xff\xff\xff....")}) {
    BOOST_TEST(!Charsmap::parse(bytes).has_value());
  }
  BOOST_TEST(!Charsmap::parse(map_of_a(0, 1, "\xff")).has_value());
  BOOST_TEST(!Charsmap::parse_base64("AAA").has_value());
  BOOST_TEST(!Charsmap::parse_base64("A?==").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
