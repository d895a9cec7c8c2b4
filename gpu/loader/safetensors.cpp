#include "gpu/loader/safetensors.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "gpu/loader/clipped.hpp"

namespace troupe::gpu {
namespace {

using nlohmann::json;

constexpr size_t prefix_bytes = 8;
constexpr uint64_t max_header_bytes = 100'000'000;

struct NamedType {
  std::string_view name;
  DType type;
};
constexpr std::array<NamedType, 13> types = {{{"BOOL", DType::boolean},
                                              {"U8", DType::u8},
                                              {"U16", DType::u16},
                                              {"U32", DType::u32},
                                              {"U64", DType::u64},
                                              {"I8", DType::i8},
                                              {"I16", DType::i16},
                                              {"I32", DType::i32},
                                              {"I64", DType::i64},
                                              {"F16", DType::f16},
                                              {"BF16", DType::bf16},
                                              {"F32", DType::f32},
                                              {"F64", DType::f64}}};

uint64_t little_endian_u64(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < prefix_bytes; ++i) value |= std::to_integer<uint64_t>(bytes[i]) << (8 * i);
  return value;
}

/// A tensor's entry with offsets into the data, before they are known to lie inside.
struct Entry {
  DType dtype{};
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

Result<json> parse_header(const std::string& file, std::string_view text) {
  std::set<std::string> seen;
  std::optional<std::string> duplicate;
  // name (1) > "shape" (2) > numbers (3): what lies deeper is no part of the format and is not kept.
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::key && depth == 1 && !seen.insert(parsed.get<std::string>()).second) {
      duplicate = parsed.get<std::string>();
    }
    return depth <= 3;
  };
  try {
    json header = json::parse(text, watch);
    if (duplicate) return fail(Errc::corrupt_data, "{}: tensor {}: the header has it twice", file, clipped(*duplicate));
    if (!header.is_object()) return fail(Errc::corrupt_data, "{}: the header is not a JSON object", file);
    return header;
  } catch (const std::exception& error) {
    return fail(Errc::corrupt_data, "{}: the header is not JSON: {}", file, clipped(error.what()));
  }
}

Status check_metadata(const std::string& file, const json& metadata) {
  const bool good = metadata.is_object() &&
                    std::all_of(metadata.begin(), metadata.end(), [](const json& value) { return value.is_string(); });
  if (!good) return fail(Errc::corrupt_data, "{}: __metadata__: expected an object of strings", file);
  return {};
}

/// Collects what is said about one tensor, so that every message starts alike.
class EntryReader {
 public:
  EntryReader(const std::string& file, const std::string& tensor, const json& value)
      : file_(file), tensor_(tensor), value_(value) {}

  Result<Entry> read() const {
    if (!value_.is_object()) return wrong("expected an object with dtype, shape and data_offsets");
    if (value_.size() != 3) return wrong("expected exactly dtype, shape and data_offsets");
    Entry entry;
    TROUPE_TRY(entry.dtype, dtype());
    TROUPE_TRY(entry.shape, shape());
    TROUPE_CHECK(offsets(entry));
    TROUPE_TRY(const uint64_t needed, bytes(entry));
    if (entry.end - entry.begin != needed) {
      return wrong(fmt::format("{} {} needs {} bytes, data_offsets [{}, {}] give {}", safetensors_name(entry.dtype),
                               format_shape(entry.shape), needed, entry.begin, entry.end, entry.end - entry.begin));
    }
    return entry;
  }

 private:
  tl::unexpected<Error> wrong(std::string_view what) const {
    return fail(Errc::corrupt_data, "{}: tensor {}: {}", file_, clipped(tensor_), what);
  }

  Result<DType> dtype() const {
    const auto found = value_.find("dtype");
    if (found == value_.end() || !found->is_string()) return wrong("expected a string dtype");
    const auto& name = found->get_ref<const std::string&>();
    const auto type = std::find_if(types.begin(), types.end(), [&](const NamedType& t) { return t.name == name; });
    if (type == types.end()) {
      return wrong(
          fmt::format("unknown dtype {}; known are BOOL, U8 to U64, I8 to I64, F16, BF16, F32, F64", clipped(name)));
    }
    return type->type;
  }

  Result<std::vector<int64_t>> shape() const {
    const auto found = value_.find("shape");
    if (found == value_.end() || !found->is_array()) return wrong("expected an array shape");
    std::vector<int64_t> shape;
    shape.reserve(found->size());
    for (const json& size : *found) {
      if (!size.is_number_unsigned() || size.get<uint64_t>() > std::numeric_limits<int64_t>::max()) {
        return wrong("shape: expected integers from 0 to 2^63-1");
      }
      shape.push_back(size.get<int64_t>());
    }
    return shape;
  }

  Status offsets(Entry& entry) const {
    const auto found = value_.find("data_offsets");
    const bool good = found != value_.end() && found->is_array() && found->size() == 2 &&
                      (*found)[0].is_number_unsigned() && (*found)[1].is_number_unsigned();
    if (!good) return wrong("data_offsets: expected two integers from 0 up");
    entry.begin = (*found)[0].get<uint64_t>();
    entry.end = (*found)[1].get<uint64_t>();
    if (entry.begin > entry.end) {
      return wrong(fmt::format("data_offsets [{}, {}]: the end lies before the begin", entry.begin, entry.end));
    }
    return {};
  }

  Result<uint64_t> bytes(const Entry& entry) const {
    uint64_t bytes = element_size(entry.dtype);
    for (const int64_t size : entry.shape) {
      if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes)) {
        return wrong("shape: its product does not fit into 64 bits");
      }
    }
    return bytes;
  }

  const std::string& file_;
  const std::string& tensor_;
  const json& value_;
};

/// Every byte of the data belongs to exactly one tensor.
Status check_layout(const std::string& file, uint64_t data_bytes, const std::map<std::string, Entry>& entries) {
  struct Range {
    uint64_t begin, end;
    std::string_view name;
  };
  std::vector<Range> ranges;
  ranges.reserve(entries.size());
  for (const auto& [name, entry] : entries) ranges.push_back({entry.begin, entry.end, name});
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });

  uint64_t position = 0;
  for (const Range& range : ranges) {
    if (range.end > data_bytes) {
      return fail(Errc::corrupt_data,
                  "{}: tensor {}: ends at byte {} of the data, but the file has only {}; truncated?", file,
                  clipped(range.name), range.end, data_bytes);
    }
    if (range.begin != position) {
      return fail(Errc::corrupt_data, "{}: tensor {}: begins at byte {} of the data, expected {} ({})", file,
                  clipped(range.name), range.begin, position,
                  range.begin < position ? "it overlaps another tensor" : "there is a hole before it");
    }
    position = range.end;
  }
  if (position != data_bytes) {
    return fail(Errc::corrupt_data, "{}: the tensors end at byte {} of the data, but the file has {}", file, position,
                data_bytes);
  }
  return {};
}

}  // namespace

std::string_view safetensors_name(DType type) noexcept {
  const auto found = std::find_if(types.begin(), types.end(), [&](const NamedType& t) { return t.type == type; });
  return found == types.end() ? std::string_view{} : found->name;
}

std::string format_shape(std::span<const int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
  TROUPE_TRY(MappedFile file, map_file(path));
  return parse(path.string(), std::move(file));
}

Result<SafetensorsFile> SafetensorsFile::parse(std::string name, MappedFile file) {
  if (file.data.size() < prefix_bytes) {
    return fail(Errc::corrupt_data, "{}: has {} bytes, but a safetensors file starts with an 8-byte header length",
                name, file.data.size());
  }
  const uint64_t header_bytes = little_endian_u64(file.data);
  const uint64_t rest = file.data.size() - prefix_bytes;
  if (header_bytes > max_header_bytes || header_bytes > rest) {
    return fail(Errc::corrupt_data, "{}: the header claims {} bytes; {} follow, and {} are allowed", name, header_bytes,
                rest, max_header_bytes);
  }
  TROUPE_TRY(const json header, parse_header(name, file.view().substr(prefix_bytes, header_bytes)));
  const auto data = file.data.subspan(prefix_bytes + header_bytes);

  std::map<std::string, Entry> entries;
  for (const auto& [tensor, value] : header.items()) {
    if (tensor == "__metadata__") {
      TROUPE_CHECK(check_metadata(name, value));
      continue;
    }
    TROUPE_TRY(entries[tensor], EntryReader(name, tensor, value).read());
  }
  TROUPE_CHECK(check_layout(name, data.size(), entries));

  SafetensorsFile result;
  for (auto& [tensor, entry] : entries) {
    result.tensors_[tensor] = {entry.dtype, std::move(entry.shape), data.subspan(entry.begin, entry.end - entry.begin)};
  }
  result.name_ = std::move(name);
  result.owner_ = std::move(file.owner);
  return result;
}

const TensorInfo* SafetensorsFile::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  names.reserve(tensors_.size());
  for (const auto& [name, info] : tensors_) names.push_back(name);
  return names;
}

}  // namespace troupe::gpu
