#pragma once
// S3Client: objects of a bucket over HTTP. Keys are relative to the prefix of the options. Everything here blocks on
// the network: never on a scheduler thread. One thread at a time.
//
// What a server or a connection refused in passing is tried again, with pauses of 0.2 s, doubling; what is left is
// unavailable. Other errors are s3_error()'s: permission_denied, failed_precondition, not_found, io_error.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/clock.hpp"
#include "storage/s3_answers.hpp"

namespace troupe::storage {

class S3Client {
 public:
  /// `clock` says the time that is signed, and must outlive this.
  S3Client(S3Options options, const Clock& clock);
  ~S3Client();
  S3Client(const S3Client&) = delete;
  S3Client& operator=(const S3Client&) = delete;

  const S3Options& options() const noexcept { return options_; }

  /// All objects whose keys begin with `prefix`, sorted. too_large for more than 1,000,000.
  Result<std::vector<S3Object>> list(const std::string& prefix);
  /// A whole object; too_large over `bytes_max`.
  Result<std::string> get(const std::string& key, ByteCount bytes_max);
  /// Its bytes [offset, offset + size), all of them: corrupt_data where fewer come.
  Result<std::string> get_range(const std::string& key, uint64_t offset, uint64_t size);
  /// `is_new`: already_exists where the key is there, at servers that know If-None-Match.
  Status put(const std::string& key, std::string_view bytes, bool is_new = false);
  /// One that is longer than options().part_bytes goes in parts of that size, one after the other.
  Status put_file(const std::string& key, const std::filesystem::path& path);
  /// Also where it is not there.
  Status remove(const std::string& key);

 private:
  struct Request;
  struct Answer;
  struct Handle;

  std::string path_of(const std::string& key) const;
  /// An answer of 2xx, or why there is none.
  Result<Answer> ask(const Request& request, std::string_view what);
  /// Once. unavailable: trying again may help.
  Result<Answer> exchange(const Request& request, std::string_view what);
  Status put_parts(const std::string& key, const std::filesystem::path& path, uint64_t size);
  Result<std::string> put_part(const std::string& key, const std::string& upload, uint64_t number,
                               std::string_view bytes);

  const S3Options options_;
  const Clock& clock_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace troupe::storage
