// What source and sink settle about TLS, each alone: where they do not agree there is no session.
// Covers: bench/sink.cc bench/giver.cc bench/taker.cc
#include <gmock/gmock.h>

#include "outrider/bench/sink.h"
#include "outrider/bench/source.h"
#include "support/test_ca.h"

namespace outrider::bench {
namespace {

using testing::HasSubstr;

class BenchTls : public testing::Test {
 protected:
  BenchTls() {
    taking_.address = *net::ListenAddress::parse("127.0.0.1:0");
    taking_.smtp.hostname = "sink.test";
    const auto files = ca_.issue("mx.test");
    taking_.key = tls::KeyPair{files.certificate, files.key};
    giving_.tls = TlsWish::StartTls;
    giving_.pattern = Pattern::Greet;
    giving_.count = 4;
    giving_.sessions = 1;
  }

  SourceResult greet() {
    auto sink = Sink::start(taking_);
    EXPECT_TRUE(sink) << sink.error().text();
    giving_.server = std::get<Endpoint>((*sink)->address().where);
    auto result = run_source(giving_, [](const SourceResult&) {});
    EXPECT_TRUE(result) << result.error().text();
    counts_ = (*sink)->counts();
    return std::move(*result);
  }
  std::uint64_t secured() { return greet().connections; }

  test::TestCa ca_;
  SinkOptions taking_;
  SourceOptions giving_;
  SinkCounts counts_;
};

TEST_F(BenchTls, VersionsAreThoseOfBoth) {
  taking_.parameters.least = tls::Version::Tls13;
  giving_.tls_options.parameters.most = tls::Version::Tls12;
  EXPECT_EQ(secured(), 0U);
  giving_.tls_options.parameters.most = tls::Version::Tls13;
  EXPECT_EQ(secured(), 4U);
}

TEST_F(BenchTls, GroupsAreThoseOfBoth) {
  taking_.parameters.groups = "P-384";
  giving_.tls_options.parameters.groups = "X25519";
  EXPECT_EQ(secured(), 0U);
  giving_.tls_options.parameters.groups = "X25519:P-384";
  EXPECT_EQ(secured(), 4U);
}

TEST_F(BenchTls, CiphersAreThoseOfBoth) {
  taking_.parameters.most = tls::Version::Tls12;
  taking_.parameters.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  giving_.tls_options.parameters.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
  EXPECT_EQ(secured(), 0U);
  giving_.tls_options.parameters.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  EXPECT_EQ(secured(), 4U);
}

TEST_F(BenchTls, SuitesAreThoseOfBoth) {
  taking_.parameters.least = tls::Version::Tls13;
  taking_.parameters.suites = "TLS_AES_128_GCM_SHA256";
  giving_.tls_options.parameters.suites = "TLS_AES_256_GCM_SHA384";
  EXPECT_EQ(secured(), 0U);
  giving_.tls_options.parameters.suites = "TLS_AES_128_GCM_SHA256";
  EXPECT_EQ(secured(), 4U);
}

TEST_F(BenchTls, WithoutTicketsNothingIsResumed) {
  giving_.resume = true;
  EXPECT_EQ(greet().resumed, 3U);
  taking_.parameters.tickets = false;
  EXPECT_EQ(greet().resumed, 0U);
  EXPECT_EQ(counts_.secured, 4U);
}

TEST_F(BenchTls, TheServersNameIsVerified) {
  giving_.verify = true;
  giving_.tls_options.ca_file = ca_.authority_file();
  giving_.host = "mx.test";
  EXPECT_EQ(secured(), 4U);
  giving_.resume = true;
  EXPECT_EQ(greet().resumed, 3U);
  giving_.host = "other.test";
  const SourceResult result = greet();
  EXPECT_EQ(result.connections, 0U);
  EXPECT_EQ(result.unanswered, 4U);
  EXPECT_THAT(result.first_error, HasSubstr("ostname mismatch"));
}

TEST_F(BenchTls, TheServersAuthorityIsVerified) {
  const test::TestCa other;
  giving_.host = "mx.test";
  giving_.tls_options.ca_file = other.authority_file();
  EXPECT_EQ(secured(), 4U) << "nobody looks";
  giving_.verify = true;
  const SourceResult result = greet();
  EXPECT_EQ(result.unanswered, 4U);
  EXPECT_THAT(result.first_error, HasSubstr("certificate signature failure"));
}

TEST_F(BenchTls, AClientsCertificateIsShownToASinkThatAsks) {
  taking_.client_ca_file = ca_.authority_file();
  greet();
  EXPECT_EQ(counts_.secured, 4U);
  EXPECT_EQ(counts_.verified, 0U);
  const auto files = ca_.issue("client.test");
  giving_.tls_options.key = tls::KeyPair{files.certificate, files.key};
  greet();
  EXPECT_EQ(counts_.verified, 4U);
  taking_.client_ca_file.clear();
  greet();
  EXPECT_EQ(counts_.verified, 0U);
}

}  // namespace
}  // namespace outrider::bench
