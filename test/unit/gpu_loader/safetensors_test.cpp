#include "gpu/loader/safetensors.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/gpu_loader/safetensors_file.hpp"
#include "test/unit/gpu_loader/temporary_folder.hpp"

namespace troupe::gpu {
namespace {

using test::contains;
using test::little_endian;
using test::safetensors_bytes;

Result<SafetensorsFile> parse(std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  return SafetensorsFile::parse("w.safetensors", {owner, std::as_bytes(std::span(owner->data(), owner->size()))});
}

/// What opening these bytes complains about; empty if it does not.
std::string complaint(std::string bytes) {
  const auto file = parse(std::move(bytes));
  if (file) return {};
  BOOST_TEST((file.error().code == Errc::corrupt_data));
  BOOST_TEST(contains(file.error().message, "w.safetensors: "));
  return file.error().message;
}

std::string complaint_about(std::string_view tensor, size_t data_bytes = 8) {
  return complaint(safetensors_bytes(fmt::format(R"({{"t":{}}})", tensor), data_bytes));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(safetensors)

BOOST_AUTO_TEST_CASE(tensors_are_found_with_type_shape_and_bytes) {
  const auto file = parse(safetensors_bytes(R"({"__metadata__":{"format":"pt"},
      "b":{"dtype":"F32","shape":[1,2],"data_offsets":[3,11]},
      "a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},
      "scalar":{"dtype":"BF16","shape":[],"data_offsets":[11,13]},
      "none":{"dtype":"I64","shape":[0,4],"data_offsets":[13,13]}})",
                                            13));

  BOOST_REQUIRE(file.has_value());
  BOOST_TEST((file->names() == std::vector<std::string>{"a", "b", "none", "scalar"}));
  const TensorInfo* b = file->find("b");
  BOOST_REQUIRE(b != nullptr);
  BOOST_TEST((b->dtype == DType::f32));
  BOOST_TEST((b->shape == std::vector<int64_t>{1, 2}));
  BOOST_TEST(b->data.size() == 8U);
  BOOST_TEST(std::to_integer<int>(b->data[0]) == 3);
  BOOST_TEST(file->find("scalar")->shape.empty());
  BOOST_TEST(file->find("none")->data.empty());
  BOOST_TEST(file->find("c") == nullptr);
}

BOOST_AUTO_TEST_CASE(bytes_outlive_the_file_object_while_an_owner_lives) {
  const test::TemporaryFolder folder;
  const auto path =
      folder.write("w.safetensors", safetensors_bytes(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})", 3));
  std::filesystem::create_symlink(path, folder.path() / "link");

  std::shared_ptr<const void> owner;
  std::span<const std::byte> data;
  {
    auto file = SafetensorsFile::open(folder.path() / "link");
    BOOST_REQUIRE(file.has_value());
    const SafetensorsFile moved = *std::move(file);
    owner = moved.owner();
    data = moved.find("a")->data;
  }

  BOOST_TEST(std::to_integer<int>(data[2]) == 2);
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_is_refused) {
  const test::TemporaryFolder folder;

  const auto missing = SafetensorsFile::open(folder.path() / "none.safetensors");
  BOOST_REQUIRE(!missing.has_value());
  BOOST_TEST((missing.error().code == Errc::not_found));
  BOOST_TEST(contains(missing.error().message, "none.safetensors"));
  const auto directory = SafetensorsFile::open(folder.path());
  BOOST_REQUIRE(!directory.has_value());
  BOOST_TEST((directory.error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_file_cut_off_anywhere_is_refused) {
  const std::string whole = safetensors_bytes(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 16);
  const test::TemporaryFolder folder;

  for (size_t size = 0; size < whole.size(); ++size) {
    BOOST_TEST_CONTEXT("size " << size) {
      BOOST_TEST(!SafetensorsFile::open(folder.write("cut", whole.substr(0, size))).has_value());
    }
  }
  BOOST_TEST(contains(complaint(whole.substr(0, whole.size() - 1)), "tensor a: ends at byte 16"));
  BOOST_TEST(contains(complaint("abc"), "has 3 bytes"));
}

BOOST_AUTO_TEST_CASE(a_header_longer_than_the_file_or_the_limit_is_refused) {
  BOOST_TEST(contains(complaint(little_endian(100'000'000'000) + "{}"), "claims 100000000000 bytes"));
  BOOST_TEST(contains(complaint(little_endian(UINT64_MAX) + "{}"), "claims 18446744073709551615 bytes"));
  BOOST_TEST(contains(complaint(little_endian(3) + "{}"), "claims 3 bytes; 2 follow"));
}

BOOST_AUTO_TEST_CASE(a_header_that_is_no_json_object_is_refused) {
  BOOST_TEST(contains(complaint(safetensors_bytes("{nonsense", 0)), "not JSON"));
  BOOST_TEST(contains(complaint(safetensors_bytes("[]", 0)), "not a JSON object"));
  BOOST_TEST(contains(complaint(safetensors_bytes("{\"\xff\":1}", 0)), "not JSON"));
  BOOST_TEST(contains(complaint(safetensors_bytes(R"({"__metadata__":{"a":1}})", 0)), "__metadata__"));
  BOOST_TEST(!complaint(safetensors_bytes(std::string(200'000, '['), 0)).empty());
  BOOST_TEST(
      !complaint(safetensors_bytes(R"({"a":{"shape":)" + std::string(9999, '[') + std::string(9999, ']') + "}}", 0))
           .empty());
}

BOOST_AUTO_TEST_CASE(a_name_given_twice_is_refused) {
  const std::string_view header = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},
                                      "a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})";

  BOOST_TEST(contains(complaint(safetensors_bytes(header, 2)), "tensor a: the header has it twice"));
}

BOOST_AUTO_TEST_CASE(overlaps_holes_and_leftover_bytes_are_refused) {
  const auto two = [](std::string_view first, std::string_view second, size_t data) {
    return complaint(safetensors_bytes(fmt::format(R"({{"a":{{"dtype":"U8","shape":[4],"data_offsets":{}}},
        "b":{{"dtype":"U8","shape":[4],"data_offsets":{}}}}})",
                                                   first, second),
                                       data));
  };

  BOOST_TEST(two("[0,4]", "[4,8]", 8).empty());
  BOOST_TEST(contains(two("[0,4]", "[3,7]", 7), "tensor b: begins at byte 3 of the data, expected 4 (it overlaps"));
  BOOST_TEST(contains(two("[0,4]", "[0,4]", 4), "overlaps"));
  BOOST_TEST(contains(two("[0,4]", "[5,9]", 9), "tensor b: begins at byte 5 of the data, expected 4 (there is a hole"));
  BOOST_TEST(contains(two("[1,5]", "[5,9]", 9), "tensor a: begins at byte 1 of the data, expected 0"));
  BOOST_TEST(contains(two("[0,4]", "[4,8]", 9), "end at byte 8 of the data, but the file has 9"));
}

BOOST_AUTO_TEST_CASE(a_wrong_tensor_entry_is_refused_with_what_was_expected) {
  BOOST_TEST(contains(complaint_about(R"({"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]})"),
                      "tensor t: unknown dtype F8_E4M3"));
  BOOST_TEST(contains(complaint_about(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), "tensor t: shape"));
  BOOST_TEST(contains(complaint_about(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})"), "tensor t: shape"));
  BOOST_TEST(contains(complaint_about(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"),
                      "tensor t: F32 [3] needs 12 bytes, data_offsets [0, 8] give 8"));
  BOOST_TEST(contains(complaint_about(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]})"),
                      "does not fit into 64 bits"));
  BOOST_TEST(contains(complaint_about(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), "before the begin"));
  BOOST_TEST(contains(complaint_about(R"({"dtype":"F32","shape":[2],"data_offsets":[0,-8]})"), "data_offsets"));
  BOOST_TEST(contains(complaint_about(R"({"dtype":"F32","shape":[2],"data_offsets":[0]})"), "data_offsets"));
  BOOST_TEST(contains(complaint_about(R"({"dtype":"F32","shape":[2]})"), "exactly dtype, shape and data_offsets"));
  BOOST_TEST(contains(complaint_about("7"), "tensor t: expected an object"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace troupe::gpu
