// Any bytes as a file of `troupe apply`: refused with file, line and reason, or a document that says the same after
// being written as YAML and read again, and that the head can store.

#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/spec/documents.hpp"
#include "cluster/spec/records.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/config/bind.hpp"

namespace {

using namespace troupe;
using namespace troupe::cluster;

template <class T>
std::optional<T> check(const config::Document& document) {
  const auto bound = config::bind<T>(document);
  if (!bound) {
    TROUPE_ASSERT(!bound.error().message.empty());
    return std::nullopt;
  }
  const std::string yaml = config::to_yaml(*bound);
  // Written out, aliases and short forms may need more than a file may hold.
  if (yaml.size() > config::text_bytes_max) return *bound;
  const auto again = config::parse_documents(yaml, "written.yaml");
  TROUPE_ASSERT(again.has_value() && again->size() == 1);
  const auto rebound = config::bind<T>(again->front());
  TROUPE_ASSERT(rebound.has_value() && config::to_yaml(*rebound) == yaml);
  return *bound;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto documents = config::parse_documents({reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
  if (!documents) return 0;
  for (const config::Document& document : *documents) {
    check<ModelDocument>(document);
    const auto deployment = check<DeploymentDocument>(document);
    if (!deployment) continue;
    const auto record = to_record(*deployment, 1, 0, {});
    if (!record) continue;
    const auto stored = decode_deployment("deployment/d", encode(*record));
    TROUPE_ASSERT(stored.has_value() && *stored == *record);
  }
  return 0;
}
