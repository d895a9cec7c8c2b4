// A schema up to the first zero byte, and then a document. Nothing may crash or hang, and what is promised is checked:
// each text that is begun can be ended, and forgetting places changes nothing.

#include <cstdint>
#include <string_view>

#include "gpu/engine/constraint/automaton.hpp"
#include "gpu/engine/constraint/json_schema.hpp"
#include "runtime/base/assert.hpp"

namespace {

using namespace troupe::gpu;

/// Whether any byte leads on.
bool goes_on(Automaton& automaton, Automaton::Place place) {
  for (int byte = 0; byte < 256; ++byte) {
    if (automaton.step(place, static_cast<uint8_t>(byte)) != Automaton::nowhere) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(all.find('\0'), size);
  auto compiled = compile_schema(all.substr(0, end));
  if (!compiled) return 0;
  Automaton automaton(std::move(compiled->grammar), compiled->start);
  Automaton::Place place = automaton.start();
  if (place == Automaton::nowhere) return 0;  // Too many readings.
  for (const char byte : all.substr(std::min(end + 1, size))) {
    const Automaton::Place next = automaton.step(place, static_cast<uint8_t>(byte));
    Automaton::Place kept = place;
    Automaton::Place* const texts[] = {&kept};
    automaton.forget(texts);
    const Automaton::Place again = automaton.step(kept, static_cast<uint8_t>(byte));
    TROUPE_ASSERT((next == Automaton::nowhere) == (again == Automaton::nowhere));
    if (again == Automaton::nowhere) {
      place = kept;
      break;
    }
    place = again;
  }
  TROUPE_ASSERT(automaton.is_complete(place) || goes_on(automaton, place));
  return 0;
}
