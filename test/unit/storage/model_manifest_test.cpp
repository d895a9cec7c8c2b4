#include "storage/model_manifest.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::storage;

namespace {

const std::string digest(64, 'a');

ModelManifest example() {
  return {"clerk",
          "2",
          wall_time_from_unix_microseconds(1'700'000'000'123'456),
          "/models/clerk",
          {{"config.json", {12}, digest}, {"weights/a.bin", {30}, digest}},
          {{"task", "text"}}};
}

std::string with(std::string json, std::string_view old_text, std::string_view new_text) {
  const size_t at = json.find(old_text);
  BOOST_REQUIRE(at != std::string::npos);
  return json.replace(at, old_text.size(), new_text);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_manifest)

BOOST_AUTO_TEST_CASE(a_manifest_survives_the_way_through_json) {
  const std::string json = to_json(example()).value();

  BOOST_TEST((manifest_from_json(json, "m").value() == example()));
  BOOST_TEST(json.find("\"total_bytes\": 42") != std::string::npos);
  BOOST_TEST(json.find("2023-11-14T22:13:20.123Z") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_newer_format_is_refused_in_words) {
  const auto newer = manifest_from_json(with(to_json(example()).value(), "\"format\": 1", "\"format\": 2"), "the file");

  BOOST_TEST((newer.error().code == Errc::failed_precondition));
  BOOST_TEST(newer.error().message == "the file has format 2, written by a newer troupe; this one reads up to 1");
}

BOOST_AUTO_TEST_CASE(damaged_and_hostile_manifests_are_corrupt_data) {
  const std::string good = to_json(example()).value();
  for (const std::string& bad :
       {std::string(""), std::string("[]"), std::string("{"), std::string("null"), good.substr(0, good.size() / 2),
        with(good, "config.json", "../config.json"), with(good, "config.json", "/etc/passwd"),
        with(good, "weights/a.bin", "weights/../../a"), with(good, "weights/a.bin", "weights//"),
        with(good, digest, "short"), with(good, "\"size\": 12", "\"size\": \"12\""),
        with(good, "\"name\": \"clerk\"", "\"name\": \"../x\"")}) {
    const auto manifest = manifest_from_json(bad, "m");
    BOOST_REQUIRE_MESSAGE(!manifest.has_value(), bad);
    BOOST_TEST((manifest.error().code == Errc::corrupt_data), bad);
  }
}

BOOST_AUTO_TEST_CASE(metadata_is_bounded_utf8) {
  ModelManifest many = example();
  for (size_t i = 0; i < metadata_entries_max; ++i) many.metadata[std::to_string(i)] = "x";
  ModelManifest large = example();
  large.metadata["k"] = std::string(metadata_bytes_max + 1, 'x');
  ModelManifest binary = example();
  binary.metadata["k"] = "\xff\xfe";

  for (const ModelManifest& manifest : {many, large, binary})
    BOOST_TEST((to_json(manifest).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()
