#pragma once
// AdminClient: the head's admin API as the verbs use it. docs/admin-api.md describes it.

#include <nlohmann/json.hpp>
#include <string>

#include "cluster/cli/flags.hpp"
#include "cluster/cli/http_call.hpp"

namespace troupe::cli {

class AdminClient {
 public:
  /// Finds address and key as the flags say. Makes no connection.
  static Result<AdminClient> make(const AdminFlags& flags);

  /// `what` is what comes after /api/v1/. Errors are the head's own; or unavailable with field "address" where nobody
  /// answers: the message says where the address came from and what to do.
  Result<nlohmann::json> get(const std::string& what) const;
  Result<nlohmann::json> post(const std::string& what, const std::string& body, const std::string& content_type,
                              const std::string& file_name = {}) const;
  Result<nlohmann::json> put(const std::string& what, std::string body, const std::string& content_type) const;
  Result<nlohmann::json> remove(const std::string& what) const;
  /// What is no JSON.
  Result<std::string> get_bytes(const std::string& what) const;

  /// The head is on this machine: its address is of loopback.
  bool is_local() const;

  /// "http://127.0.0.1:8265"
  std::string url() const { return at_.url(); }

 private:
  AdminClient(HostPort at, std::string origin, std::string key, Duration timeout)
      : at_(std::move(at)), origin_(std::move(origin)), key_(std::move(key)), timeout_(timeout) {}

  Result<std::string> exchange(const char* method, const std::string& what, std::string body,
                               std::vector<std::pair<std::string, std::string>> headers) const;
  Result<nlohmann::json> call(const char* method, const std::string& what, std::string body,
                              std::vector<std::pair<std::string, std::string>> headers) const;

  HostPort at_;
  std::string origin_;  ///< Where the address is from, for messages.
  std::string key_;
  Duration timeout_;
};

/// For a segment of a path or a value of a query.
std::string percent_encode(std::string_view text);

/// The Error in an answer of `status`: {"error":{"code":…,"message":…}}, or what can be made of anything else.
Error error_of(unsigned status, const std::string& body);

}  // namespace troupe::cli
