#include "outrider/receive/listing.h"

#include "outrider/receive/receiver.h"
#include "site.h"
#include "support/dns_world.h"

namespace outrider::receive {
namespace {

using Kind = test::DnsZone::Kind;
using trust::TlsDemand;

const std::vector<test::DnsZone>& zones() {
  static const std::vector<test::DnsZone> zones{
      {"world", Kind::Signed, ""},
      {"listed.world", Kind::Signed,
       "@ MX 10 far\n@ MX 20 near\nfar A 192.0.2.1\nnear A 127.0.0.1\n"},
      {"named.world", Kind::Signed, "@ MX 10 mx.example.org.\n"},
      {"bare.world", Kind::Signed, "@ A 127.0.0.1\n"},
      {"far.world", Kind::Signed, "@ MX 10 far\nfar A 192.0.2.1\n"},
      {"null.world", Kind::Signed, "@ MX 0 .\n@ A 127.0.0.1\n"},
      {"half.world", Kind::Signed, "@ MX 10 h.broken.world.\n@ MX 20 far.far.world.\n"},
      {"broken.world", Kind::Broken, ""}};
  return zones;
}

class ListingTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!test::DnsWorld::missing().empty()) return;
    world_ = std::make_unique<test::DnsWorld>(zones());
    dns::Options options;
    options.forwarders = {world_->forwarder()};
    options.trust_anchor_files = {world_->trust_anchor_file()};
    auto resolver = dns::Resolver::open(options);
    ASSERT_TRUE(resolver) << resolver.error().text();
    resolver_ = std::move(*resolver);
  }
  static void TearDownTestSuite() {
    resolver_.reset();
    world_.reset();
  }
  void SetUp() override {
    if (!world_) GTEST_SKIP() << test::DnsWorld::missing();
  }

  static Options options(TlsDemand demand, std::vector<std::string> domains) {
    LocalDomainsOptions local;
    local.hostname = "mx.example.org";
    for (std::string& name : domains) {
      DomainOptions domain;
      domain.name = std::move(name);
      domain.users = {"anna"};
      local.domains.push_back(domain);
    }
    Options options = mx_options();
    options.domains = *LocalDomains::load(local);
    options.listeners[0].require_tls = demand;
    options.listing.own_names = {"mx.example.org"};
    options.listing.patience = std::chrono::seconds(10);
    return options;
  }

  static std::string rcpt(Site& site, const std::string& recipient) {
    Peer peer(site.port);
    peer.reply();
    peer.command("EHLO c.example");
    peer.command("MAIL FROM:<s@example.net>");
    return peer.command("RCPT TO:<" + recipient + ">");
  }

  static inline std::unique_ptr<test::DnsWorld> world_;
  static inline std::unique_ptr<dns::Resolver> resolver_;
};

// RCPT in clear text, for every row of the chart, against a real name server.
TEST_F(ListingTest, L2_L3_TheChart) {
  const std::string needs_tls = "530 5.7.0 Must issue a STARTTLS command first";
  const std::string not_ours = "550 5.7.1 this server is no mail exchanger for that domain";
  const std::string wrongly =
      "550 5.7.1 the DNS lists this host as exchanger for that domain, wrongly";
  const std::string denied = "550 5.7.1 relaying is not permitted";
  const std::string taken = "250 2.1.5 recipient ok";
  const struct {
    bool configured;
    std::string domain, by_default, with_demand;
  } rows[] = {
      {false, "far.world", not_ours, needs_tls},  {false, "null.world", not_ours, needs_tls},
      {false, "gone.world", not_ours, needs_tls}, {false, "listed.world", wrongly, wrongly},
      {false, "bare.world", wrongly, wrongly},    {false, "named.world", wrongly, wrongly},
      {false, "broken.world", denied, needs_tls}, {true, "listed.world", taken, taken},
      {true, "bare.world", taken, taken},         {true, "named.world", taken, taken},
      {true, "far.world", taken, needs_tls},      {true, "null.world", taken, needs_tls},
      {true, "broken.world", taken, taken},       {true, "half.world", taken, taken},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.domain + (row.configured ? ", ours" : ", not ours"));
    const std::vector<std::string> domains{row.configured ? row.domain : "example.org"};
    Site plain(options(TlsDemand::Never, domains), 1, resolver_.get());
    EXPECT_EQ(rcpt(plain, "anna@" + row.domain), row.by_default);
    Site strict(options(TlsDemand::Unlisted, domains), 1, resolver_.get());
    EXPECT_EQ(rcpt(strict, "anna@" + row.domain), row.with_demand);
  }
}

// RFC 3207 §4: an unknown user of a listed domain is answered as such, TLS or not.
TEST_F(ListingTest, L1_TheRecipientAloneDecidesForAListedDomain) {
  Site site(options(TlsDemand::Unlisted, {"listed.world"}), 1, resolver_.get());
  EXPECT_EQ(rcpt(site, "nobody@listed.world"), "550 5.1.1 no such user here");
}

TEST_F(ListingTest, L3_TheReplyWaitsNoLongerThanItsBound) {
  // A resolver without a server behind it never answers within the bound.
  dns::Options nowhere;
  nowhere.forwarders = {"127.0.0.1@9"};
  auto resolver = dns::Resolver::open(nowhere);
  ASSERT_TRUE(resolver);
  Options limited = options(TlsDemand::Never, {"example.org"});
  limited.listing.patience = std::chrono::milliseconds(50);
  Site site(limited, 1, resolver->get());
  const auto begun = steady_now();
  EXPECT_EQ(rcpt(site, "anna@listed.world"), "550 5.7.1 relaying is not permitted");
  EXPECT_LT(steady_now() - begun, std::chrono::seconds(5));
  (*resolver)->close();
}

TEST_F(ListingTest, L3_AnAnswerIsKept) {
  Site site(options(TlsDemand::Never, {"example.org"}), 1, resolver_.get());
  const std::string first = rcpt(site, "anna@far.world");
  // Not the least bound would let a new question through.
  Options impatient = options(TlsDemand::Never, {"example.org"});
  impatient.listing.patience = std::chrono::milliseconds(1);
  ASSERT_TRUE(site.receiver().reload(impatient));
  EXPECT_EQ(rcpt(site, "anna@far.world"), first);
}

}  // namespace
}  // namespace outrider::receive
