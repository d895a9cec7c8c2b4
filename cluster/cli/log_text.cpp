#include "cluster/cli/log_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace troupe::cli {

using nlohmann::json;

std::vector<ShownLine> lines_of(size_t log, const json& page) {
  std::vector<ShownLine> lines;
  const auto found = page.find("lines");
  if (found == page.end() || !found->is_array()) return lines;
  for (const json& row : *found) {
    ShownLine& line = lines.emplace_back();
    line.log = log;
    line.time = row.value("time", "");
    line.text = row.value("text", "");
  }
  if (lines.empty()) return lines;
  lines.front().continues = page.value("continues", false);
  lines.back().is_open = page.value("open", false);
  return lines;
}

void sort_by_time(std::vector<ShownLine>& lines) {
  std::vector<std::pair<std::string, ShownLine>> timed;
  std::vector<std::string> last;
  for (ShownLine& line : lines) {
    if (line.log >= last.size()) last.resize(line.log + 1);
    if (!line.time.empty()) last[line.log] = std::max(last[line.log], line.time);
    timed.emplace_back(last[line.log], std::move(line));
  }
  std::ranges::stable_sort(timed, {}, &std::pair<std::string, ShownLine>::first);
  std::ranges::transform(timed, lines.begin(), [](auto& one) { return std::move(one.second); });
}

std::string LogText::as_json(const ShownLog& log, const ShownLine& line) const {
  json row{{"node", log.node}, {"text", line.text}};
  if (!log.replica.empty()) {
    row["replica"] = log.replica;
    row["deployment"] = log.deployment;
    row["model"] = log.model;
  }
  if (!line.time.empty()) row["time"] = line.time;
  if (line.continues) row["continues"] = true;
  if (line.is_open) row["open"] = true;
  return row.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string LogText::write(const std::vector<ShownLog>& logs, const ShownLine& line) {
  const ShownLog& log = logs[line.log];
  if (style_.json) return as_json(log, line);
  std::string out;
  const bool goes_on = is_open_ && open_log_ == line.log && line.continues;
  if (!goes_on) {
    out = end();
    if (logs.size() > 1)
      out += log.replica.empty() ? fmt::format("[{}] ", log.node) : fmt::format("[{} {}] ", log.node, log.replica);
    const bool shows_time = line.text.find(line.time) != std::string::npos;
    if (style_.timestamps && !shows_time) out += line.time + ' ';
  }
  out += printable(line.text);
  is_open_ = line.is_open;
  open_log_ = line.log;
  if (!is_open_) out += '\n';
  return out;
}

std::string LogText::end() {
  return std::exchange(is_open_, false) ? "\n" : "";
}

std::string printable(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if ((byte < 0x20 && byte != '\t') || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {  // U+0080 to U+009F
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", next);
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace troupe::cli
