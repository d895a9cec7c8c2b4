#include "runtime/base/base64.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;

BOOST_AUTO_TEST_SUITE(base64)

/// RFC 4648, section 10.
BOOST_AUTO_TEST_CASE(the_standard_s_vectors_hold) {
  const std::vector<std::pair<std::string, std::string>> vectors{{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    BOOST_TEST(base64_encode(bytes) == text);
    BOOST_TEST(base64_decode(text).value_or("none") == bytes);
  }
}

BOOST_AUTO_TEST_CASE(every_byte_comes_back) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);

  BOOST_TEST((base64_decode(base64_encode(bytes)).value() == bytes));
}

BOOST_AUTO_TEST_CASE(padding_may_be_left_out_and_urls_have_their_own_digits) {
  BOOST_TEST(base64_decode("Zg").value_or("none") == "f");
  BOOST_TEST((base64_decode("-_8=") == base64_decode("+/8=")));
}

BOOST_AUTO_TEST_CASE(what_is_no_base64_is_told) {
  for (const char* text : {"Z", "Zg=", "Zg===", "=", "Z===", "Zh==", "Zm9v=", "Zm9", "Zm 9v", "Zm9v\n", "Zg==Zg=="}) {
    BOOST_TEST(!base64_decode(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
