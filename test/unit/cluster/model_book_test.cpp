#include "cluster/head/model_book.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;

namespace {

storage::ModelManifest version(const char* name, const char* number) {
  storage::ModelManifest manifest;
  manifest.name = name;
  manifest.version = number;
  manifest.metadata = {{"license", "mit"}, {"task", "text"}};
  return manifest;
}

const std::vector<storage::ModelManifest> models{version("clerk", "1"), version("clerk", "2"), version("words", "1")};

bool says(const Error& error, std::string_view text) {
  return error.message.find(text) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_book)

BOOST_AUTO_TEST_CASE(a_label_points_to_one_version_and_moves) {
  ModelBook book;
  book.set(book.promoted("clerk", "1", "stable", models).value());
  book.set(book.promoted("clerk", "1", "canary", models).value());

  book.set(book.promoted("clerk", "2", "stable", models).value());

  BOOST_TEST(book.version_of("clerk", "stable") == "2");
  BOOST_TEST(book.labels_of("clerk", "1") == std::vector<std::string>{"canary"}, boost::test_tools::per_element());
  BOOST_TEST(book.version_of("words", "stable").empty());
  book.set(book.without_label("clerk", "canary").value());
  BOOST_TEST(book.labels_of("clerk", "1").empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_named_with_the_nearest) {
  ModelBook book;
  book.set(book.promoted("clerk", "1", "stable", models).value());

  BOOST_TEST(says(book.promoted("clark", "1", "stable", models).error(), "did you mean clerk@1?"));
  BOOST_TEST(says(book.without_label("clerk", "stabel").error(), "did you mean stable?"));
  BOOST_TEST((book.retired("clerk", "9", true, models).error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(labels_and_versions_of_a_model_have_different_names) {
  std::vector<storage::ModelManifest> with_words = models;
  with_words.push_back(version("clerk", "best"));
  ModelBook book;

  BOOST_TEST(says(book.promoted("clerk", "1", "best", with_words).error(), "has a version best"));
  book.set(book.promoted("clerk", "1", "stable", models).value());
  BOOST_TEST(says(book.check_version_name("clerk", "stable").error(), "is a label of clerk"));
  BOOST_TEST(book.check_version_name("words", "stable").has_value());
}

BOOST_AUTO_TEST_CASE(labels_are_plain_words) {
  for (const char* good : {"stable", "canary-2", "a.b_c"}) BOOST_TEST(check_label(good).has_value());
  for (const char* bad : {"", "2", "Stable", "a/b", "a b", "abcdefghijklmnopqrstuvwxyzabcdefg"})
    BOOST_TEST(!check_label(bad).has_value());
}

BOOST_AUTO_TEST_CASE(a_version_that_a_label_points_to_is_neither_retired_nor_removed) {
  ModelBook book;
  book.set(book.promoted("clerk", "2", "stable", models).value());

  BOOST_TEST(says(book.retired("clerk", "2", true, models).error(), "the label stable points to clerk@2"));
  BOOST_TEST(says(book.without_version("clerk", "2").error(), "the label stable points to clerk@2"));
  BOOST_TEST(!book.without_version("clerk", "1").value().has_value());
}

BOOST_AUTO_TEST_CASE(a_retired_version_takes_no_label_until_that_is_taken_back) {
  ModelBook book;
  book.set(book.retired("clerk", "1", true, models).value());

  BOOST_TEST(book.is_retired("clerk", "1"));
  BOOST_TEST((book.promoted("clerk", "1", "stable", models).error().code == Errc::failed_precondition));
  book.set(book.retired("clerk", "1", false, models).value());
  BOOST_TEST(!book.is_retired("clerk", "1"));
  BOOST_TEST(book.promoted("clerk", "1", "stable", models).has_value());
}

BOOST_AUTO_TEST_CASE(notes_stand_before_the_manifest_and_go_with_their_version) {
  ModelBook book;
  book.set(book.noted("clerk", "1", {{"license", "apache-2.0"}, {"accuracy", "0.93"}}, models).value());

  BOOST_TEST((book.metadata_of(models[0]) ==
              std::map<std::string, std::string>{{"license", "apache-2.0"}, {"accuracy", "0.93"}, {"task", "text"}}));
  BOOST_TEST((book.metadata_of(models[1]) == models[1].metadata));
  book.set(book.noted("clerk", "1", {{"license", ""}}, models).value());
  BOOST_TEST(book.metadata_of(models[0]).at("license") == "mit");
  book.set(book.without_version("clerk", "1").value().value());
  BOOST_TEST((book.metadata_of(models[0]) == models[0].metadata));
}

BOOST_AUTO_TEST_CASE(notes_have_bounds) {
  ModelBook book;
  std::map<std::string, std::string> many;
  for (int i = 0; i < 65; ++i) many["key " + std::to_string(i)] = "x";

  BOOST_TEST(!book.noted("clerk", "1", many, models).has_value());
  BOOST_TEST(!book.noted("clerk", "1", {{"x", std::string(5000, 'x')}}, models).has_value());
}

BOOST_AUTO_TEST_CASE(a_record_survives_its_encoding_and_a_damaged_one_is_named) {
  ModelBook book;
  book.set(book.promoted("clerk", "2", "stable", models).value());
  const ModelRecord record = book.retired("clerk", "1", true, models).value();

  BOOST_TEST((decode_model("model/clerk", encode(record)).value() == record));
  BOOST_TEST(says(decode_model("model/clerk", "\xc1").error(), "model/clerk"));
  BOOST_TEST((decode_model("model/words", encode(record)).error().code == Errc::corrupt_data));
}

BOOST_AUTO_TEST_SUITE_END()
