#pragma once
// SHA-256 (FIPS 180-4) of a stream, as model manifests state it.

#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace troupe::storage {

class Sha256 {
 public:
  Sha256();

  void update(std::span<const std::byte> data);
  /// 64 lower-case hex digits of all that came. Ends the stream: call once.
  std::string hex();

 private:
  struct Release {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Release> context_;
};

/// Of one text, as Sha256::hex().
std::string sha256_hex(std::string_view text);

}  // namespace troupe::storage
