#include "storage/s3_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include "runtime/base/assert.hpp"
#include "storage/file_tree.hpp"
#include "storage/sha256.hpp"

namespace troupe::storage {
namespace {

constexpr Duration first_pause = std::chrono::milliseconds{200};
constexpr uint64_t answer_bytes_max = 4 << 20;  ///< Of listings and errors.
constexpr size_t pages_max = 1000;
constexpr uint64_t parts_max = 10'000;  ///< Of one object, says S3.

/// Nothing wakes it: a pause between two tries.
void pause(Duration length) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, length, [] { return false; });
}

struct CurlList {
  ~CurlList() { curl_slist_free_all(list); }
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
  curl_slist* list = nullptr;
};

bool is_passing(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct S3Client::Request {
  std::string method = "GET";
  std::string key;  ///< Empty: the bucket itself.
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  ///< Lower-case names.
  std::string_view body;
  uint64_t answer_max = answer_bytes_max;
};

struct S3Client::Answer {
  long status = 0;
  std::string body;
  std::string etag;
  uint64_t body_max = 0;
  bool is_too_long = false;
};

/// Keeps the connection for the next request.
struct S3Client::Handle {
  Handle() {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    TROUPE_ASSERT(curl != nullptr);
  }
  ~Handle() {
    curl_easy_cleanup(curl);
    curl_global_cleanup();
  }

  static size_t on_body(char* data, size_t size, size_t count, void* answer) {
    auto& to = *static_cast<Answer*>(answer);
    to.is_too_long = to.body.size() + size * count > to.body_max;
    if (to.is_too_long) return 0;
    to.body.append(data, size * count);
    return size * count;
  }
  static size_t on_header(char* data, size_t size, size_t count, void* answer) {
    const std::string_view line(data, size * count);
    constexpr std::string_view name = "etag:";
    const bool is_etag =
        line.size() > name.size() && std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
          return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
        });
    if (is_etag) {
      const size_t begin = line.find_first_not_of(" \t", name.size());
      const size_t end = line.find_last_not_of(" \t\r\n");
      if (begin != std::string_view::npos && begin <= end)
        static_cast<Answer*>(answer)->etag = line.substr(begin, end - begin + 1);
    }
    return size * count;
  }

  CURL* curl;
};

S3Client::S3Client(S3Options options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), handle_(std::make_unique<Handle>()) {}
S3Client::~S3Client() = default;

std::string S3Client::path_of(const std::string& key) const {
  const std::string bucket = options_.path_has_bucket ? "/" + options_.bucket : "";
  return bucket + "/" + (key.empty() ? "" : options_.prefix + key);
}

Result<S3Client::Answer> S3Client::exchange(const Request& request, std::string_view what) {
  const WallTime now = clock_.wall();
  SignedRequest to_sign{request.method, path_of(request.key), request.query, {}};
  to_sign.headers = request.headers;
  to_sign.headers["host"] = options_.host;
  to_sign.headers["x-amz-content-sha256"] = sha256_hex(request.body);
  to_sign.headers["x-amz-date"] = amz_date(now);
  if (!options_.credentials.session_token.empty())
    to_sign.headers["x-amz-security-token"] = options_.credentials.session_token;
  CurlList headers;
  for (const auto& [name, value] : to_sign.headers)
    if (name != "host") headers.add(name + ": " + value);
  headers.add("Authorization: " + aws_authorization(to_sign, options_.credentials, options_.region, now));
  headers.add("Expect:");
  headers.add("Content-Type:");

  const std::string query = canonical_query(request.query);
  const std::string url = fmt::format("{}://{}{}{}{}", options_.scheme, options_.host, uri_encode(to_sign.path, true),
                                      query.empty() ? "" : "?", query);
  Answer answer;
  answer.body_max = std::max(request.answer_max, answer_bytes_max);
  const auto seconds = [](Duration d) { return static_cast<long>(std::chrono::ceil<std::chrono::seconds>(d).count()); };
  CURL* const curl = handle_->curl;
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "PUT" || request.method == "POST") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Handle::on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Handle::on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, seconds(options_.connect_patience));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, seconds(options_.idle_patience));
  if (!options_.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, nullptr);
  if (answer.is_too_long)
    return fail(Errc::too_large, "the answer to {} has more than {} bytes", what, answer.body_max);
  if (code != CURLE_OK)
    return fail(is_passing(code) ? Errc::unavailable : Errc::io_error, "cannot {} at {}://{}: {}", what,
                options_.scheme, options_.host, curl_easy_strerror(code));
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  if (answer.status < 200 || answer.status > 299) return fail(s3_error(options_, what, answer.status, answer.body));
  return answer;
}

Result<S3Client::Answer> S3Client::ask(const Request& request, std::string_view what) {
  Duration wait = first_pause;
  for (uint32_t tries = 1;; ++tries, wait *= 2) {
    auto answer = exchange(request, what);
    if (answer || answer.error().code != Errc::unavailable || tries >= options_.tries) return answer;
    pause(wait);
  }
}

Result<std::vector<S3Object>> S3Client::list(const std::string& prefix) {
  std::vector<S3Object> objects;
  Request request;
  request.query = {{"list-type", "2"}, {"prefix", options_.prefix + prefix}};
  for (size_t page = 0; page < pages_max; ++page) {
    TROUPE_TRY(const Answer answer, ask(request, prefix.empty() ? "list the models" : "list " + prefix));
    TROUPE_TRY(S3Listing listing, parse_listing(answer.body));
    for (S3Object& object : listing.objects) {
      if (!object.key.starts_with(options_.prefix)) continue;
      object.key.erase(0, options_.prefix.size());
      objects.push_back(std::move(object));
    }
    if (listing.next.empty()) {
      std::ranges::sort(objects, {}, &S3Object::key);
      return objects;
    }
    request.query["continuation-token"] = listing.next;
  }
  return fail(Errc::too_large, "{} has more than {} pages of objects; give the models a prefix of their own",
              options_.url(), pages_max);
}

Result<std::string> S3Client::get(const std::string& key, ByteCount bytes_max) {
  Request request;
  request.key = key;
  request.answer_max = bytes_max.value;
  TROUPE_TRY(Answer answer, ask(request, "read " + key));
  if (answer.body.size() > bytes_max.value)
    return fail(Errc::too_large, "{} has more than {}", key, format_bytes(bytes_max));
  return std::move(answer.body);
}

Result<std::string> S3Client::get_range(const std::string& key, uint64_t offset, uint64_t size) {
  if (size == 0) return std::string();
  Request request;
  request.key = key;
  request.headers["range"] = fmt::format("bytes={}-{}", offset, offset + size - 1);
  request.answer_max = size;
  TROUPE_TRY(Answer answer, ask(request, "read " + key));
  if (answer.status != 206 || answer.body.size() != size)
    return fail(Errc::corrupt_data, "{} of {} came with {} bytes from byte {} on, not with {}", key, options_.url(),
                answer.body.size(), offset, size);
  return std::move(answer.body);
}

Status S3Client::put(const std::string& key, std::string_view bytes, bool is_new) {
  Request request;
  request.method = "PUT";
  request.key = key;
  request.body = bytes;
  if (is_new) request.headers["if-none-match"] = "*";
  TROUPE_TRY([[maybe_unused]] const Answer answer, ask(request, "write " + key));
  return {};
}

Status S3Client::put_file(const std::string& key, const std::filesystem::path& path) {
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (error) return fail(Errc::io_error, "cannot read {}: {}", path.string(), error.message());
  if (size > options_.part_bytes.value) return put_parts(key, path, size);
  TROUPE_TRY(const FileDescriptor file, open_regular(path));
  TROUPE_TRY(const std::string bytes, read_at(file, 0, static_cast<size_t>(size), path));
  return put(key, bytes);
}

Status S3Client::put_parts(const std::string& key, const std::filesystem::path& path, uint64_t size) {
  TROUPE_TRY(const FileDescriptor file, open_regular(path));
  Request request;
  request.method = "POST";
  request.key = key;
  request.query["uploads"] = "";
  TROUPE_TRY(const Answer begun, ask(request, "write " + key));
  const std::string upload = xml_text(begun.body, "UploadId").value_or("");
  if (upload.empty()) return fail(Errc::corrupt_data, "the server began to take {} and gave the upload no name", key);

  const auto send = [&]() -> Status {
    const uint64_t part = std::max(options_.part_bytes.value, (size + parts_max - 1) / parts_max);
    std::string parts;
    for (uint64_t offset = 0, number = 1; offset < size; offset += part, ++number) {
      TROUPE_TRY(const std::string bytes,
                 read_at(file, offset, static_cast<size_t>(std::min(part, size - offset)), path));
      TROUPE_TRY(const std::string etag, put_part(key, upload, number, bytes));
      parts += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, etag);
    }
    const std::string body = fmt::format("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts);
    request.query = {{"uploadId", upload}};
    request.body = body;
    TROUPE_TRY(const Answer done, ask(request, "write " + key));
    // This one may fail after it has said 200.
    if (xml_text(done.body, "Code")) return fail(s3_error(options_, "write " + key, 500, done.body));
    return {};
  };
  const Status sent = send();
  if (sent) return {};
  request.method = "DELETE";
  request.query = {{"uploadId", upload}};
  request.body = {};
  // What is left of it costs space alone; the failure before it is what matters.
  static_cast<void>(ask(request, "give up the upload of " + key));
  return sent;
}

Result<std::string> S3Client::put_part(const std::string& key, const std::string& upload, uint64_t number,
                                       std::string_view bytes) {
  Request request;
  request.method = "PUT";
  request.key = key;
  request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}};
  request.body = bytes;
  TROUPE_TRY(Answer answer, ask(request, "write " + key));
  if (answer.etag.empty()) return fail(Errc::corrupt_data, "the server took a part of {} without an ETag", key);
  return std::move(answer.etag);
}

Status S3Client::remove(const std::string& key) {
  Request request;
  request.method = "DELETE";
  request.key = key;
  const auto removed = ask(request, "remove " + key);
  if (!removed && removed.error().code != Errc::not_found) return fail(removed.error());
  return {};
}

}  // namespace troupe::storage
