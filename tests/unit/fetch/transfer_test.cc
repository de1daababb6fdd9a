// What servers do wrong. Covers: fetch/transfer_outcome.cc
#include "outrider/fetch/transfer.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "support/vectors.h"
#include "world.h"

namespace outrider::fetch {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A server and what comes of it; nothing: the body is used.
struct Case {
  HttpsServer::Script script;
  std::optional<Fault> fault;
  std::string rule;
  test::CertificateWish wish = {.names = {host}};
  HttpsServer::Options of_server = {};
};

std::string policy() { return "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n"; }
HttpsServer::Script good() { return says(http_response("200 OK", "text/plain", policy())); }
HttpsServer::Script answers(std::string status, std::string more = "") {
  return says("HTTP/1.1 " + status + "\r\n" + more + "Content-Length: 0\r\n\r\n");
}
HttpsServer::Script with_header(std::string fields, std::string body) {
  return says("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + fields + "\r\n" + body);
}

// One by one until the client has gone: nothing here ends by itself.
HttpsServer::Script drips(std::string begin, std::string part, std::chrono::milliseconds pause) {
  return [=](Talk& talk) {
    talk.send(begin);
    while (talk.send(part) && talk.pause(pause)) {
    }
  };
}

test::CertificateWish wish(std::vector<std::string> names) { return {.names = std::move(names)}; }
test::CertificateWish issued_by(test::CertificateWish::Issuer issuer) {
  return {.names = {host}, .issuer = issuer};
}

using Cases = std::map<std::string, Case>;

Cases statuses() {
  const std::string elsewhere = "Location: https://elsewhere.example/\r\n";
  const std::string itself = fmt::format("Location: https://{}/.well-known/mta-sts.txt\r\n", host);
  return {
      {"fetch-200", {good(), {}, ""}},
      {"fetch-200-charset",
       {says(http_response("200 OK", "text/plain; charset=utf-8", policy())), {}, ""}},
      {"fetch-200-html",
       {says(http_response("200 OK", "text/html", policy())), Fault::Content,
        "\"text/html\" came"}},
      {"fetch-200-none",
       {says("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), Fault::Content, "\"\" came"}},
      {"fetch-301", {answers("301 Moved", elsewhere), Fault::Status, "HTTP status 301"}},
      {"fetch-302-self", {answers("302 Found", itself), Fault::Status, "HTTP status 302"}},
      {"fetch-304", {answers("304 Not Modified"), Fault::Status, "HTTP status 304"}},
      {"fetch-404", {answers("404 Not Found"), Fault::Status, "HTTP status 404"}},
      {"fetch-500", {answers("500 Error"), Fault::Status, "HTTP status 500"}},
      {"fetch-redirect-http",
       {answers("301 Moved", "Location: http://mta-sts.example.com/\r\n"), Fault::Status, "301"}},
      {"404-with-endless-body",
       {drips("HTTP/1.1 404 No\r\n\r\n", std::string(10000, 'x'), 0ms), Fault::Status, "404"}},
      {"404-of-great-length",
       {says("HTTP/1.1 404 No\r\nContent-Length: 99999999\r\n\r\n"), Fault::Status, "404"}},
      {"fetch-100-continue",
       {says("HTTP/1.1 100 Continue\r\n\r\n" + http_response("200 OK", "text/plain", policy())),
        {},
        ""}},
      {"fetch-cookie", {with_header("Set-Cookie: a=b\r\nContent-Length: 1\r\n", "x"), {}, ""}},
  };
}

Cases certificates() {
  using Issuer = test::CertificateWish::Issuer;
  using Age = test::CertificateWish::Age;
  const auto refused = Fault::Certificate;
  const test::CertificateWish expired{.names = {host}, .age = Age::Expired};
  const test::CertificateWish by_common_name{.common_name = host};
  const test::CertificateWish by_email{
      .raw_names = {{test::RawName::Kind::Email, "postmaster@example.com"}}, .common_name = host};
  return {
      {"fetch-cert-selfsigned", {good(), refused, "self-signed", issued_by(Issuer::Itself)}},
      {"fetch-cert-expired", {good(), refused, "expired", expired}},
      {"fetch-cert-wildcard", {good(), {}, "", wish({"*.example.com"})}},
      {"fetch-cert-cn-only", {good(), refused, "no DNS name", by_common_name}},
      {"fetch-cert-cn-and-email", {good(), refused, "no DNS name", by_email}},
      {"fetch-cert-mx-name", {good(), refused, "name", wish({"mx1.example.com"})}},
      {"wildcard-of-two-labels", {good(), refused, "name", wish({"*.com"})}},
      {"intermediate-expired", {good(), refused, "expired", issued_by(Issuer::Lapsed)}},
      {"intermediate-sent", {good(), {}, "", issued_by(Issuer::Intermediate)}},
      {"old-tls", {good(), Fault::Handshake, "", wish({host}), {.only_tls_1_1 = true}}},
      {"fetch-h2", {good(), Fault::Handshake, "", wish({host}), {.alpn = "h2"}}},
  };
}

HttpsServer::Script broken_off(std::string bytes) {
  return [=](Talk& talk) {
    talk.send(bytes);
    talk.break_off();
  };
}

Cases contents() {
  const auto bad = Fault::Content;
  const std::string bomb = "\x1f\x8b" + std::string(60000, 'z');
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  return {
      {"fetch-gzip", {with_header("Content-Encoding: gzip\r\n", "\x1f\x8b"), bad, "\"gzip\""}},
      {"fetch-gzip-bomb", {with_header("Content-Encoding: gzip\r\n", bomb), bad, "\"gzip\""}},
      {"identity-coding",
       {with_header("Content-Encoding: identity\r\nContent-Length: 1\r\n", "x"), {}, ""}},
      {"chunked", {says(chunked + "3\r\nmod\r\n2;x=y\r\ne:\r\n0\r\n\r\n"), {}, ""}},
      {"chunked-broken", {says(chunked + "zz\r\n"), bad, ""}},
      {"chunked-cut", {says(chunked + "3\r\nmod\r\n"), bad, ""}},
      {"fetch-chunked-endless",
       {drips(chunked, "1000\r\n" + std::string(4096, 'x') + "\r\n", 0ms), bad, "65536 bytes"}},
      {"fetch-cl-huge",
       {with_header("Content-Length: 9223372036854775808\r\n", policy()), bad, ""}},
      {"fetch-cl-neg", {with_header("Content-Length: -1\r\n", policy()), bad, ""}},
      {"fetch-cl-short", {with_header("Content-Length: 10\r\n", std::string(200, 'x')), {}, ""}},
      {"64-kib", {with_header("Content-Length: 65536\r\n", std::string(65536, 'x')), {}, ""}},
      {"64-kib-and-one",
       {with_header("Content-Length: 65537\r\n", std::string(65537, 'x')), bad, "65536 bytes"}},
      {"65-kib-unannounced", {with_header("", std::string(66560, 'x')), bad, "65536 bytes"}},
      {"fetch-header-flood",
       {drips("HTTP/1.1 200 OK\r\n", "X-Much: of nothing\r\n", 0ms), bad, "header"}},
      {"fetch-http09", {says(policy()), bad, "HTTP/0.9"}},
      {"http10",
       {says("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nmode"),
        {},
        ""}},
      {"http10-without-length",
       {says("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nmode"), bad, "a cut"}},
      {"told-for-100-alone",
       {says("HTTP/1.1 100 Go\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\n"
             "Content-Type: text/plain\r\n\r\nmode"),
        bad, "a cut"}},
      {"http10-broken-off",
       {broken_off("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nmode"), bad, ""}},
      {"broken-off-in-the-body", {broken_off(chunked + "5\r\nmo"), bad, ""}},
      {"length-not-reached", {with_header("Content-Length: 100\r\n", "mode"), bad, ""}},
      {"broken-off-in-the-header", {broken_off("HTTP/1.1 200 OK\r\nConte"), bad, ""}},
      {"empty-answer", {says(""), bad, ""}},
      {"empty-body", {with_header("Content-Length: 0\r\n", ""), {}, ""}},
  };
}

void expect_as_said(const std::string& id, const Case& row) {
  World world(row.script, row.wish, row.of_server);
  const Answer answer = world.get();
  EXPECT_LE(world.server.connections(), 1) << id << ": no redirect, no second try";
  if (!row.fault) {
    EXPECT_TRUE(answer) << id << ": " << answer.error().error.text();
    return;
  }
  ASSERT_FALSE(answer) << id;
  const auto& [fault, status, error] = answer.error();
  EXPECT_EQ(fault, *row.fault) << id << ": " << name(fault) << ", " << error.text();
  EXPECT_THAT(error.rule, HasSubstr(row.rule)) << id;
  EXPECT_FALSE(error.rule.empty()) << id;
  EXPECT_EQ(error.input, World::request().url) << id;
  EXPECT_THAT(error.place, StartsWith("127.0.0.1:")) << id;
}

TEST(Transfer, TakesStatus200AndFollowsNothing) {
  for (const auto& [id, row] : statuses()) expect_as_said(id, row);
}

TEST(Transfer, ProvesTheHostByItsCertificate) {
  for (const auto& [id, row] : certificates()) expect_as_said(id, row);
}

TEST(Transfer, TakesNoContentThatIsBrokenLongOrEncoded) {
  for (const auto& [id, row] : contents()) expect_as_said(id, row);
}

// fetch-slow: the limit is for all, whatever trickles in.
TEST(Transfer, EndsAtTheLimitOfTime) {
  World world(drips("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", "x", 10ms));
  Request request = World::request();
  request.limit = 200ms;
  const auto begin = steady_now();
  const Answer answer = world.get(std::move(request));
  EXPECT_LT(steady_now() - begin, 5s);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, Fault::TimedOut);
}

// fetch-port: nobody answers where we ask.
TEST(Transfer, SaysThatNobodyAnswers) {
  World world(good());
  Request request = World::request();
  request.addresses = {*IpAddress::parse("127.0.0.77")};
  const Answer answer = world.get(std::move(request));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, Fault::Unreachable);
  EXPECT_THAT(answer.error().error.text(), HasSubstr("https://mta-sts.example.com/"));
}

// Each fetch case of the vectors is tried above, or where it belongs.
TEST(Transfer, IsTriedWithAllCasesOfTheVectors) {
  const std::map<std::string, std::string> elsewhere{
      {"fetch-ssrf-169", "Client.AsksNoAddressOfSpecialUse"},
      {"fetch-dns-cname-internal", "Client.AsksNoAddressOfSpecialUse"},
      {"fetch-rebind", "Client.LooksUpNoNameItself"},
      {"fetch-port", "Transfer.SaysThatNobodyAnswers"},
      {"fetch-slow", "Transfer.EndsAtTheLimitOfTime"},
      {"fetch-concurrent", "StsPolicies"},
      {"fetch-dos-many", "StsPolicies"},
      {"fetch-id-unchanged", "StsPolicies"},
      {"fetch-id-changed-fetch-fails", "StsPolicies"},
      {"fetch-txt-gone", "StsPolicies"},
      {"fetch-refresh", "StsPolicies"},
      {"fetch-idn", "StsPolicies"},
      {"fetch-subdomain", "StsPolicies"},
      {"fetch-smarthost", "StsPolicies"}};
  Cases all = statuses();
  all.merge(certificates());
  all.merge(contents());
  int tried = 0;
  for (const auto& row : test::vector_cases("mtasts.json")) {
    if (row.at("group") != "fetch") continue;
    const std::string id = row.at("id");
    EXPECT_TRUE(all.contains(id) != elsewhere.contains(id)) << id;
    ++tried;
  }
  EXPECT_EQ(tried, 40);
}

}  // namespace
}  // namespace outrider::fetch
