// Any bytes as a config file: no crash, no hang, no leak; and what binds, written as YAML, binds to the same again.

#include <array>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/config/bind.hpp"
#include "runtime/config/json.hpp"

namespace fuzz {

using namespace troupe;

enum class Colour : uint8_t { red, green };
constexpr std::array<config::EnumName<Colour>, 2> names_of(Colour) {
  return {{{Colour::red, "red"}, {Colour::green, "green"}}};
}

/// Every type of field, under keys of one letter that a fuzzer finds soon.
struct Options {
  bool b = false;
  int8_t i = 0;
  uint64_t u = 0;
  double d = 0;
  std::string s;
  Duration t{};
  ByteCount z;
  Colour c = Colour::red;
  std::vector<std::string> l;
  std::map<std::string, std::string> m;
  std::vector<Options> o;
  std::optional<int64_t> n;
};

void describe(config::Schema<Options>& schema) {
  schema.field("b", &Options::b, "");
  schema.field("i", &Options::i, "");
  schema.field("u", &Options::u, "").range(0, 1000);
  schema.field("d", &Options::d, "");
  schema.field("s", &Options::s, "");
  schema.field("t", &Options::t, "");
  schema.field("z", &Options::z, "");
  schema.field("c", &Options::c, "");
  schema.field("l", &Options::l, "");
  schema.field("m", &Options::m, "");
  schema.field("o", &Options::o, "");
  schema.field("n", &Options::n, "");
}

void check_round_trip(const Options& options) {
  const std::string yaml = config::to_yaml(options);
  // Written out, aliases and short forms may need more than a file may hold.
  if (yaml.size() > config::text_bytes_max) return;
  const auto documents = config::parse_documents(yaml, "written.yaml");
  if (!documents || documents->size() != 1) std::abort();
  const auto again = config::bind<Options>(documents->front());
  if (!again || config::to_yaml(*again) != yaml) std::abort();
  (void)config::to_json(options).dump();
}

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace troupe;
  const auto documents = config::parse_documents({reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
  if (!documents) {
    if (documents.error().message.empty()) std::abort();
    return 0;
  }
  for (const config::Document& document : *documents) {
    const auto options = config::bind<fuzz::Options>(document);
    if (options) fuzz::check_round_trip(*options);
  }
  return 0;
}
