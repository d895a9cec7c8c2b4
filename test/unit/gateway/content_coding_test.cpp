#include "runtime/http/content_coding.hpp"

#include <array>
#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::http;

namespace {

constexpr std::array codings{Coding::gzip, Coding::deflate, Coding::brotli, Coding::zstd};

std::string unhex(std::string_view digits) {
  std::string bytes;
  for (size_t at = 0; at + 1 < digits.size(); at += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(at, 2)), nullptr, 16));
  }
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(content_coding)

BOOST_AUTO_TEST_CASE(what_is_encoded_is_decoded_again_and_shorter_on_the_way) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i % 97) + ',';

  for (const Coding coding : codings) {
    const std::string encoded = encode(coding, text);
    BOOST_TEST(encoded.size() < text.size() / 4);
    BOOST_TEST((decode(coding, encoded, text.size()).value() == text));
    BOOST_TEST(decode(coding, encode(coding, ""), 10).value().empty());
  }
}

/// Written by Python's zlib, brotli and zstandard.
BOOST_AUTO_TEST_CASE(what_others_encode_is_decoded) {
  const std::string hello = "hello hello hello";

  BOOST_TEST(decode(Coding::gzip, unhex("1f8b0800000000000203cb48cdc9c957c84090008088f9e511000000"), 17).value_or("") ==
             hello);
  BOOST_TEST(decode(Coding::deflate, unhex("789ccb48cdc9c957c84090003a2e067d"), 17).value_or("") == hello);
  BOOST_TEST(decode(Coding::deflate, unhex("cb48cdc9c957c8409000"), 17).value_or("") == hello);
  BOOST_TEST(decode(Coding::brotli, unhex("1b1000f88d946ede445586966c206f014f1c601c"), 17).value_or("") == hello);
  BOOST_TEST(decode(Coding::zstd, unhex("28b52ffd20116500003068656c6c6f200100314a11"), 17).value_or("") == hello);
}

BOOST_AUTO_TEST_CASE(a_gzip_body_may_have_members_and_a_zstd_body_frames) {
  for (const Coding coding : {Coding::gzip, Coding::zstd}) {
    BOOST_TEST(decode(coding, encode(coding, "ab") + encode(coding, "cd"), 4).value_or("") == "abcd");
  }
  BOOST_TEST(!decode(Coding::deflate, encode(Coding::deflate, "ab") + "x", 4).has_value());
  BOOST_TEST(!decode(Coding::brotli, encode(Coding::brotli, "ab") + "x", 4).has_value());
}

BOOST_AUTO_TEST_CASE(a_bomb_is_stopped_at_the_bound) {
  const std::string zeros(64 << 20, '\0');
  for (const Coding coding : codings) {
    const std::string bomb = encode(coding, zeros);
    const auto decoded = decode(coding, bomb, 1 << 20);
    BOOST_TEST_REQUIRE(!decoded.has_value());
    BOOST_TEST((decoded.error().code == Errc::too_large));
    BOOST_TEST(decoded.error().message == "the body has more than 1MiB once it is decoded");
    BOOST_TEST(decode(coding, encode(coding, zeros.substr(0, 1 << 20)), 1 << 20).has_value());
  }
}

BOOST_AUTO_TEST_CASE(what_is_cut_or_damaged_is_refused) {
  const std::string text(1000, 'x');
  for (const Coding coding : codings) {
    const std::string whole = encode(coding, text + "tail");
    for (size_t size = 0; size < whole.size(); ++size) {
      BOOST_TEST(!decode(coding, std::string_view(whole).substr(0, size), 10'000).has_value());
    }
    BOOST_TEST(!decode(coding, "not encoded at all", 10'000).has_value());
  }
}

BOOST_AUTO_TEST_CASE(the_coding_that_the_client_likes_best_is_chosen) {
  BOOST_TEST(to_string(choose_coding("gzip, deflate")) == "gzip");
  BOOST_TEST(to_string(choose_coding("gzip, deflate, br, zstd")) == "zstd");
  BOOST_TEST(to_string(choose_coding("gzip;q=1.0, zstd;q=0.5, br; q=0.9")) == "gzip");
  BOOST_TEST(to_string(choose_coding("GZIP")) == "gzip");
  BOOST_TEST(to_string(choose_coding("*")) == "zstd");
  BOOST_TEST(to_string(choose_coding("zstd;q=0, *;q=0.1")) == "br");
  BOOST_TEST(to_string(choose_coding("*;q=0")) == "identity");
  BOOST_TEST(to_string(choose_coding("gzip;q=0")) == "identity");
  BOOST_TEST(to_string(choose_coding("compress, sdch")) == "identity");
  BOOST_TEST(to_string(choose_coding("")) == "identity");
  BOOST_TEST(to_string(choose_coding("gzip;q=high")) == "identity");
  BOOST_TEST(to_string(choose_coding("gzip;q=2")) == "identity");
  BOOST_TEST(to_string(choose_coding(";;,,=")) == "identity");
}

BOOST_AUTO_TEST_CASE(names_are_known_without_case) {
  BOOST_TEST((coding_from_name("X-GZIP") == Coding::gzip));
  BOOST_TEST((coding_from_name(" br ") == Coding::brotli));
  BOOST_TEST((coding_from_name("identity") == Coding::identity));
  BOOST_TEST(!coding_from_name("gzip, gzip").has_value());
  BOOST_TEST(!coding_from_name("lzma").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
