#include "outrider/dns/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <fstream>
#include <thread>

#include "support/dns_world.h"
#include "support/loops.h"
#include "support/scripted_dns.h"

namespace outrider::dns {
namespace {

namespace asio = boost::asio;
using Kind = test::DnsZone::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::vector<test::DnsZone>& zones() {
  static const std::vector<test::DnsZone> zones{
      {"world", Kind::Signed,
       "@ MX 10 mx.mail.world.\n"
       "txt TXT \"only text\"\n"},
      {"mail.world", Kind::Signed,
       "@ MX 20 MX2.Mail.World.\n@ MX 10 mx.mail.world.\n"
       "mx A 192.0.2.1\nmx A 192.0.2.2\nmx AAAA 2001:db8::1\nmx2 A 192.0.2.3\n"
       "alias CNAME other\nother CNAME mx\n"
       "away CNAME host.plain.world.\n"
       "none MX 0 .\n"
       "dangling CNAME nobody.mail.world.\n"
       "odd MX 10 a\\032b.mail.world.\n"
       "mapped AAAA ::ffff:192.0.2.9\n"},
      {"plain.world", Kind::Plain, "@ MX 10 host.plain.world.\nhost A 192.0.2.10\n"},
      {"tampered.world", Kind::Tampered, "@ A 192.0.2.66\n@ MX 10 tampered.world.\n"},
      {"expired.world", Kind::Expired, "@ A 192.0.2.20\n"},
      {"broken.world", Kind::Broken, ""},
      {"2.0.192.in-addr.arpa", Kind::Plain,
       "1 PTR MX.mail.world.\n2 PTR a.world.\n2 PTR b.world.\n"},
      {"8.b.d.0.1.0.0.2.ip6.arpa", Kind::Plain,
       "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR mx.mail.world.\n"}};
  return zones;
}

class ResolverTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (test::DnsWorld::missing().empty()) world_ = std::make_unique<test::DnsWorld>(zones());
  }
  static void TearDownTestSuite() { world_.reset(); }

  void SetUp() override {
    if (!world_) GTEST_SKIP() << test::DnsWorld::missing();
    auto resolver = Resolver::open(options());
    ASSERT_TRUE(resolver) << resolver.error().text();
    resolver_ = std::move(*resolver);
  }

  static Options options() {
    Options options;
    options.forwarders = {world_->forwarder()};
    options.trust_anchor_files = {world_->trust_anchor_file()};
    options.timeout = std::chrono::seconds(5);
    return options;
  }

  template <class T>
  T run(awaitable<T> question) {
    return loops_.run(std::move(question));
  }
  MxAnswer mx(const std::string& name) { return run(resolver_->mx(name)); }
  AddressAnswer ipv4(const std::string& name) { return run(resolver_->ipv4(name)); }
  AddressAnswer ipv6(const std::string& name) { return run(resolver_->ipv6(name)); }
  TextAnswer pointer(const std::string& text) {
    return run(resolver_->pointer(*IpAddress::parse(text)));
  }

  static std::unique_ptr<test::DnsWorld> world_;
  test::Loops loops_;
  std::unique_ptr<Resolver> resolver_;
};
std::unique_ptr<test::DnsWorld> ResolverTest::world_;

std::vector<std::string> texts(const AddressAnswer& answer) {
  std::vector<std::string> texts;
  for (const auto& address : answer.addresses) texts.push_back(address.text());
  return texts;
}

TEST_F(ResolverTest, ValidatesASignedAnswer) {
  const auto answer = mx("mail.world");
  EXPECT_EQ(answer.status, Status::Found) << answer.why;
  EXPECT_TRUE(answer.secure);
  EXPECT_EQ(answer.canonical, "mail.world");
  EXPECT_THAT(answer.hosts,
              UnorderedElementsAre(Mx{20, "mx2.mail.world"}, Mx{10, "mx.mail.world"}));
  EXPECT_GT(answer.ttl.count(), 0);
  EXPECT_LE(answer.ttl.count(), 60);
}

TEST_F(ResolverTest, GivesAddressesOfBothFamilies) {
  EXPECT_THAT(texts(ipv4("mx.mail.world")), UnorderedElementsAre("192.0.2.1", "192.0.2.2"));
  EXPECT_THAT(texts(ipv6("mx.mail.world")), ElementsAre("2001:db8::1"));
  EXPECT_THAT(texts(ipv6("mapped.mail.world")), ElementsAre("192.0.2.9"));
}

TEST_F(ResolverTest, DoesNotCareForCaseAndFinalDot) {
  const auto answer = ipv4("MX2.mail.World.");
  EXPECT_EQ(answer.canonical, "mx2.mail.world");
  EXPECT_THAT(texts(answer), ElementsAre("192.0.2.3"));
}

TEST_F(ResolverTest, FollowsAliasesToTheCanonicalName) {
  const auto answer = ipv6("alias.mail.world");
  EXPECT_EQ(answer.canonical, "mx.mail.world");
  EXPECT_TRUE(answer.secure);
  EXPECT_THAT(texts(answer), ElementsAre("2001:db8::1"));
}

TEST_F(ResolverTest, IsNotSecureWhereAnAliasLeadsOutOfSignedZones) {
  const auto answer = ipv4("away.mail.world");
  EXPECT_TRUE(answer.found());
  EXPECT_FALSE(answer.secure);
  EXPECT_EQ(answer.canonical, "host.plain.world");
}

TEST_F(ResolverTest, TellsAnInsecureDelegation) {
  const auto answer = mx("plain.world");
  EXPECT_TRUE(answer.found());
  EXPECT_FALSE(answer.secure);
  EXPECT_THAT(answer.hosts, ElementsAre(Mx{10, "host.plain.world"}));
}

TEST_F(ResolverTest, ProvesThatANameDoesNotExist) {
  const auto answer = mx("nobody.mail.world");
  EXPECT_EQ(answer.status, Status::NoName);
  EXPECT_TRUE(answer.secure);
  EXPECT_EQ(ipv4("nobody.plain.world").status, Status::NoName);
  EXPECT_FALSE(ipv4("nobody.plain.world").secure);
  EXPECT_EQ(ipv4("dangling.mail.world").status, Status::NoName);
}

TEST_F(ResolverTest, ProvesThatANameHasNoSuchRecord) {
  const auto answer = mx("mx.mail.world");
  EXPECT_EQ(answer.status, Status::NoData);
  EXPECT_TRUE(answer.secure);
  EXPECT_THAT(answer.hosts, IsEmpty());
}

TEST_F(ResolverTest, GivesNothingOfForgedData) {
  for (const auto* name : {"tampered.world", "expired.world"}) {
    const auto answer = ipv4(name);
    EXPECT_EQ(answer.status, Status::Bogus) << name;
    EXPECT_FALSE(answer.secure) << name;
    EXPECT_THAT(answer.addresses, IsEmpty()) << name;
    EXPECT_THAT(answer.why, HasSubstr(name));
  }
}

TEST_F(ResolverTest, TellsFailureFromAbsence) {
  EXPECT_EQ(mx("broken.world").status, Status::Failed);
  EXPECT_THAT(mx("broken.world").why, HasSubstr("SERVFAIL"));
  EXPECT_TRUE(mx("elsewhere.example").temporary());
}

TEST_F(ResolverTest, KnowsTheNullMx) {
  EXPECT_THAT(mx("none.mail.world").hosts, ElementsAre(Mx{0, ""}));
}

TEST_F(ResolverTest, LeavesOutHostsThatNoHostIsNamed) {
  const auto answer = mx("odd.mail.world");
  EXPECT_EQ(answer.status, Status::Failed);
  EXPECT_THAT(answer.hosts, IsEmpty());
}

TEST_F(ResolverTest, AsksNobodyForANameThatIsNone) {
  for (const auto* name : {"", "a..b", "a b", "\xC3\xA9.world"}) {
    EXPECT_EQ(mx(name).status, Status::NoName) << name;
  }
}

TEST_F(ResolverTest, FindsNamesOfAddresses) {
  EXPECT_THAT(pointer("192.0.2.1").texts, ElementsAre("mx.mail.world"));
  EXPECT_THAT(pointer("192.0.2.2").texts, UnorderedElementsAre("a.world", "b.world"));
  EXPECT_THAT(pointer("2001:db8::1").texts, ElementsAre("mx.mail.world"));
  EXPECT_EQ(pointer("192.0.2.3").status, Status::NoName);
}

TEST_F(ResolverTest, AnswersOnTheThreadThatAsked) {
  const auto ask = [&]() -> awaitable<bool> {
    const auto before = ::pthread_self();
    const auto answer = co_await resolver_->ipv4("mx.mail.world");
    co_return answer.found() && before == ::pthread_self();
  };
  EXPECT_TRUE(run(ask()));
}

TEST_F(ResolverTest, ServesManyThreadsAtOnce) {
  std::vector<std::jthread> threads;
  std::atomic<int> found = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) found += ipv4("mx.mail.world").found() ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(found, 200);
}

TEST_F(ResolverTest, DestroyedLeavesNoQuestionWithoutAnswer) {
  auto& context = loops_.add();
  auto answer = asio::co_spawn(context, resolver_->mx("mail.world"), asio::use_future);
  asio::post(context, [&] { resolver_.reset(); });
  context.run();
  // Answered in time, or failed: but the coroutine went on.
  EXPECT_TRUE(answer.get().found() || !resolver_);
}

TEST_F(ResolverTest, EndsAQuestionThatIsCancelled) {
  auto slow = options();
  slow.timeout = std::chrono::seconds(60);
  slow.unbound_options = {"stub-zone:", "name: \"slow.example\"", "stub-addr: 192.0.2.200"};
  asio::io_context context;
  auto resolver = Resolver::open(slow);
  ASSERT_TRUE(resolver) << resolver.error().text();
  asio::cancellation_signal signal;
  bool ended = false;
  asio::co_spawn(context, (*resolver)->ipv4("slow.example"),
                 asio::bind_cancellation_slot(signal.slot(), [&](auto, auto) { ended = true; }));
  const auto begin = std::chrono::steady_clock::now();
  asio::post(context, [&] { signal.emit(asio::cancellation_type::terminal); });
  context.run();
  EXPECT_TRUE(ended);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(ResolverTest, AnswersFromAHostsFileWithoutAsking) {
  const std::string path = testing::TempDir() + "outrider-hosts";
  {
    std::ofstream file(path);
    file << "192.0.2.77 relay.local\n";
  }
  auto with_hosts = options();
  with_hosts.hosts_file = path;
  auto resolver = Resolver::open(with_hosts);
  ASSERT_TRUE(resolver) << resolver.error().text();
  EXPECT_THAT(texts(run((*resolver)->ipv4("relay.local"))), ElementsAre("192.0.2.77"));
}

TEST(Resolver, KeepsAHundredTexts) {
  const test::ScriptedDns server([](const test::ScriptedDns::Asked& asked) {
    test::DnsReply reply(asked.bytes, asked.by_stream ? 0 : test::DnsReply::truncated);
    constexpr unsigned text_type = 16;
    for (int i = 0; asked.by_stream && i < 200; ++i) {
      reply.answer("\xC0\x0C", text_type, "\xC8" + std::string(200, 'a'));
    }
    return reply.opt().bytes();
  });
  Options options;
  options.validation = Validation::Resolver;
  options.forwarders = {server.address()};
  test::Loops loops;
  auto resolver = Resolver::open(options);
  ASSERT_TRUE(resolver) << resolver.error().text();
  const auto answer = loops.run((*resolver)->text("many.example"));
  EXPECT_EQ(answer.texts.size(), 100U) << answer.why;
  EXPECT_EQ(answer.texts.back(), std::string(200, 'a'));
}

/// Has none of the answers that trust asks for.
class Plain final : public Resolver {
 public:
  awaitable<MxAnswer> mx(std::string) override { co_return MxAnswer{}; }
  awaitable<AddressAnswer> ipv4(std::string) override { co_return AddressAnswer{}; }
  awaitable<AddressAnswer> ipv6(std::string) override { co_return AddressAnswer{}; }
  awaitable<TextAnswer> pointer(IpAddress) override { co_return TextAnswer{}; }
  void close() override {}
};

// An answer that there is none would be an absence, and proof of it.
TEST(Resolver, ThatDoesNotAnswerAQuestionFailsIt) {
  test::Loops loops;
  Plain plain;
  for (const Answer& answer : {Answer(loops.run(plain.tlsa("a"))),
                               Answer(loops.run(plain.text("a"))), loops.run(plain.alias("a"))}) {
    EXPECT_EQ(answer.status, Status::Failed);
    EXPECT_FALSE(answer.why.empty());
  }
}

}  // namespace
}  // namespace outrider::dns
