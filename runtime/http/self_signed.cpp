#include "runtime/http/self_signed.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <memory>

namespace troupe::http {
namespace {

constexpr std::chrono::hours lifetime{24 * 3650};
/// Clocks of clients may be behind.
constexpr std::chrono::hours head_start{24};

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

tl::unexpected<Error> failed(const char* step) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return fail(Errc::internal, "cannot make a certificate ({}): {}", step, text);
}

bool add_extension(X509& certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), X509_EXTENSION_free);
  return extension && X509_add_ext(&certificate, extension.get(), -1) == 1;
}

/// "DNS:localhost,IP:127.0.0.1"
std::string alternative_names(const std::vector<std::string>& hosts) {
  std::string names;
  for (const std::string& host : hosts) {
    boost::system::error_code not_an_address;
    boost::asio::ip::make_address(host, not_an_address);
    names += (names.empty() ? "" : ",") + std::string(not_an_address ? "DNS:" : "IP:") + host;
  }
  return names;
}

template <class Write>
std::string pem(Write write) {
  std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
  write(out.get());
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<size_t>(length)};
}

}  // namespace

Result<SelfSigned> make_self_signed(const std::vector<std::string>& hosts, WallTime now, uint64_t serial) {
  if (hosts.empty()) return fail(Errc::invalid_argument, "a certificate needs a host that it is for");
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  if (!key) return failed("key");
  const Certificate certificate(X509_new(), X509_free);
  const std::time_t begin = std::chrono::system_clock::to_time_t(now - head_start);
  const std::time_t end = std::chrono::system_clock::to_time_t(now + lifetime);
  X509_set_version(certificate.get(), 2);  // 2 is version 3.
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), begin);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), end);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto text = [](const std::string& value) { return reinterpret_cast<const unsigned char*>(value.c_str()); };
  X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, text("Troupe"), -1, -1, 0);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text(hosts.front()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  if (!add_extension(*certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(*certificate, NID_key_usage, "critical,digitalSignature,keyCertSign") ||
      !add_extension(*certificate, NID_ext_key_usage, "serverAuth") ||
      !add_extension(*certificate, NID_subject_alt_name, alternative_names(hosts)) ||
      !add_extension(*certificate, NID_subject_key_identifier, "hash"))
    return failed("extensions");
  if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) return failed("signature");
  return SelfSigned{pem([&](BIO* out) { PEM_write_bio_X509(out, certificate.get()); }), pem([&](BIO* out) {
                      PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
                    })};
}

}  // namespace troupe::http
