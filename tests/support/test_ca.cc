#include "support/test_ca.h"

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

Certificate draft(EVP_PKEY* key, long serial, const std::string& subject,
                  CertificateWish::Age age) {
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
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  return made;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  demand(X509_sign(certificate, key, EVP_sha256()) > 0, "signature");
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
    return which == CertificateWish::Issuer::Intermediate ? intermediate : root;
  }
  void write_chain(const std::string& path, X509* leaf, bool with_intermediate) const;

  std::filesystem::path folder = make_folder();
  Issuer root, intermediate;
  long serial = 2;
};

TestCa::State::State() {
  for (auto* issuer : {&root, &intermediate}) {
    const bool is_root = issuer == &root;
    issuer->certificate =
        draft(issuer->key.get(), is_root ? 1 : 2, is_root ? "Test Authority" : "Test Intermediate",
              CertificateWish::Age::Valid);
    auto* made = issuer->certificate.get();
    extend(made, made, NID_basic_constraints, "critical,CA:TRUE");
    extend(made, made, NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature");
    sign(made, root.certificate.get(), root.key.get());
  }
}

void TestCa::State::write_chain(const std::string& path, X509* leaf, bool with_intermediate) const {
  write_pem(path, [&](FILE* file) {
    if (PEM_write_X509(file, leaf) != 1) return 0;
    return with_intermediate ? PEM_write_X509(file, intermediate.certificate.get()) : 1;
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
  const auto subject = wish.names.empty() ? std::string("nameless") : wish.names.front();
  const auto leaf = draft(key.get(), ++state_->serial, subject, wish.age);
  std::string names;
  for (const auto& name : wish.names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
  const bool own = wish.issuer == CertificateWish::Issuer::Itself;
  const auto& issuer = state_->of(wish.issuer);
  auto* signer = own ? leaf.get() : issuer.certificate.get();
  if (!names.empty()) extend(leaf.get(), signer, NID_subject_alt_name, names);
  if (wish.must_staple) extend(leaf.get(), signer, NID_tlsfeature, "status_request");
  sign(leaf.get(), signer, own ? key.get() : issuer.key.get());

  state_->write_chain(files.certificate, leaf.get(),
                      wish.issuer == CertificateWish::Issuer::Intermediate);
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
