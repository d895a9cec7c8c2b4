#include "gpu/loader/json_fields.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "test/unit/gpu_loader/temporary_folder.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;
using test::contains;

}  // namespace

BOOST_AUTO_TEST_SUITE(json_fields)

BOOST_AUTO_TEST_CASE(a_file_that_is_no_json_object_is_refused) {
  const test::TemporaryFolder folder;
  const std::string deep = "{\"a\": " + std::string(400'000, '[') + std::string(400'000, ']') + "}";

  for (const std::string_view text :
       {std::string_view(""), std::string_view("{"), std::string_view("[]"), std::string_view("null"),
        std::string_view("{\"a\": \xff}"), std::string_view("{\"a\": NaN}"), std::string_view("{\"a\": 1e999}"),
        std::string_view(deep)}) {
    const auto object = read_json_object(folder.write("config.json", text), 1 << 20);
    BOOST_REQUIRE(!object.has_value());
    BOOST_TEST((object.error().code == Errc::corrupt_data));
    BOOST_TEST(contains(object.error().message, "config.json"));
  }
  const auto large = read_json_object(folder.write("config.json", "{\"a\": 1}"), 4);
  BOOST_TEST(contains(large.error().message, "has 8 bytes, at most 4 are allowed"));
}

BOOST_AUTO_TEST_CASE(objects_inside_are_named_in_full) {
  const json object = json::parse(R"({"rope": {"type": 7, "inner": {"factor": -1}}, "list": [], "none": null})");
  const JsonFields fields("config.json", object);

  const JsonFields rope = fields.object("rope").value().value();
  BOOST_TEST(contains(rope.text("type").error().message, "config.json: rope.type: expected a string, found 7"));
  const JsonFields inner = rope.object("inner").value().value();
  BOOST_TEST(contains(inner.number("factor", 0, 1).error().message, "rope.inner.factor: expected a number from 0"));
  BOOST_TEST(inner.unsupported("factor", "1").value().message ==
             "config.json: rope.inner.factor: -1 is not supported; supported: 1");
  BOOST_TEST(inner.unsupported("factor", "1").value().field == "rope.inner.factor");
  BOOST_TEST(!fields.object("none").value().has_value());
  BOOST_TEST(contains(fields.object("list").error().message, "list: expected an object or null, found []"));
}

BOOST_AUTO_TEST_CASE(a_long_value_is_cut_between_characters) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "\u20ac";
  const json object = {{"name", text}};

  const std::string message = JsonFields("config.json", object).integer("name", 0, 1).error().message;

  BOOST_TEST(message.ends_with("found \"" + text.substr(0, 33 * 3)));
}

BOOST_AUTO_TEST_CASE(absent_and_null_are_the_same) {
  const json object = json::parse(R"({"none": null, "some": ["a", "b"], "mixed": ["a", 1]})");
  const JsonFields fields("config.json", object);

  BOOST_TEST(!fields.has("none"));
  BOOST_TEST(!fields.has("absent"));
  BOOST_TEST(fields.integer("none", 0, 9, 5).value() == 5);
  BOOST_TEST(fields.texts("none").value().empty());
  BOOST_TEST((fields.texts("some").value() == std::vector<std::string>{"a", "b"}));
  BOOST_TEST(contains(fields.texts("mixed").error().message, "mixed: expected a list of strings"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
