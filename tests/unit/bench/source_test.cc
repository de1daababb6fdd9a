// Source and sink together, over real sockets: what the one gave is what the other took.
// Covers: bench/sink.cc bench/giver.cc bench/taker.cc
#include "outrider/bench/source.h"

#include <gmock/gmock.h>

#include <thread>

#include "outrider/bench/sink.h"
#include "support/scripted_server.h"
#include "support/test_ca.h"

namespace outrider::bench {
namespace {

using testing::HasSubstr;

SinkOptions sink_options() {
  SinkOptions options;
  options.address = *net::ListenAddress::parse("127.0.0.1:0");
  options.smtp.hostname = "sink.test";
  options.threads = 2;
  return options;
}

SourceResult run(const SourceOptions& options) {
  auto result = run_source(options, [](const SourceResult&) {});
  EXPECT_TRUE(result) << result.error().text();
  return std::move(*result);
}

SourceResult load(const Sink& sink, SourceOptions options) {
  options.server = std::get<Endpoint>(sink.address().where);
  return run(options);
}

TEST(BenchLoad, WhatWasGivenWasTakenWholeAndOnce) {
  const auto sink = Sink::start(sink_options());
  ASSERT_TRUE(sink);
  SourceOptions options;
  options.count = 200;
  options.sessions = 7;
  options.sizes = {500, 60000};
  options.threads = 2;
  const SourceResult result = load(**sink, options);
  EXPECT_EQ(result.messages, 200U);
  EXPECT_EQ(result.recipients, 200U);
  EXPECT_EQ(result.refused + result.unanswered, 0U);
  EXPECT_EQ(result.connections, 7U);
  EXPECT_EQ(result.latencies.size(), 200U);
  EXPECT_LE(result.latencies.front(), result.latencies.back());
  EXPECT_GT(result.seconds, 0);
  EXPECT_EQ(result.bytes, (*sink)->counts().bytes) << "as it was sent, not as it was asked for";
  const SinkCounts counts = (*sink)->counts();
  EXPECT_EQ(counts.messages, 200U);
  EXPECT_EQ(counts.distinct, 200U);
  EXPECT_EQ(counts.damaged + counts.unlabelled, 0U);
  EXPECT_EQ(counts.connections, 7U);
}

TEST(BenchLoad, DotsAndChunksMakeNoDifference) {
  for (const bool chunking : {true, false}) {
    for (const bool pipelining : {true, false}) {
      const auto sink = Sink::start(sink_options());
      SourceOptions options;
      options.count = 3;
      options.sizes = {200000, 200000};
      options.chunking = chunking;
      options.pipelining = pipelining;
      load(**sink, options);
      EXPECT_EQ((*sink)->counts().distinct, 3U) << chunking << pipelining;
      EXPECT_EQ((*sink)->counts().damaged, 0U);
    }
  }
}

TEST(BenchLoad, RecipientsTurnThroughUsersAndDomains) {
  const auto sink = Sink::start(sink_options());
  SourceOptions options;
  options.count = 10;
  options.recipients = 5;
  options.domains = 3;
  options.users = 4;
  EXPECT_EQ(load(**sink, options).recipients, 50U);
  const SinkCounts counts = (*sink)->counts();
  EXPECT_EQ(counts.deliveries, 50U);
  EXPECT_EQ(counts.distinct, 50U) << "the recipients of a message are different ones";
}

TEST(BenchLoad, AShareOfTheUsersIsRefusedEachTimeTheSame) {
  SinkOptions taking = sink_options();
  taking.refuse = 0.3;
  SourceOptions options;
  options.count = 100;
  options.users = 100;
  std::uint64_t first = 0;
  for (int turn = 0; turn < 2; ++turn) {
    const auto sink = Sink::start(taking);
    const SourceResult result = load(**sink, options);
    EXPECT_NEAR(static_cast<double>(result.refused), 30, 15);
    EXPECT_EQ(result.messages + result.refused, 100U);
    EXPECT_THAT(result.first_error, HasSubstr("550 5.1.1"));
    EXPECT_EQ((*sink)->counts().refused, result.refused);
    if (turn > 0) EXPECT_EQ(result.refused, first);
    first = result.refused;
  }
}

TEST(BenchLoad, ConnectionsEndAfterSoManyMessages) {
  SinkOptions taking = sink_options();
  taking.smtp.limits.transactions = 4;
  const auto sink = Sink::start(taking);
  SourceOptions options;
  options.count = 40;
  options.sessions = 2;
  EXPECT_GE(load(**sink, options).connections, 10U) << "as the server says (RFC 9422)";
  options.per_connection = 1;
  EXPECT_EQ(load(**sink, options).connections, 40U);
}

TEST(BenchLoad, ThePaceIsKept) {
  const auto sink = Sink::start(sink_options());
  SourceOptions options;
  options.count = 31;
  options.rate = 100;
  EXPECT_GE(load(**sink, options).seconds, 0.3);
}

// Else a server that holds up the source holds up what would have told of it ("coordinated
// omission").
TEST(BenchLoad, WithARateLatencyCountsFromTheMomentItWasDue) {
  SinkOptions taking = sink_options();
  taking.delay = std::chrono::milliseconds(40);
  const auto sink = Sink::start(taking);
  SourceOptions options;
  options.count = 10;
  options.sessions = 1;
  options.rate = 1000;
  const SourceResult result = load(**sink, options);
  EXPECT_GE(result.latencies.front(), 40.0F);
  EXPECT_GE(result.latencies.back(), 380.0F) << "nine before it took 40 ms each";
  const test::ScriptedServer slow({.answer = [](std::string_view command) {
    if (command.starts_with("EHLO")) std::this_thread::sleep_for(std::chrono::milliseconds(40));
    return std::string();
  }});
  options.server = *Endpoint::parse("127.0.0.1:" + std::to_string(slow.port()));
  options.pattern = Pattern::Greet;
  EXPECT_GE(run(options).latencies.back(), 380.0F);
}

TEST(BenchLoad, TheSinkIsAsSlowAsItIsTold) {
  SinkOptions taking = sink_options();
  taking.delay = std::chrono::milliseconds(60);
  const auto sink = Sink::start(taking);
  SourceOptions options;
  options.count = 1;
  EXPECT_GE(load(**sink, options).latencies.front(), 60.0F);
}

TEST(BenchLoad, TlsIsBegunAndResumed) {
  test::TestCa ca;
  const auto files = ca.issue("localhost");
  for (const auto wish : {TlsWish::StartTls, TlsWish::Implicit}) {
    SinkOptions taking = sink_options();
    taking.key = tls::KeyPair{files.certificate, files.key};
    taking.implicit_tls = wish == TlsWish::Implicit;
    const auto sink = Sink::start(taking);
    ASSERT_TRUE(sink);
    SourceOptions options;
    options.tls = wish;
    options.count = 12;
    options.sessions = 1;
    options.pattern = Pattern::Greet;
    EXPECT_EQ(load(**sink, options).resumed, 0U);
    options.resume = true;
    EXPECT_EQ(load(**sink, options).resumed, 11U);
    const SinkCounts counts = (*sink)->counts();
    EXPECT_EQ(counts.secured, 24U);
    EXPECT_EQ(counts.resumed, 11U);
    EXPECT_EQ(counts.messages, 0U);
  }
}

TEST(BenchLoad, IdleConnectionsAreAllOpenAtOnce) {
  const auto sink = Sink::start(sink_options());
  SourceOptions options;
  options.server = std::get<Endpoint>((*sink)->address().where);
  options.pattern = Pattern::Idle;
  options.count = 50;
  options.hold = std::chrono::seconds(0);
  std::uint64_t open = 0;
  const auto result =
      run_source(options, [&](const SourceResult& so_far) { open = so_far.connections; });
  ASSERT_TRUE(result);
  EXPECT_EQ(open, 50U);
  EXPECT_EQ(result->connections, 50U);
}

TEST(BenchLoad, WhatGoesUnansweredIsCountedAndTold) {
  SourceOptions options;
  options.server = *Endpoint::parse("127.0.0.1:1");
  options.count = 3;
  SourceResult result = run(options);
  EXPECT_EQ(result.unanswered, 3U);
  EXPECT_THAT(result.first_error, HasSubstr("cannot connect"));
  const auto sink = Sink::start(sink_options());
  options.tls = TlsWish::StartTls;
  result = load(**sink, options);
  EXPECT_EQ(result.unanswered, 3U);
  EXPECT_THAT(result.first_error, HasSubstr("does not offer STARTTLS"));
  const test::ScriptedServer busy({.greeting = "554 5.3.2 no"});
  options.server = *Endpoint::parse("127.0.0.1:" + std::to_string(busy.port()));
  EXPECT_THAT(run(options).first_error, HasSubstr("554 5.3.2 no"));
}

TEST(BenchLoad, WhatCannotBeginIsAnError) {
  SourceOptions options;
  options.tls = TlsWish::StartTls;
  options.tls_options.ca_file = "/nowhere.pem";
  EXPECT_FALSE(run_source(options, [](const SourceResult&) {}));
  SinkOptions taking = sink_options();
  taking.key = tls::KeyPair{"/nowhere.pem", ""};
  EXPECT_FALSE(Sink::start(taking));
  const auto sink = Sink::start(sink_options());
  taking = sink_options();
  taking.address = (*sink)->address();
  EXPECT_FALSE(Sink::start(taking)) << "the port is taken";
}

}  // namespace
}  // namespace outrider::bench
