// Certificates for tests, made when they are needed: a small authority that issues what a test
// names, and files of it in a folder that goes away with the authority.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace outrider::test {

struct CertificateWish {
  std::vector<std::string> names;  ///< DNS names
  enum class Key { Ecdsa, Rsa } key = Key::Ecdsa;
  enum class Issuer { Authority, Itself } issuer = Issuer::Authority;
  enum class Age { Valid, Expired } age = Age::Valid;
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
  /// The authority's own certificate, as a client trusts it.
  std::string authority_file() const;
  /// A file of the folder with this content.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace outrider::test
