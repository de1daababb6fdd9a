// Certificates for tests, made when they are needed: a small authority that issues what a test
// names, and files of it in a folder that goes away with the authority.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outrider::test {

/// A subject alternative name, octet by octet as it is written.
struct RawName {
  enum class Kind { Dns, Email, Address, Uri, Srv, SmtpUtf8 } kind = Kind::Dns;
  std::string bytes;
};

struct CertificateWish {
  std::vector<std::string> names;  ///< DNS names
  enum class Key { Ecdsa, Rsa } key = Key::Ecdsa;
  /// The certificate of an Intermediate is in the file, behind the leaf. A Constrained one, too,
  /// may not issue for example.com; a Lapsed one has expired.
  enum class Issuer {
    Authority,
    Intermediate,
    Constrained,
    Lapsed,
    Itself
  } issuer = Issuer::Authority;
  enum class Age { Valid, Ending, Expired } age = Age::Valid;  ///< 30 days, 5 days, or over
  bool must_staple = false;                                    ///< RFC 7633
  std::vector<RawName> raw_names;                              ///< instead of names
  std::string common_name;  ///< of the subject; empty: the first name
  bool common_name_is_bmp = false;
  std::vector<std::pair<std::string, std::string>> extensions;  ///< as openssl.cnf writes them
};

/// An OCSP response of an issuer.
struct StapleWish {
  enum class Status { Good, Revoked } status = Status::Good;
  enum class Age { Valid, Over } age = Age::Valid;
  bool by_another = false;  ///< signed by a key that is not the issuer's
};

class TestCa {
 public:
  TestCa();
  ~TestCa();

  struct Files {
    std::string certificate, key;
  };
  /// Makes a certificate and its key, as files.
  Files issue(const CertificateWish& wish);
  Files issue(std::string name) { return issue(CertificateWish{.names = {std::move(name)}}); }
  /// Puts another certificate and key where these are.
  void replace(const Files& files, const CertificateWish& wish);
  /// In DER, about a certificate of the Intermediate.
  std::string staple(const Files& about, const StapleWish& wish = {});
  /// The intermediate's certificate in PEM.
  std::string intermediate_pem() const;
  /// The authority's own certificate, as a client trusts it.
  std::string authority_file() const;
  /// A file of the folder with this content.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace outrider::test
