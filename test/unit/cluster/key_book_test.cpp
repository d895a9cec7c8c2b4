#include "cluster/head/key_book.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;

namespace {

constexpr int64_t now = 1'700'000'000'000'000;
constexpr int64_t second = 1'000'000;

NewKey add(KeyBook& book, const KeyWish& wish, uint64_t bits) {
  auto made = book.draw(wish, {bits, 2, 3, 4}, now);
  BOOST_TEST_REQUIRE(made.has_value());
  book.set(made->record);
  return *made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(key_book)

BOOST_AUTO_TEST_CASE(a_key_is_all_its_random_bits_and_its_text_is_not_kept) {
  KeyBook book;
  const NewKey made = add(book, {.name = "alice", .models = {"clerk"}, .rate = 10, .lifetime_s = 60}, 1);

  BOOST_TEST(made.secret == "tk_0000000000000001000000000000000200000000000000030000000000000004");
  BOOST_TEST(made.record.key.id == made.record.key.hash.substr(0, 12));
  BOOST_TEST(made.record.key.expires_unix_us == now + 60 * second);
  BOOST_TEST(encode(made.record).find(made.secret) == std::string::npos);
  const auto read = decode_key("key/x", encode(made.record));
  BOOST_TEST_REQUIRE(read.has_value());
  BOOST_TEST((read->key == made.record.key));
}

BOOST_AUTO_TEST_CASE(keys_are_required_from_the_first_one_on_even_when_it_is_revoked) {
  KeyBook book;
  BOOST_TEST(!book.key_set(Epoch{1}, now).required);
  const NewKey made = add(book, {}, 1);
  const uint64_t before = book.revision();

  const auto revoked = book.revoked(made.record.key.id, now);
  BOOST_TEST_REQUIRE(revoked.has_value());
  book.set(*revoked);

  const auto set = book.key_set(Epoch{1}, now);
  BOOST_TEST(set.required);
  BOOST_TEST(set.keys.empty());
  BOOST_TEST(set.revision > before);
}

BOOST_AUTO_TEST_CASE(they_may_be_required_before_there_is_one) {
  KeyBook book;
  book.require_always();
  BOOST_TEST(book.key_set(Epoch{1}, now).required);
}

BOOST_AUTO_TEST_CASE(an_expired_key_is_told_of_for_a_day_so_that_its_owner_hears_why) {
  KeyBook book;
  add(book, {.lifetime_s = 60}, 1);

  BOOST_TEST(book.key_set(Epoch{1}, now + 3600 * second).keys.size() == 1u);
  BOOST_TEST(book.key_set(Epoch{1}, now + 25 * 3600 * second).keys.empty());
}

BOOST_AUTO_TEST_CASE(a_wish_that_makes_no_sense_is_refused_by_its_field) {
  const KeyBook book;
  const auto field = [&](const KeyWish& wish) { return book.draw(wish, {}, now).error().field; };

  BOOST_TEST(field({.name = std::string(101, 'x')}) == "name");
  BOOST_TEST(field({.rate = -1}) == "rate");
  BOOST_TEST(field({.lifetime_s = -1}) == "ttl_s");
  BOOST_TEST((book.draw({.models = {"No Name"}}, {}, now).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(an_unknown_id_is_named_with_the_nearest) {
  KeyBook book;
  const NewKey made = add(book, {}, 1);
  std::string wrong = made.record.key.id;
  wrong.back() = wrong.back() == '0' ? '1' : '0';

  BOOST_TEST(book.revoked(wrong, now).error().message.find(made.record.key.id) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(there_is_a_bound) {
  KeyBook book;
  for (uint64_t i = 0; i < KeyBook::keys_max; ++i) add(book, {}, i + 1);
  BOOST_TEST((book.draw({}, {}, now).error().code == Errc::resource_exhausted));
}

BOOST_AUTO_TEST_CASE(only_a_key_that_may_loads_and_only_its_models) {
  KeyBook book;
  const std::string plain = add(book, {}, 1).record.key.id;
  const std::string loader = add(book, {.models = {"clerk"}, .lifetime_s = 60, .may_load = true}, 2).record.key.id;

  BOOST_TEST(book.may_load(loader, "clerk", now).has_value());
  BOOST_TEST((book.may_load(loader, "judge", now).error().code == Errc::permission_denied));
  BOOST_TEST((book.may_load(plain, "clerk", now).error().code == Errc::permission_denied));
  BOOST_TEST((book.may_load("0123", "clerk", now).error().code == Errc::unauthenticated));
  BOOST_TEST((book.may_load(loader, "clerk", now + 60 * second).error().code == Errc::unauthenticated));
  book.set(*book.revoked(loader, now));
  BOOST_TEST((book.may_load(loader, "clerk", now).error().code == Errc::unauthenticated));
}

BOOST_AUTO_TEST_SUITE_END()
