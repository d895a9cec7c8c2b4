#include "actors/gateway/http/event_request.hpp"

#include <xxhash.h>

#include <array>
#include <cmath>

#include "actors/experiment/events/event_codec.hpp"
#include "actors/experiment/ledger/fixed_point.hpp"
#include "actors/gateway/http/json_reader.hpp"

namespace troupe::gateway {
namespace {

constexpr size_t id_bytes_max = 128;
constexpr double past_seconds_max = 90.0 * 24 * 3600;
constexpr double future_seconds_max = 300;  // Clocks differ.
constexpr std::array kinds{std::pair{"user", protocol::UnitKind::user},
                           std::pair{"session", protocol::UnitKind::session}, std::pair{"key", protocol::UnitKind::key},
                           std::pair{"request", protocol::UnitKind::request}};

class EventReader {
 public:
  EventReader(WallTime now, Random& random) : now_(now), random_(random) {}

  Result<protocol::Event> read(json::Object object, const std::string& path) {
    path_ = path;
    event_ = {};
    outcome_ = {random_.next(), random_.next(), {}, experiment::Fixed{1} << experiment::fixed_bits};
    event_.time_unix_us = unix_microseconds(now_);
    TROUPE_CHECK(json::for_each_field(
        object, path, [this](std::string_view key, json::Element value) -> Status { return take(key, value); }));
    if (event_.unit.empty()) return missing("unit");
    if (outcome_.measure.empty()) return missing("name");
    event_.what = outcome_;
    return event_;
  }

 private:
  std::string field(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  }
  tl::unexpected<Error> missing(std::string_view key) const {
    return fail_field(field(key), "{} is missing", field(key));
  }

  Status take(std::string_view key, json::Element value) {
    if (key == "unit") return take_text(key, value, experiment::event_unit_bytes_max, event_.unit);
    if (key == "name") return take_text(key, value, experiment::measure_bytes_max, outcome_.measure);
    if (key == "value") return take_value(value);
    if (key == "id") return take_id(value);
    if (key == "time") return take_time(value);
    if (key == "kind") return take_kind(value);
    return json::unknown_key(key, path_, {"unit", "name", "value", "id", "time", "kind"});
  }

  Status take_text(std::string_view key, json::Element value, size_t bytes_max, std::string& out) {
    TROUPE_TRY(const std::string_view text, json::as_string(value, field(key)));
    if (text.empty() || text.size() > bytes_max)
      return fail_field(field(key), "{} must have 1 to {} bytes, found {}", field(key), bytes_max, text.size());
    out = text;
    return {};
  }

  Status take_value(json::Element value) {
    TROUPE_TRY(const double number, json::as_number(value, field("value"), "a number"));
    const auto fixed = experiment::to_fixed(number);
    if (!fixed) return fail_field(field("value"), "{}: {}", field("value"), fixed.error().message);
    outcome_.value = *fixed;
    return {};
  }

  Status take_id(json::Element value) {
    std::string id;
    TROUPE_CHECK(take_text("id", value, id_bytes_max, id));
    const XXH128_hash_t hash = XXH3_128bits(id.data(), id.size());
    outcome_.id_high = hash.high64;
    outcome_.id_low = hash.low64;
    return {};
  }

  Status take_time(json::Element value) {
    TROUPE_TRY(const double seconds, json::as_number(value, field("time"), "Unix seconds"));
    const double now = static_cast<double>(unix_microseconds(now_)) / 1e6;
    if (!(seconds <= now + future_seconds_max))
      return fail_field(field("time"), "{} lies {:.0f} s in the future; it is in Unix seconds", field("time"),
                        seconds - now);
    if (!(seconds >= now - past_seconds_max))
      return fail_field(field("time"), "{} lies more than 90 days back; it is in Unix seconds", field("time"));
    event_.time_unix_us = static_cast<int64_t>(seconds * 1e6);
    return {};
  }

  Status take_kind(json::Element value) {
    TROUPE_TRY(const std::string_view name, json::as_string(value, field("kind")));
    for (const auto& [known, kind] : kinds) {
      if (name != known) continue;
      event_.kind = kind;
      return {};
    }
    return fail_field(field("kind"), "{} must be user, session, key or request, found {}", field("kind"),
                      json::describe(value));
  }

  const WallTime now_;
  Random& random_;
  std::string path_;
  protocol::Event event_;
  protocol::Outcome outcome_;
};

}  // namespace

Result<std::vector<protocol::Event>> parse_events_request(std::string_view body, WallTime now, Random& random,
                                                          JsonParser& parser) {
  TROUPE_TRY(const json::Object object, json::parse_object(parser, body));
  EventReader reader(now, random);
  std::vector<protocol::Event> events;
  json::Element list;
  if (object.at_key("events").get(list) != simdjson::SUCCESS) {
    TROUPE_TRY(protocol::Event event, reader.read(object, ""));
    events.push_back(std::move(event));
    return events;
  }
  TROUPE_CHECK(json::for_each_field(object, "", [](std::string_view key, json::Element) -> Status {
    if (key == "events") return {};
    return json::unknown_key(key, "", {"events"});
  }));
  TROUPE_TRY(const json::Array array, json::as_array(list, "events"));
  if (array.size() == 0 || array.size() > events_of_request_max)
    return fail_field("events", "events must have 1 to {} entries, found {}", events_of_request_max, array.size());
  for (const json::Element element : array) {
    const std::string path = fmt::format("events[{}]", events.size());
    TROUPE_TRY(const json::Object one, json::as_object(element, path));
    TROUPE_TRY(protocol::Event event, reader.read(one, path));
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace troupe::gateway
