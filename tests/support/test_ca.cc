#include "support/test_ca.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace outrider::test {
namespace {

struct Free {
  void operator()(X509* x) const { X509_free(x); }
  void operator()(EVP_PKEY* x) const { EVP_PKEY_free(x); }
  void operator()(X509_EXTENSION* x) const { X509_EXTENSION_free(x); }
  void operator()(OCSP_BASICRESP* x) const { OCSP_BASICRESP_free(x); }
  void operator()(OCSP_RESPONSE* x) const { OCSP_RESPONSE_free(x); }
  void operator()(OCSP_CERTID* x) const { OCSP_CERTID_free(x); }
  void operator()(ASN1_TIME* x) const { ASN1_TIME_free(x); }
};
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

void demand(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(std::string("test certificates: ") + what);
}

Key make_key(CertificateWish::Key kind) {
  Key key(kind == CertificateWish::Key::Rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  demand(key != nullptr, "key");
  return key;
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, Free> extension(
      X509V3_EXT_nconf_nid(nullptr, &context, kind, value.c_str()));
  demand(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

Certificate draft(EVP_PKEY* key, long serial, CertificateWish::Age age) {
  constexpr long day = 86400;
  Certificate made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -2 * day);
  const long days = age == CertificateWish::Age::Expired  ? -1
                    : age == CertificateWish::Age::Ending ? 5
                                                          : 30;
  // An hour more, so that a test finds whole days left.
  X509_gmtime_adj(X509_getm_notAfter(made.get()), days * day + 3600);
  X509_set_pubkey(made.get(), key);
  return made;
}

void name_subject(X509* certificate, const std::string& subject, bool is_bmp = false) {
  std::string wide;  // UCS-2, big-endian
  for (const char c : subject) wide += {'\0', c};
  const auto& bytes = is_bmp ? wide : subject;
  demand(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN",
                                    is_bmp ? V_ASN1_BMPSTRING : MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(bytes.data()),
                                    static_cast<int>(bytes.size()), -1, 0) == 1,
         "subject");
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  demand(X509_sign(certificate, key, EVP_sha256()) > 0, "signature");
}

// RFC 8398, RFC 4985: names that are of a type of their own.
GENERAL_NAME* other_name(const char* type, int string_type, const std::string& bytes) {
  ASN1_TYPE* value = ASN1_TYPE_new();
  ASN1_STRING* string = ASN1_STRING_type_new(string_type);
  ASN1_STRING_set(string, bytes.data(), static_cast<int>(bytes.size()));
  ASN1_TYPE_set(value, string_type, string);
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_othername(name, OBJ_txt2obj(type, 1), value);
  return name;
}

GENERAL_NAME* plain_name(int type, const std::string& bytes) {
  ASN1_STRING* string =
      type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_STRING_type_new(V_ASN1_IA5STRING);
  ASN1_STRING_set(string, bytes.data(), static_cast<int>(bytes.size()));
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, type, string);
  return name;
}

std::string address_bytes(const std::string& text) {
  unsigned char bytes[16];
  const bool v6 = text.contains(':');
  demand(::inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes) == 1, "address");
  return {reinterpret_cast<char*>(bytes), v6 ? 16u : 4u};
}

GENERAL_NAME* general_name(const RawName& raw) {
  switch (raw.kind) {
    case RawName::Kind::Dns: return plain_name(GEN_DNS, raw.bytes);
    case RawName::Kind::Email: return plain_name(GEN_EMAIL, raw.bytes);
    case RawName::Kind::Address: return plain_name(GEN_IPADD, address_bytes(raw.bytes));
    case RawName::Kind::Uri: return plain_name(GEN_URI, raw.bytes);
    case RawName::Kind::Srv: return other_name("1.3.6.1.5.5.7.8.7", V_ASN1_IA5STRING, raw.bytes);
    case RawName::Kind::SmtpUtf8:
      return other_name("1.3.6.1.5.5.7.8.9", V_ASN1_UTF8STRING, raw.bytes);
  }
  return nullptr;
}

void add_names(X509* certificate, const CertificateWish& wish) {
  std::vector<RawName> all = wish.raw_names;
  for (const auto& name : wish.names) all.push_back({.bytes = name});
  if (all.empty()) return;
  GENERAL_NAMES* names = GENERAL_NAMES_new();
  for (const auto& raw : all) sk_GENERAL_NAME_push(names, general_name(raw));
  const int added = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0);
  GENERAL_NAMES_free(names);
  demand(added == 1, "names");
}

template <class Write>
void write_pem(const std::string& path, Write write) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  demand(file != nullptr, "file");
  const bool written = write(file) == 1;
  demand(std::fclose(file) == 0 && written, "file");
}

std::filesystem::path make_folder() {
  auto pattern = (std::filesystem::temp_directory_path() / "outrider-ca-XXXXXX").string();
  demand(::mkdtemp(pattern.data()) != nullptr, "folder");
  return pattern;
}

}  // namespace

struct TestCa::State {
  struct Issuer {
    Key key = make_key(CertificateWish::Key::Ecdsa);
    Certificate certificate;
  };
  State();
  const Issuer& of(CertificateWish::Issuer which) const {
    if (which == CertificateWish::Issuer::Constrained) return constrained;
    if (which == CertificateWish::Issuer::Lapsed) return lapsed;
    return which == CertificateWish::Issuer::Intermediate ? intermediate : root;
  }
  void write_chain(const std::string& path, X509* leaf, X509* issuer) const;

  std::filesystem::path folder = make_folder();
  Issuer root, intermediate, constrained, lapsed;
  long serial = 0;
};

TestCa::State::State() {
  for (auto* issuer : {&root, &intermediate, &constrained, &lapsed}) {
    const bool is_root = issuer == &root;
    const auto age =
        issuer == &lapsed ? CertificateWish::Age::Expired : CertificateWish::Age::Valid;
    issuer->certificate = draft(issuer->key.get(), ++serial, age);
    auto* made = issuer->certificate.get();
    name_subject(made, is_root                   ? "Test Authority"
                       : issuer == &intermediate ? "Test Intermediate"
                       : issuer == &constrained  ? "Test Constrained"
                                                 : "Test Lapsed");
    if (issuer == &constrained)
      extend(made, made, NID_name_constraints, "excluded;DNS:example.com");
    extend(made, made, NID_basic_constraints, "critical,CA:TRUE");
    extend(made, made, NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature");
    sign(made, root.certificate.get(), root.key.get());
  }
}

void TestCa::State::write_chain(const std::string& path, X509* leaf, X509* issuer) const {
  write_pem(path, [&](FILE* file) {
    if (PEM_write_X509(file, leaf) != 1) return 0;
    const bool sent = issuer != leaf && issuer != root.certificate.get();
    return sent ? PEM_write_X509(file, issuer) : 1;
  });
}

TestCa::TestCa() : state_(std::make_unique<State>()) {
  auto* root = state_->root.certificate.get();
  write_pem(authority_file(), [root](FILE* file) { return PEM_write_X509(file, root); });
}

TestCa::~TestCa() {
  std::error_code ignored;
  std::filesystem::remove_all(state_->folder, ignored);
}

TestCa::Files TestCa::issue(const CertificateWish& wish) {
  const auto stem = (state_->folder / std::to_string(state_->serial + 1)).string();
  const Files files{stem + ".pem", stem + ".key"};
  replace(files, wish);
  return files;
}

void TestCa::replace(const Files& files, const CertificateWish& wish) {
  const auto key = make_key(wish.key);
  const auto leaf = draft(key.get(), ++state_->serial, wish.age);
  const auto usual = wish.names.empty() ? std::string("nameless") : wish.names.front();
  name_subject(leaf.get(), wish.common_name.empty() ? usual : wish.common_name,
               wish.common_name_is_bmp);
  const bool own = wish.issuer == CertificateWish::Issuer::Itself;
  const auto& issuer = state_->of(wish.issuer);
  auto* signer = own ? leaf.get() : issuer.certificate.get();
  add_names(leaf.get(), wish);
  if (wish.must_staple) extend(leaf.get(), signer, NID_tlsfeature, "status_request");
  for (const auto& [name, value] : wish.extensions)
    extend(leaf.get(), signer, OBJ_sn2nid(name.c_str()), value);
  sign(leaf.get(), signer, own ? key.get() : issuer.key.get());

  state_->write_chain(files.certificate, leaf.get(), signer);
  write_pem(files.key, [&](FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

std::string TestCa::staple(const Files& about, const StapleWish& wish) {
  std::FILE* file = std::fopen(about.certificate.c_str(), "r");
  demand(file != nullptr, "file");
  const Certificate leaf(PEM_read_X509(file, nullptr, nullptr, nullptr));
  std::fclose(file);
  constexpr long day = 86400;
  const long begin = wish.age == StapleWish::Age::Over ? -9 * day : -day;
  using TimePtr = std::unique_ptr<ASN1_TIME, Free>;
  const TimePtr from(X509_gmtime_adj(nullptr, begin)),
      next(X509_gmtime_adj(nullptr, begin + 7 * day));
  const auto& issuer = state_->intermediate;
  const std::unique_ptr<OCSP_CERTID, Free> id(
      OCSP_cert_to_id(EVP_sha1(), leaf.get(), issuer.certificate.get()));
  const std::unique_ptr<OCSP_BASICRESP, Free> basic(OCSP_BASICRESP_new());
  const bool revoked = wish.status == StapleWish::Status::Revoked;
  demand(OCSP_basic_add1_status(basic.get(), id.get(),
                                revoked ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD, 0,
                                revoked ? from.get() : nullptr, from.get(), next.get()) != nullptr,
         "status");
  const auto& signer = wish.by_another ? state_->root : issuer;
  demand(OCSP_basic_sign(basic.get(), signer.certificate.get(), signer.key.get(), EVP_sha256(),
                         nullptr, 0) == 1,
         "OCSP signature");
  const std::unique_ptr<OCSP_RESPONSE, Free> response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
  unsigned char* encoded = nullptr;
  const int size = i2d_OCSP_RESPONSE(response.get(), &encoded);
  demand(size > 0, "OCSP response");
  std::string bytes(reinterpret_cast<char*>(encoded), static_cast<std::size_t>(size));
  OPENSSL_free(encoded);
  return bytes;
}

std::string TestCa::intermediate_pem() const {
  const auto path = (state_->folder / "intermediate.pem").string();
  auto* made = state_->intermediate.certificate.get();
  write_pem(path, [made](FILE* file) { return PEM_write_X509(file, made); });
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string TestCa::authority_file() const { return (state_->folder / "root.pem").string(); }

std::string TestCa::write(std::string_view name, std::string_view content) const {
  const auto path = (state_->folder / name).string();
  std::ofstream(path) << content;
  return path;
}

}  // namespace outrider::test
