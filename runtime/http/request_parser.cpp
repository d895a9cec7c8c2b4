#include "runtime/http/request_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>

#include "runtime/base/units.hpp"
#include "runtime/http/chunked_decoder.hpp"

namespace troupe::http {
namespace {

namespace beast = boost::beast;
using BeastView = beast::string_view;

std::string_view to_std(BeastView view) noexcept {
  return {view.data(), view.size()};
}

/// Writes a request's head into an HttpRequest as Beast finds its pieces. Bodies are left to us.
class HeadParser final : public beast::http::basic_parser<true> {
 public:
  HeadParser(HttpRequest& request, size_t header_bytes_max, size_t fields_max)
      : request_(request), fields_max_(fields_max) {
    skip(true);
    header_limit(static_cast<uint32_t>(header_bytes_max));
  }

  bool expects_continue = false;
  bool is_http_1_1 = false;
  bool lacks_host = false;
  bool has_too_many_fields = false;

 private:
  void on_request_impl(beast::http::verb, BeastView method, BeastView target, int version,
                       beast::error_code&) override {
    request_.method = to_std(method);
    request_.target = to_std(target);
    is_http_1_1 = version >= 11;
  }
  void on_field_impl(beast::http::field field, BeastView name, BeastView value, beast::error_code& ec) override {
    if (field == beast::http::field::transfer_encoding && !beast::iequals(value, "chunked")) {
      // Beast would read such a request as one without a body, and its body as the next request.
      ec = beast::http::error::bad_transfer_encoding;
      return;
    }
    if (request_.headers.size() >= fields_max_) {
      has_too_many_fields = true;
      ec = beast::http::error::header_limit;
      return;
    }
    if (field == beast::http::field::expect && beast::iequals(value, "100-continue")) expects_continue = true;
    if (field == beast::http::field::host) ++hosts_;
    request_.headers.add(to_std(name), to_std(value));
  }
  void on_header_impl(beast::error_code& ec) override {
    lacks_host = hosts_ > 1 || (hosts_ == 0 && is_http_1_1);
    if (lacks_host) ec = beast::http::error::bad_field;
  }

  // None of these comes to pass: it is no response, and its body is skipped.
  void on_response_impl(int, BeastView, int, beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, beast::error_code&) override {}
  size_t on_body_impl(BeastView, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(uint64_t, BeastView, beast::error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, BeastView, beast::error_code&) override { return 0; }
  void on_finish_impl(beast::error_code&) override {}

  HttpRequest& request_;
  const size_t fields_max_;
  int hosts_ = 0;
};

}  // namespace

struct RequestParser::Impl {
  size_t header_bytes_max;
  size_t body_bytes_max;
  size_t header_fields_max;
  HttpRequest* request = nullptr;
  size_t header_bytes = 0;
  uint64_t body_bytes_left = 0;  ///< Of a body whose length the header told.
  std::optional<HeadParser> head = std::nullopt;
  std::optional<ChunkedDecoder> chunks = std::nullopt;

  static ParseOutcome fail(size_t consumed, int status, std::string text, Cut cut = Cut::malformed) {
    return {consumed, ParseState::failed, status, std::move(text), cut};
  }
  ParseOutcome header_too_large(size_t consumed) const {
    return fail(consumed, 431, fmt::format("the request's header is larger than {}", format_bytes({header_bytes_max})),
                Cut::header_large);
  }
  ParseOutcome body_too_large(size_t consumed) const {
    return fail(consumed, 413, fmt::format("the request's body is larger than {}", format_bytes({body_bytes_max})),
                Cut::body_large);
  }
  ParseOutcome explain(size_t consumed, const beast::error_code& ec) const;

  ParseOutcome feed_head(std::string_view bytes);
  ParseOutcome begin_body(std::string_view bytes, size_t consumed);
  ParseOutcome feed_body(std::string_view bytes, size_t consumed);
  void make_room(size_t count);
};

ParseOutcome RequestParser::Impl::explain(size_t consumed, const beast::error_code& ec) const {
  using beast::http::error;
  if (head->has_too_many_fields) {
    return fail(consumed, 431, fmt::format("the request's header has more than {} fields", header_fields_max),
                Cut::header_large);
  }
  if (ec == error::header_limit || ec == error::buffer_overflow) return header_too_large(consumed);
  if (ec == error::bad_version) return fail(consumed, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  if (ec == error::bad_transfer_encoding) {
    return fail(consumed, 501, "the only transfer-encoding known is chunked, without a content-length beside it");
  }
  if (head->lacks_host) return fail(consumed, 400, "an HTTP/1.1 request needs exactly one host field");
  return fail(consumed, 400, fmt::format("this is not valid HTTP: {}", ec.message()));
}

ParseOutcome RequestParser::Impl::feed_head(std::string_view bytes) {
  size_t consumed = 0;
  if (!head->got_some()) {  // RFC 9112, 2.2: an empty line before a request is forgiven.
    while (consumed < bytes.size() && (bytes[consumed] == '\r' || bytes[consumed] == '\n')) ++consumed;
    if (consumed == bytes.size()) return {consumed, ParseState::header};
  }
  beast::error_code ec;
  const size_t taken = head->put(boost::asio::buffer(bytes.data() + consumed, bytes.size() - consumed), ec);
  consumed += taken;
  if (ec && ec != beast::http::error::need_more) return explain(consumed, ec);
  header_bytes += taken;
  if (head->is_done())
    return header_bytes > header_bytes_max ? header_too_large(consumed) : begin_body(bytes, consumed);
  if (header_bytes + (bytes.size() - consumed) >= header_bytes_max) return header_too_large(consumed);
  return {consumed, ParseState::header};
}

ParseOutcome RequestParser::Impl::begin_body(std::string_view bytes, size_t consumed) {
  if (head->chunked()) {
    chunks.emplace(body_bytes_max, header_bytes_max);
  } else {
    body_bytes_left = head->content_length().value_or(0);
    if (body_bytes_left > body_bytes_max) return body_too_large(consumed);
  }
  return feed_body(bytes, consumed);
}

/// Room for `count` bytes of a body of known length. Memory for all of it is taken at once where that is little, else
/// once some of it has come: what is merely announced costs nobody anything.
void RequestParser::Impl::make_room(size_t count) {
  constexpr size_t bytes_believed = 1 << 20;
  std::string& body = request->body;
  if (body.capacity() - body.size() >= count) return;
  const size_t whole = body.size() + static_cast<size_t>(body_bytes_left);
  body.reserve(body.size() + count < bytes_believed ? std::min(whole, bytes_believed) : whole);
}

ParseOutcome RequestParser::Impl::feed_body(std::string_view bytes, size_t consumed) {
  const std::string_view rest = bytes.substr(consumed);
  if (!chunks) {
    const size_t count = static_cast<size_t>(std::min<uint64_t>(body_bytes_left, rest.size()));
    make_room(count);
    request->body.append(rest.substr(0, count));
    body_bytes_left -= count;
    return {consumed + count, body_bytes_left == 0 ? ParseState::done : ParseState::body};
  }
  consumed += chunks->feed(rest, request->body);
  switch (chunks->progress()) {
    case ChunkedDecoder::Progress::more:
      return {consumed, ParseState::body};
    case ChunkedDecoder::Progress::done:
      return {consumed, ParseState::done};
    case ChunkedDecoder::Progress::too_large:
      return body_too_large(consumed);
    case ChunkedDecoder::Progress::too_small:
      return fail(consumed, 400,
                  fmt::format("the body comes in more than {} chunks of fewer than {} bytes each; send larger ones",
                              ChunkedDecoder::chunks_free, ChunkedDecoder::chunk_bytes_min),
                  Cut::chunks_small);
    case ChunkedDecoder::Progress::malformed:
      break;
  }
  return fail(consumed, 400, "this is not valid HTTP: a chunk of the body is malformed");
}

RequestParser::RequestParser(size_t header_bytes_max, size_t body_bytes_max, size_t header_fields_max)
    : impl_(std::make_unique<Impl>(Impl{header_bytes_max, body_bytes_max, header_fields_max})) {}
RequestParser::~RequestParser() = default;

void RequestParser::begin(HttpRequest& request) {
  request.method.clear();
  request.target.clear();
  request.headers.clear();
  constexpr size_t body_capacity_kept = 256 << 10;  // One large body must not tie memory to an idle connection.
  if (request.body.capacity() > body_capacity_kept) request.body = {};
  request.body.clear();
  impl_->request = &request;
  impl_->header_bytes = 0;
  impl_->body_bytes_left = 0;
  impl_->chunks.reset();
  impl_->head.emplace(request, impl_->header_bytes_max, impl_->header_fields_max);
}

ParseOutcome RequestParser::feed(std::string_view bytes) {
  return impl_->head->is_done() ? impl_->feed_body(bytes, 0) : impl_->feed_head(bytes);
}

bool RequestParser::has_begun() const noexcept {
  return impl_->head->got_some();
}
bool RequestParser::keep_alive() const noexcept {
  return impl_->head->keep_alive();
}
bool RequestParser::is_http_1_1() const noexcept {
  return impl_->head->is_http_1_1;
}
bool RequestParser::expects_continue() const noexcept {
  return impl_->head->expects_continue;
}

}  // namespace troupe::http
