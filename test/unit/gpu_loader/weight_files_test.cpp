#include "gpu/loader/weight_files.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/gpu_loader/safetensors_file.hpp"
#include "test/unit/gpu_loader/temporary_folder.hpp"

namespace troupe::gpu {
namespace {

using test::contains;

constexpr std::string_view index_name = "model.safetensors.index.json";

/// A folder with "a" and "b" in one file and "c" in another.
struct Folder : test::TemporaryFolder {
  Folder() {
    write("one.safetensors", test::safetensors_bytes(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},
        "b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
                                                     3));
    write("two.safetensors", test::safetensors_bytes(R"({"c":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1));
    write(index_name, R"({"metadata": {"total_size": 4}, "weight_map":
        {"a": "one.safetensors", "b": "one.safetensors", "c": "two.safetensors"}})");
  }
};

/// What opening the folder with this weight_map complains about, after the index's name.
std::string complaint(const Folder& folder, std::string_view weight_map, Errc code) {
  folder.write(index_name, fmt::format(R"({{"weight_map": {}}})", weight_map));
  const auto files = WeightFiles::open(folder.path());
  BOOST_REQUIRE(!files.has_value());
  BOOST_TEST((files.error().code == code));
  return files.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(weight_files)

BOOST_AUTO_TEST_CASE(tensors_are_found_in_the_files_that_the_index_names) {
  const Folder folder;

  const auto files = WeightFiles::open(folder.path());

  BOOST_REQUIRE(files.has_value());
  BOOST_TEST((files->names() == std::vector<std::string>{"a", "b", "c"}));
  BOOST_TEST(files->find("a").info->data.size() == 2U);
  BOOST_TEST(files->find("a").file == files->find("b").file);
  BOOST_TEST(contains(files->find("c").file->name(), "two.safetensors"));
  BOOST_TEST(files->find("d").info == nullptr);
  BOOST_TEST(contains(files->name(), index_name));
}

BOOST_AUTO_TEST_CASE(one_file_goes_before_an_index) {
  const Folder folder;
  std::filesystem::rename(folder.path() / "two.safetensors", folder.path() / "model.safetensors");

  const auto files = WeightFiles::open(folder.path());

  BOOST_REQUIRE(files.has_value());
  BOOST_TEST((files->names() == std::vector<std::string>{"c"}));
}

BOOST_AUTO_TEST_CASE(a_folder_without_weights_is_refused) {
  const test::TemporaryFolder folder;

  BOOST_TEST(contains(WeightFiles::open(folder.path()).error().message, "model.safetensors is missing"));
}

BOOST_AUTO_TEST_CASE(an_index_that_lies_is_refused_with_file_and_tensor) {
  const Folder folder;

  BOOST_TEST(contains(complaint(folder, R"({"a": "three.safetensors"})", Errc::not_found),
                      "index.json: tensor a: file three.safetensors is missing"));
  BOOST_TEST(contains(complaint(folder, R"({"a": "two.safetensors"})", Errc::not_found),
                      "index.json: tensor a: expected in two.safetensors, which does not have it"));
  BOOST_TEST(contains(complaint(folder, R"({"z": "two.safetensors"})", Errc::not_found), "tensor z: expected in two"));
  BOOST_TEST(contains(complaint(folder, R"({"a": "one.safetensors", "a": "two.safetensors"})", Errc::corrupt_data),
                      "a: the index has it twice"));

  folder.write("two.safetensors", test::safetensors_bytes(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
                   "c":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}})",
                                                          1));
  const std::string twice =
      complaint(folder, R"({"a": "one.safetensors", "c": "two.safetensors"})", Errc::corrupt_data);
  BOOST_TEST(contains(twice, "two.safetensors: tensor a: is in "));
  BOOST_TEST(contains(twice, "one.safetensors too"));
}

BOOST_AUTO_TEST_CASE(a_path_out_of_the_folder_is_refused) {
  const Folder folder;
  for (const char* path : {"../one.safetensors", "/etc/passwd", "sub/one.safetensors", ".", "..", "", "a\\\\b",
                           "one.safetensors\\u0000"}) {
    BOOST_TEST_CONTEXT(path) {
      BOOST_TEST(contains(complaint(folder, fmt::format(R"({{"a": "{}"}})", path), Errc::corrupt_data),
                          "index.json: tensor a: expected the name of a file in the same folder"));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_index_of_another_form_is_refused) {
  const Folder folder;
  for (const std::string_view map : {"7", "[]", "null", R"("one.safetensors")", "{}", R"({"a": 1})", R"({"a": {}})",
                                     R"({"a": ["one.safetensors"]})"}) {
    BOOST_TEST(!complaint(folder, map, Errc::corrupt_data).empty());
  }
  for (const std::string_view index : {"", "{", "[]", "{}", R"({"weight_map": {}, "weight_map": {}})"}) {
    folder.write(index_name, index);
    BOOST_TEST(!WeightFiles::open(folder.path()).has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_broken_file_of_several_is_named) {
  const Folder folder;
  folder.write("two.safetensors", "cut");

  BOOST_TEST(contains(WeightFiles::open(folder.path()).error().message, "two.safetensors: has 3 bytes"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
