#include "support/test_ca.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace outrider::test {
namespace {

struct Free {
  void operator()(X509* x) const { X509_free(x); }
  void operator()(EVP_PKEY* x) const { EVP_PKEY_free(x); }
  void operator()(X509_EXTENSION* x) const { X509_EXTENSION_free(x); }
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
  X509_gmtime_adj(X509_getm_notAfter(made.get()),
                  age == CertificateWish::Age::Expired ? -day : 30 * day);
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
  std::filesystem::path folder = make_folder();
  Key key = make_key(CertificateWish::Key::Ecdsa);
  Certificate root = draft(key.get(), 1, "Test Authority", CertificateWish::Age::Valid);
  long serial = 1;
};

TestCa::TestCa() : state_(std::make_unique<State>()) {
  auto* root = state_->root.get();
  extend(root, root, NID_basic_constraints, "critical,CA:TRUE");
  extend(root, root, NID_key_usage, "critical,keyCertSign,cRLSign");
  sign(root, root, state_->key.get());
  write_pem(authority_file(), [root](FILE* file) { return PEM_write_X509(file, root); });
}

TestCa::~TestCa() {
  std::error_code ignored;
  std::filesystem::remove_all(state_->folder, ignored);
}

TestCa::Files TestCa::issue(const CertificateWish& wish) {
  const auto key = make_key(wish.key);
  const auto subject = wish.names.empty() ? std::string("nameless") : wish.names.front();
  const auto leaf = draft(key.get(), ++state_->serial, subject, wish.age);
  std::string names;
  for (const auto& name : wish.names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
  const bool own = wish.issuer == CertificateWish::Issuer::Itself;
  auto* issuer = own ? leaf.get() : state_->root.get();
  if (!names.empty()) extend(leaf.get(), issuer, NID_subject_alt_name, names);
  sign(leaf.get(), issuer, own ? key.get() : state_->key.get());

  const auto stem = (state_->folder / std::to_string(state_->serial)).string();
  Files files{stem + ".pem", stem + ".key"};
  write_pem(files.certificate, [&](FILE* file) { return PEM_write_X509(file, leaf.get()); });
  write_pem(files.key, [&](FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return files;
}

std::string TestCa::authority_file() const { return (state_->folder / "root.pem").string(); }

std::string TestCa::write(std::string_view name, std::string_view content) const {
  const auto path = (state_->folder / name).string();
  std::ofstream(path) << content;
  return path;
}

}  // namespace outrider::test
