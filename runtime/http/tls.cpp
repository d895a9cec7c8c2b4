#include "runtime/http/tls.hpp"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>

namespace troupe::http {
namespace {

namespace ssl = boost::asio::ssl;

constexpr const char* certificate_option = "--tls-cert";
constexpr const char* key_option = "--tls-key";
/// For TLS 1.2; those of 1.3 are all sound. Forward secrecy and authenticated encryption only.
constexpr const char* ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

tl::unexpected<Error> unusable(const char* option, const std::filesystem::path& file, std::string_view why) {
  return fail(Error{Errc::failed_precondition, fmt::format("{} ({}): {}", file.string(), option, why), option, {}});
}

Result<Certificate> first_certificate(const std::filesystem::path& file) {
  std::unique_ptr<FILE, int (*)(FILE*)> in(std::fopen(file.c_str(), "rbe"), std::fclose);
  if (!in)
    return fail(Error{Errc::not_found,
                      fmt::format("{} ({}) cannot be read: {}", file.string(), certificate_option,
                                  std::error_code(errno, std::generic_category()).message()),
                      certificate_option,
                      {}});
  Certificate certificate(PEM_read_X509(in.get(), nullptr, nullptr, nullptr), X509_free);
  if (!certificate) return unusable(certificate_option, file, "this is no certificate in PEM form");
  return certificate;
}

WallTime wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

std::vector<std::string> hosts_of(X509& certificate) {
  std::vector<std::string> hosts;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int kind = 0;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind));
    const std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                            static_cast<size_t>(ASN1_STRING_length(value)));
    boost::asio::ip::address_v4::bytes_type v4;
    boost::asio::ip::address_v6::bytes_type v6;
    if (kind == GEN_DNS) {
      hosts.push_back(bytes);
    } else if (kind == GEN_IPADD && bytes.size() == v4.size()) {
      std::copy(bytes.begin(), bytes.end(), v4.begin());
      hosts.push_back(boost::asio::ip::make_address_v4(v4).to_string());
    } else if (kind == GEN_IPADD && bytes.size() == v6.size()) {
      std::copy(bytes.begin(), bytes.end(), v6.begin());
      hosts.push_back(boost::asio::ip::make_address_v6(v6).to_string());
    }
  }
  return hosts;
}

Status check_validity(const std::filesystem::path& file, const X509& certificate, WallTime now) {
  const WallTime begin = wall_time(X509_get0_notBefore(&certificate));
  const WallTime end = wall_time(X509_get0_notAfter(&certificate));
  if (now >= end) return unusable(certificate_option, file, "the certificate expired at " + to_iso8601(end));
  if (now < begin)
    return unusable(certificate_option, file, "the certificate is not valid before " + to_iso8601(begin));
  return {};
}

/// Of protocols that a client offers, "http/1.1" is the one spoken here. A client that offers others only is not
/// turned away: it may still fall back.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                    unsigned offered_length, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, ours, sizeof ours - 1, offered, offered_length) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Result<std::shared_ptr<ssl::context>> make_context(const TlsFiles& files, WallTime now) {
  TROUPE_TRY(const Certificate certificate, first_certificate(files.certificate));
  TROUPE_CHECK(check_validity(files.certificate, *certificate, now));
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_cipher_list(native, ciphers);
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  boost::system::error_code ec;
  context->use_certificate_chain_file(files.certificate.string(), ec);
  if (ec) return unusable(certificate_option, files.certificate, ec.message());
  std::error_code missing;
  if (!std::filesystem::exists(files.key, missing))
    return fail(
        Error{Errc::not_found, fmt::format("{} ({}) is not there", files.key.string(), key_option), key_option, {}});
  context->use_private_key_file(files.key.string(), ssl::context::pem, ec);
  if (ec) return unusable(key_option, files.key, "this is no private key in PEM form of " + files.certificate.string());
  if (SSL_CTX_check_private_key(native) != 1)
    return unusable(key_option, files.key, "this is not the key of " + files.certificate.string());
  return context;
}

}  // namespace

Result<std::shared_ptr<TlsCertificate>> TlsCertificate::load(TlsFiles files, WallTime wall, Renewed renewed) {
  std::shared_ptr<TlsCertificate> made(new TlsCertificate(std::move(files), std::move(renewed)));
  made->seen_ = made->stamp();
  TROUPE_TRY(made->context_, make_context(made->files_, wall));
  return made;
}

TlsCertificate::Stamp TlsCertificate::stamp() const {
  Stamp stamp;
  std::error_code ignored;
  stamp.certificate = std::filesystem::last_write_time(files_.certificate, ignored);
  stamp.key = std::filesystem::last_write_time(files_.key, ignored);
  stamp.certificate_bytes = std::filesystem::file_size(files_.certificate, ignored);
  stamp.key_bytes = std::filesystem::file_size(files_.key, ignored);
  return stamp;
}

std::shared_ptr<ssl::context> TlsCertificate::context(Time now, WallTime wall) {
  const std::lock_guard lock(mutex_);
  if (now - looked_ < look_every) return context_;
  looked_ = now;
  const Stamp present = stamp();
  if (present == seen_) return context_;
  seen_ = present;
  auto fresh = make_context(files_, wall);
  if (fresh) context_ = std::move(*fresh);
  if (renewed_) renewed_(fresh ? Status{} : fail(fresh.error()));
  return context_;
}

bool CertificateInfo::is_for(std::string_view host) const {
  return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

Result<CertificateInfo> read_certificate(const std::filesystem::path& file) {
  TROUPE_TRY(const Certificate certificate, first_certificate(file));
  CertificateInfo info;
  std::unique_ptr<BIO, int (*)(BIO*)> text(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate.get()), 0, XN_FLAG_ONELINE);
  char* characters = nullptr;
  const long length = BIO_get_mem_data(text.get(), &characters);
  info.subject.assign(characters, static_cast<size_t>(length));
  info.not_after = wall_time(X509_get0_notAfter(certificate.get()));
  info.is_self_signed =
      X509_NAME_cmp(X509_get_subject_name(certificate.get()), X509_get_issuer_name(certificate.get())) == 0;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned digest_length = 0;
  X509_digest(certificate.get(), EVP_sha256(), digest, &digest_length);
  for (unsigned i = 0; i < digest_length; ++i)
    info.sha256 += fmt::format("{}{:02X}", i == 0 ? "" : ":", static_cast<unsigned>(digest[i]));
  info.hosts = hosts_of(*certificate);
  return info;
}

}  // namespace troupe::http
