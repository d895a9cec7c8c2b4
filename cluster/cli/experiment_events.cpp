#include "cluster/cli/experiment_events.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

namespace troupe::cli {

using nlohmann::json;

namespace {

constexpr std::array columns{
    "time",      "kind", "slot",   "unit",  "revision",   "variant",        "segment",       "name",
    "value",     "id",   "served", "cause", "latency_ms", "first_token_ms", "prompt_tokens", "completion_tokens",
    "cache_hit", "cost"};
constexpr uint64_t page_events = 5000;

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

std::string cell(const json& event, const char* column) {
  const auto value = event.find(column);
  if (value == event.end() || value->is_null()) return {};
  return value->is_string() ? quoted(value->get<std::string>()) : value->dump();
}

/// Where there is an error, what is gone.
void warn_of_removal(const json& answer) {
  if (const json until = answer.value("removed_until", json()); until.is_string())
    std::cerr << fmt::format("troupe: raw events that came up to {} have been removed for their age\n",
                             until.get<std::string>());
}

Status write_pages(const AdminClient& admin, const std::string& name, std::ostream& out) {
  std::string cursor;
  out << event_csv_header();
  while (true) {
    TROUPE_TRY(const json page, admin.get(fmt::format("experiments/{}/events?limit={}{}", percent_encode(name),
                                                      page_events, cursor.empty() ? "" : "&after=" + cursor)));
    for (const json& event : page.value("events", json::array())) out << event_csv_line(event);
    if (!out) return fail(Errc::io_error, "the events cannot be written: {}", std::strerror(errno));
    const json next = page.value("next", json());
    if (next.is_string()) {
      cursor = next.get<std::string>();
      continue;
    }
    warn_of_removal(page);
    return {};
  }
}

}  // namespace

std::string event_csv_header() {
  std::string line;
  for (const char* const column : columns) line += (line.empty() ? "" : ",") + std::string(column);
  return line + "\r\n";
}

std::string event_csv_line(const json& event) {
  std::string line;
  for (size_t i = 0; i < columns.size(); ++i) line += (i == 0 ? "" : ",") + cell(event, columns[i]);
  return line + "\r\n";
}

Result<Exit> export_events(const AdminClient& admin, const std::string& name, const std::string& file) {
  if (file.empty()) {
    TROUPE_CHECK(write_pages(admin, name, std::cout));
    std::cout.flush();
    return Exit::ok;
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  if (!out) return fail(Errc::io_error, "{} cannot be written: {}", file, std::strerror(errno));
  TROUPE_CHECK(write_pages(admin, name, out));
  out.close();
  if (!out) return fail(Errc::io_error, "{} cannot be written: {}", file, std::strerror(errno));
  return Exit::ok;
}

Result<Exit> recount(const AdminClient& admin, const std::string& name, bool as_json) {
  json sum{{"events", 0}, {"rows", 0}, {"differing", 0}, {"differences", json::array()}, {"removed_until", nullptr}};
  bool reaches_back = true;
  uint64_t slots = 1;
  for (uint64_t slot = 0; slot < slots; ++slot) {
    TROUPE_TRY(const json said, admin.get(fmt::format("experiments/{}/recount?slot={}", percent_encode(name), slot)));
    slots = said.value("slots", uint64_t{0});
    for (const char* const number : {"events", "rows", "differing"})
      sum[number] = sum[number].get<uint64_t>() + said.value(number, uint64_t{0});
    for (const json& difference : said.value("differences", json::array())) sum["differences"].push_back(difference);
    reaches_back = reaches_back && said.value("reaches_back", false);
    sum["removed_until"] = said.value("removed_until", json());
  }
  const auto differing = sum["differing"].get<uint64_t>();
  sum["equal"] = differing == 0;
  sum["reaches_back"] = reaches_back;
  const Exit exit = !reaches_back ? Exit::inconclusive : differing == 0 ? Exit::ok : Exit::failed;
  if (as_json) {
    std::cout << sum.dump(2) << '\n';
    return exit;
  }
  std::cout << fmt::format("{} events counted again, {} rows of sums compared: {}\n", sum["events"].get<uint64_t>(),
                           sum["rows"].get<uint64_t>(),
                           differing == 0 ? "equal to the last bit" : fmt::format("{} differ", differing));
  if (!reaches_back) {
    warn_of_removal(sum);
    std::cout << "so that sums from before cannot be counted again\n";
    return exit;
  }
  for (const json& one : sum["differences"]) std::cout << "  " << one.dump() << '\n';
  return exit;
}

}  // namespace troupe::cli
