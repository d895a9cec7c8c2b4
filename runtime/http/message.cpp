#include "runtime/http/message.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/observe/text.hpp"

namespace troupe::http {
namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_without_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

}  // namespace

void Headers::add(std::string_view name, std::string_view value) {
  fields_.push_back(
      {static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()), static_cast<uint32_t>(value.size())});
  text_.append(name).append(value);
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (equal_without_case(this->name(i), name)) return value(i);
  }
  return std::nullopt;
}

std::string_view Headers::name(size_t index) const {
  const Field& field = fields_[index];
  return std::string_view(text_).substr(field.begin, field.name_bytes);
}

std::string_view Headers::value(size_t index) const {
  const Field& field = fields_[index];
  return std::string_view(text_).substr(field.begin + field.name_bytes, field.value_bytes);
}

void Headers::clear() noexcept {
  text_.clear();
  fields_.clear();
}

std::string_view HttpRequest::path() const noexcept {
  const std::string_view view = target;
  return view.substr(0, view.find('?'));
}

std::string_view HttpRequest::query() const noexcept {
  const std::string_view view = target;
  const size_t mark = view.find('?');
  return mark == std::string_view::npos ? std::string_view{} : view.substr(mark + 1);
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

std::shared_ptr<WebSocket> HttpResponder::upgrade(HeaderList, WebSocketEvents) {
  respond(426, "application/json", default_error_body(426, {}, "there is no WebSocket in the place of this answer"));
  return nullptr;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

std::string default_error_body(int status, std::string_view, std::string_view message) {
  constexpr size_t message_bytes_max = 4096;
  std::string body = R"({"error":{"message":)";
  observe::append_json_string(body, message, message_bytes_max);
  body += fmt::format(R"(,"type":"{}","param":null,"code":null}}}})",
                      status >= 500 ? "server_error" : "invalid_request_error");
  return body;
}

}  // namespace troupe::http
