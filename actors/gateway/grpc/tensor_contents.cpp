#include "actors/gateway/grpc/tensor_contents.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "actors/gateway/grpc/protobuf.hpp"
#include "runtime/base/units.hpp"

namespace troupe::gateway {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are little-endian on the wire");

/// A list of one byte a number grows eightfold as INT64.
constexpr ByteCount bytes_max = 16_MiB;

constexpr std::array<std::string_view, 9> list_names{"",
                                                     "bool_contents",
                                                     "int_contents",
                                                     "int64_contents",
                                                     "uint_contents",
                                                     "uint64_contents",
                                                     "fp32_contents",
                                                     "fp64_contents",
                                                     "bytes_contents"};

struct List {
  uint32_t number = 0;
  WireType type = WireType::varint;
};

/// Where the elements of a type stand; 0: nowhere.
List list_of(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return {1, WireType::varint};
    case DType::i8:
    case DType::i16:
    case DType::i32:
      return {2, WireType::varint};
    case DType::i64:
      return {3, WireType::varint};
    case DType::u8:
    case DType::u16:
    case DType::u32:
      return {4, WireType::varint};
    case DType::u64:
      return {5, WireType::varint};
    case DType::f32:
      return {6, WireType::fixed32};
    case DType::f64:
      return {7, WireType::fixed64};
    case DType::bytes:
      return {8, WireType::bytes};
    case DType::f16:
    case DType::bf16:
      break;
  }
  return {};
}

class ContentsReader {
 public:
  ContentsReader(const protocol::Tensor& tensor, List list) : tensor_(tensor), list_(list) {}

  Status read(const ProtoField& field) {
    if (field.number == 0 || field.number >= list_names.size())
      return unknown_proto_field("InferTensorContents", field.number);
    const std::string_view name = list_names[field.number];
    if (field.number != list_.number)
      return fail_field(tensor_.name, "input \"{}\": {} is not where {} belongs; that is {}", tensor_.name, name,
                        to_string(tensor_.dtype), list_names[list_.number]);
    if (tensor_.dtype == DType::bytes) {
      TROUPE_TRY(const std::string_view element, proto_bytes(field, name));
      return add_bytes(element);
    }
    return for_each_number(field, list_.type, name, [this](uint64_t bits) { return add(bits); });
  }

  std::string take() { return std::move(data_); }

 private:
  Status add_bytes(std::string_view element) {
    const auto length = static_cast<uint32_t>(element.size());
    TROUPE_CHECK(put(&length, sizeof length));
    return put(element.data(), element.size());
  }

  Status add(uint64_t bits) {
    switch (tensor_.dtype) {
      case DType::boolean: {
        const uint8_t truth = bits != 0 ? 1 : 0;
        return put(&truth, sizeof truth);
      }
      case DType::i8:
        return add_signed<int8_t>(bits);
      case DType::i16:
        return add_signed<int16_t>(bits);
      case DType::i32:
        return add_signed<int32_t>(bits);
      case DType::u8:
        return add_unsigned<uint8_t>(bits);
      case DType::u16:
        return add_unsigned<uint16_t>(bits);
      case DType::u32:
        return add_unsigned<uint32_t>(bits);
      default:
        return put(&bits, element_size(tensor_.dtype));
    }
  }

  template <class T>
  Status add_signed(uint64_t bits) {
    const auto number = static_cast<int64_t>(bits);
    if (!std::in_range<T>(number)) return misfit(number);
    const auto narrow = static_cast<T>(number);
    return put(&narrow, sizeof narrow);
  }

  template <class T>
  Status add_unsigned(uint64_t bits) {
    if (!std::in_range<T>(bits)) return misfit(bits);
    const auto narrow = static_cast<T>(bits);
    return put(&narrow, sizeof narrow);
  }

  Status put(const void* element, size_t bytes) {
    if (data_.size() + bytes > bytes_max.value)
      return fail(Error{Errc::too_large,
                        fmt::format("input \"{}\": its contents take more than {}; send it in raw_input_contents",
                                    tensor_.name, format_bytes(bytes_max)),
                        tensor_.name,
                        {}});
    data_.append(static_cast<const char*>(element), bytes);
    return {};
  }

  tl::unexpected<Error> misfit(auto number) const {
    return fail_field(tensor_.name, "input \"{}\": {} is no {}", tensor_.name, number, to_string(tensor_.dtype));
  }

  const protocol::Tensor& tensor_;
  const List list_;
  std::string data_;
};

}  // namespace

Status read_tensor_contents(const std::vector<std::string_view>& contents, protocol::Tensor& tensor) {
  const List list = list_of(tensor.dtype);
  if (list.number == 0)
    return fail(Error{Errc::unimplemented,
                      fmt::format("input \"{}\" is {}, which has no list in contents; send it in raw_input_contents",
                                  tensor.name, to_string(tensor.dtype)),
                      tensor.name,
                      {}});
  ContentsReader reader(tensor, list);
  for (const std::string_view piece : contents)
    TROUPE_CHECK(for_each_proto_field(piece, [&](const ProtoField& field) { return reader.read(field); }));
  tensor.data = Bytes::own(reader.take());
  return protocol::validate(tensor);
}

}  // namespace troupe::gateway
