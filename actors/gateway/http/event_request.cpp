#include "actors/gateway/http/event_request.hpp"

#include <array>

#include "actors/gateway/http/json_reader.hpp"
#include "actors/gateway/reported_outcomes.hpp"

namespace troupe::gateway {
namespace {

constexpr std::array kinds{std::pair{"user", protocol::UnitKind::user},
                           std::pair{"session", protocol::UnitKind::session}, std::pair{"key", protocol::UnitKind::key},
                           std::pair{"request", protocol::UnitKind::request}};

/// Reads one event's JSON; what its values may be is not its business.
class EventReader {
 public:
  explicit EventReader(std::string path) : path_(std::move(path)) {}

  Result<protocol::ReportedOutcome> read(json::Object object) {
    TROUPE_CHECK(
        json::for_each_field(object, outcome_field(path_, ""),
                             [this](std::string_view key, json::Element value) -> Status { return take(key, value); }));
    if (!has_unit_) return missing("unit");
    if (!has_name_) return missing("name");
    return std::move(outcome_);
  }

 private:
  std::string field(std::string_view key) const { return outcome_field(path_, key); }
  tl::unexpected<Error> missing(std::string_view key) const {
    return fail_field(field(key), "{} is missing", field(key));
  }

  Status take(std::string_view key, json::Element value) {
    if (key == "unit") {
      has_unit_ = true;
      TROUPE_TRY(outcome_.unit, json::as_string(value, field(key)));
    } else if (key == "name") {
      has_name_ = true;
      TROUPE_TRY(outcome_.name, json::as_string(value, field(key)));
    } else if (key == "value") {
      TROUPE_TRY(outcome_.value, json::as_number(value, field(key), "a number"));
    } else if (key == "id") {
      TROUPE_TRY(outcome_.id, json::as_string(value, field(key)));
    } else if (key == "time") {
      TROUPE_TRY(outcome_.time, json::as_number(value, field(key), "Unix seconds"));
    } else if (key == "kind") {
      return take_kind(value);
    } else {
      return json::unknown_key(key, outcome_field(path_, ""), {"unit", "name", "value", "id", "time", "kind"});
    }
    return {};
  }

  Status take_kind(json::Element value) {
    TROUPE_TRY(const std::string_view name, json::as_string(value, field("kind")));
    for (const auto& [known, kind] : kinds) {
      if (name != known) continue;
      outcome_.kind = kind;
      return {};
    }
    return fail_field(field("kind"), "{} must be user, session, key or request, found {}", field("kind"),
                      json::describe(value));
  }

  const std::string path_;
  protocol::ReportedOutcome outcome_;
  bool has_unit_ = false;
  bool has_name_ = false;
};

}  // namespace

Result<std::vector<protocol::Event>> parse_events_request(std::string_view body, WallTime now, Random& random,
                                                          JsonParser& parser) {
  TROUPE_TRY(const json::Object object, json::parse_object(parser, body));
  std::vector<protocol::Event> events;
  const auto add = [&](json::Object one, const std::string& path) -> Status {
    TROUPE_TRY(protocol::ReportedOutcome outcome, EventReader(path).read(one));
    TROUPE_TRY(protocol::Event event, event_of(std::move(outcome), path, now, random));
    events.push_back(std::move(event));
    return {};
  };
  json::Element list;
  if (object.at_key("events").get(list) != simdjson::SUCCESS) {
    TROUPE_CHECK(add(object, ""));
    return events;
  }
  TROUPE_CHECK(json::for_each_field(object, "", [](std::string_view key, json::Element) -> Status {
    if (key == "events") return {};
    return json::unknown_key(key, "", {"events"});
  }));
  TROUPE_TRY(const json::Array array, json::as_array(list, "events"));
  TROUPE_CHECK(check_outcome_count(array.size()));
  events.reserve(array.size());
  for (const json::Element element : array) {
    const std::string path = outcome_path(events.size());
    TROUPE_TRY(const json::Object one, json::as_object(element, path));
    TROUPE_CHECK(add(one, path));
  }
  return events;
}

}  // namespace troupe::gateway
