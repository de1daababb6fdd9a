#include "outrider/dns/forwarder_inquiry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include "outrider/dns/wire.h"
#include "support/scripted_dns.h"

namespace outrider::dns {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using test::DnsReply;
using test::ScriptedDns;
using Asked = ScriptedDns::Asked;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr auto question_name = "\xC0\x0C"sv;
constexpr auto address = "\xC0\0\2\1"sv;
constexpr unsigned serv_fail = 2;

DnsReply found(const Asked& asked, unsigned flags = DnsReply::authentic) {
  return DnsReply(asked.bytes, flags).answer(question_name, 1, address);
}
std::optional<std::string> silence(const Asked&) { return std::nullopt; }
std::optional<std::string> fails(const Asked& asked) {
  return DnsReply(asked.bytes, 0, serv_fail).opt().bytes();
}
std::optional<std::string> finds(const Asked& asked) { return found(asked).opt().bytes(); }

RawAnswer inquire(const std::vector<Endpoint>& forwarders, Duration patience = 3s,
                  RecordType type = RecordType::A) {
  asio::io_context loop;
  const auto inquiry = std::make_shared<ForwarderInquiry>(loop, forwarders, "mx.example", type,
                                                          steady_now() + patience);
  auto answer = asio::co_spawn(loop, inquiry->run(), asio::use_future);
  loop.run();
  return answer.get();
}
RawAnswer inquire(const ScriptedDns& server, Duration patience = 3s) {
  return inquire({server.endpoint()}, patience);
}

TEST(ForwarderInquiry, BelievesAForwarderThatKnowsDnssec) {
  const ScriptedDns server(&finds);
  const auto answer = inquire(server);
  EXPECT_EQ(answer.status, Status::Found) << answer.why;
  EXPECT_TRUE(answer.secure);
  EXPECT_EQ(answer.canonical, "mx.example");
  EXPECT_EQ(answer.ttl, 60s);
  EXPECT_THAT(answer.data, ElementsAre(address));
  EXPECT_EQ(server.asked(), 1);
}

TEST(ForwarderInquiry, DoesNotBelieveABitThatMayBeAnEcho) {
  const ScriptedDns server([](const Asked& asked) { return found(asked).bytes(); });
  const auto answer = inquire(server);
  EXPECT_TRUE(answer.found());
  EXPECT_FALSE(answer.secure);
}

TEST(ForwarderInquiry, AsksWithoutEdnsWhereThatIsNotKnownAndTrustsNothing) {
  const ScriptedDns server([](const Asked& asked) -> std::optional<std::string> {
    if (asked.edns) return DnsReply(asked.bytes, 0, 1).bytes();
    return found(asked).bytes();
  });
  const auto answer = inquire(server);
  EXPECT_TRUE(answer.found());
  EXPECT_FALSE(answer.secure);
  EXPECT_EQ(server.asked(), 2);
}

TEST(ForwarderInquiry, AsksByStreamWhereADatagramIsTooSmall) {
  const ScriptedDns server([](const Asked& asked) -> std::optional<std::string> {
    if (!asked.by_stream) return DnsReply(asked.bytes, DnsReply::truncated).bytes();
    DnsReply reply(asked.bytes, DnsReply::authentic);
    for (int i = 0; i < 500; ++i) reply.answer(question_name, 1, address);
    return reply.opt().bytes();
  });
  const auto answer = inquire(server);
  EXPECT_TRUE(answer.secure);
  EXPECT_THAT(answer.data, SizeIs(500));
}

TEST(ForwarderInquiry, TakesNothingOfAStreamThatIsCut) {
  const ScriptedDns server([](const Asked& asked) -> std::optional<std::string> {
    if (asked.by_stream) return std::nullopt;
    return DnsReply(asked.bytes, DnsReply::truncated).bytes();
  });
  const auto answer = inquire(server);
  EXPECT_EQ(answer.status, Status::Failed);
  EXPECT_THAT(answer.why, HasSubstr("no answer from " + server.endpoint().text()));
}

TEST(ForwarderInquiry, WaitsOnWhenAnotherQuestionIsAnswered) {
  const ScriptedDns server([](const Asked& asked) {
    static thread_local int count = 0;
    auto bytes = found(asked).opt().bytes();
    if (++count == 1) bytes[0] = static_cast<char>(bytes[0] + 1);  // a guess at the id
    return bytes;
  });
  const auto answer = inquire(server, 700ms);
  EXPECT_TRUE(answer.secure);
  EXPECT_EQ(server.asked(), 2);
}

TEST(ForwarderInquiry, FailsWhereNobodyAnswersInTime) {
  const ScriptedDns server(&silence);
  const auto begin = steady_now();
  const auto answer = inquire(server, 70ms);
  EXPECT_EQ(answer.status, Status::Failed);
  EXPECT_THAT(answer.why, HasSubstr("no answer from"));
  EXPECT_GE(steady_now() - begin, 60ms);
  EXPECT_LT(steady_now() - begin, 2s);
  EXPECT_EQ(server.asked(), 3);
}

TEST(ForwarderInquiry, FailsAtOnceWhereNobodyListens) {
  std::optional<ScriptedDns> server(&silence);
  const auto nobody = server->endpoint();
  server.reset();
  const auto begin = steady_now();
  EXPECT_EQ(inquire({nobody}, 20s).status, Status::Failed);
  EXPECT_LT(steady_now() - begin, 5s);
}

TEST(ForwarderInquiry, GoesToTheNextWhereOneIsSilentOrFails) {
  const ScriptedDns silent(&silence);
  const ScriptedDns failing(&fails);
  const ScriptedDns good(&finds);
  EXPECT_TRUE(inquire({silent.endpoint(), good.endpoint()}, 700ms).secure);
  EXPECT_TRUE(inquire({failing.endpoint(), good.endpoint()}).secure);
  EXPECT_EQ(failing.asked(), 2);  // with checking, and without
}

TEST(ForwarderInquiry, SaysWhatTheLastForwarderAnswered) {
  const ScriptedDns failing(&fails);
  const ScriptedDns refusing(
      [](const Asked& asked) { return DnsReply(asked.bytes, 0, 5).opt().bytes(); });
  EXPECT_EQ(inquire(failing).status, Status::Failed);
  EXPECT_THAT(inquire(failing).why, HasSubstr("answers SERVFAIL"));
  EXPECT_THAT(inquire({failing.endpoint(), refusing.endpoint()}).why, HasSubstr("REFUSED"));
}

TEST(ForwarderInquiry, TakesAReferralForNoAnswer) {
  const ScriptedDns server([](const Asked& asked) {
    return DnsReply(asked.bytes).authority(question_name, 2, wire_name("ns.example")).opt().bytes();
  });
  const ScriptedDns resolver(&finds);
  const auto answer = inquire(server);
  EXPECT_EQ(answer.status, Status::Failed);
  EXPECT_THAT(answer.why, HasSubstr("no resolver"));
  EXPECT_TRUE(inquire({server.endpoint(), resolver.endpoint()}).found());
}

TEST(ForwarderInquiry, GivesNoDataOfANameThatDoesNotExist) {
  const ScriptedDns server([](const Asked& asked) {
    return DnsReply(asked.bytes, 0, 3).answer(question_name, 1, address).opt().bytes();
  });
  const auto answer = inquire(server);
  EXPECT_EQ(answer.status, Status::NoName);
  EXPECT_THAT(answer.data, SizeIs(0));
}

// RFC 4035 §5.5 and §3.2.2. A forwarder behind it, that may check nothing, is not asked.
TEST(ForwarderInquiry, TellsForgedDataFromAFailure) {
  const ScriptedDns validating([](const Asked& asked) {
    return asked.checking_disabled ? found(asked, 0).opt().bytes() : *fails(asked);
  });
  const ScriptedDns lax(&finds);
  const auto answer = inquire({validating.endpoint(), lax.endpoint()});
  EXPECT_EQ(answer.status, Status::Bogus);
  EXPECT_THAT(answer.why, HasSubstr("signatures do not hold"));
  EXPECT_THAT(answer.data, SizeIs(0));
  EXPECT_EQ(lax.asked(), 0);
}

// RFC 7672 §2.1.3: an insecure alias makes all behind it insecure.
TEST(ForwarderInquiry, AsksOnWhereAForwarderGivesTheAliasAlone) {
  const auto target = wire_name("there.example");
  for (const bool secure_alias : {true, false}) {
    const ScriptedDns server([&](const Asked& asked) {
      if (asked.bytes.contains("there")) return found(asked).opt().bytes();
      return DnsReply(asked.bytes, secure_alias ? DnsReply::authentic : 0)
          .answer(question_name, 5, target, 20)
          .opt()
          .bytes();
    });
    const auto answer = inquire(server);
    EXPECT_TRUE(answer.found());
    EXPECT_EQ(answer.secure, secure_alias);
    EXPECT_EQ(answer.canonical, "there.example");
    EXPECT_EQ(answer.ttl, 20s);
  }
}

TEST(ForwarderInquiry, FollowsNoAliasForEver) {
  const ScriptedDns server([](const Asked& asked) {
    static thread_local int count = 0;
    const auto next = wire_name("n" + std::to_string(++count) + ".example");
    return DnsReply(asked.bytes).answer(question_name, 5, next).opt().bytes();
  });
  const auto answer = inquire(server);
  EXPECT_EQ(answer.status, Status::Failed);
  EXPECT_LT(server.asked(), 20);
}

TEST(ForwarderInquiry, EndsSoonWhenItIsStopped) {
  const ScriptedDns server(&silence);
  asio::io_context loop;
  const std::vector<Endpoint> forwarders{server.endpoint()};
  const auto inquiry = std::make_shared<ForwarderInquiry>(loop, forwarders, "mx.example",
                                                          RecordType::A, steady_now() + 60s);
  auto answer = asio::co_spawn(loop, inquiry->run(), asio::use_future);
  asio::post(loop, [&] { inquiry->stop(); });
  const auto begin = steady_now();
  loop.run();
  EXPECT_EQ(answer.get().status, Status::Failed);
  EXPECT_LT(steady_now() - begin, 5s);
}

}  // namespace
}  // namespace outrider::dns
